"""Water and carbon from a climate forcing file down through a karst catchment to its spring and stream.

The public names are loaded when they are first used, so that importing the package stays quick.
"""

from __future__ import annotations

import importlib
from typing import Any

from karstsim.core.loading import loading

__version__ = "0.1.0"

_PUBLIC = {
    "calibrate": ("karstsim.calibration", "calibrate"),
    "carbon_sources": ("karstsim.chemistry.api", "carbon_sources"),
    "speciate": ("karstsim.chemistry.api", "speciate"),
    "equilibrate": ("karstsim.chemistry.api", "equilibrate"),
    "mix": ("karstsim.chemistry.api", "mix"),
    "dissolve": ("karstsim.chemistry.api", "dissolve"),
    "estimate": ("karstsim.analysis.estimators", "estimate"),
    "isotope_ratios": ("karstsim.analysis.isotope_ratios", "isotope_ratios"),
    "open_forcing": ("karstsim.forcing", "open_forcing"),
    "run_ensemble": ("karstsim.ensemble", "run_ensemble"),
    "attribute_trend": ("karstsim.sensitivity_analysis.attribution", "attribute_trend"),
    "decompose_variance": ("karstsim.sensitivity_analysis.decomposition", "decompose_variance"),
    "sensitivity": ("karstsim.sensitivity_analysis", "sensitivity"),
    "open_ensemble": ("karstsim.ensemble.store", "open_ensemble"),
    "kept_open": ("karstsim.ensemble.store", "kept_open"),
    "with_air_isotopes": ("karstsim.forcing.air_isotopes", "with_air_isotopes"),
    "find_members": ("karstsim.forcing.members", "find_members"),
    "read_spring_table": ("karstsim.analysis", "read_spring_table"),
    "read_rothc_input": ("karstsim.analysis.rothc", "read_rothc_input"),
    "rothc_monthly": ("karstsim.analysis.rothc", "rothc_monthly"),
    "quality_report": ("karstsim.analysis", "quality_report"),
    "fit_weather": ("karstsim.forcing.weather", "fit_weather"),
    "adjust_bias": ("karstsim.forcing.bias", "adjust_bias"),
    "plot": ("karstsim.plot", ""),  # the module itself
    "write_report": ("karstsim.report.build", "report"),
    "compare": ("karstsim.analysis.pair", "compare"),
    "interventions": ("karstsim.model.interventions", "makers"),
    "Site": ("karstsim.model.site", "Site"),
    "simulate": ("karstsim.model.simulate", "simulate"),
    "parameters": ("karstsim.model.parameters", "parameters_table"),
    "variables": ("karstsim.model.output", "variables_table"),
}
__all__ = [
    "Site",
    "__version__",
    "adjust_bias",
    "calibrate",
    "carbon_sources",
    "compare",
    "attribute_trend",
    "decompose_variance",
    "dissolve",
    "equilibrate",
    "estimate",
    "find_members",
    "fit_weather",
    "interventions",
    "isotope_ratios",
    "kept_open",
    "mix",
    "open_ensemble",
    "open_forcing",
    "parameters",
    "plot",
    "quality_report",
    "read_rothc_input",
    "read_spring_table",
    "rothc_monthly",
    "run_ensemble",
    "sensitivity",
    "simulate",
    "speciate",
    "variables",
    "with_air_isotopes",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'karstsim' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    with loading():
        home = importlib.import_module(module)
        value = getattr(home, attribute) if attribute else home
        importlib.import_module("karstsim.accessor")  # ds.karst
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
