"""Figures of a calibration."""
from pathlib import Path
import xarray as xr
def draw_all(posterior: xr.Dataset, folder: Path) -> list[Path]:
    return []
