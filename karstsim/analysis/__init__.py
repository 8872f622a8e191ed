"""What one asks of observations of a spring and of simulated ones."""

from karstsim.analysis.correlation import autocorrelation, cross_correlation, spectrum
from karstsim.analysis.hydrograph import (
    CLASSES,
    INDEX_MEANINGS,
    INDEX_UNITS,
    Indices,
    base_flow,
    flow_duration,
    karst_class,
    karst_indices,
)
from karstsim.analysis.observations import read_spring_table
from karstsim.analysis.quality import quality_report
from karstsim.analysis.recession import (
    Coutagne,
    Maillet,
    Mangin,
    MasterRecession,
    Recession,
    fit_coutagne,
    fit_maillet,
    fit_mangin,
    master_recession,
    recessions,
)

__all__ = [
    "CLASSES",
    "INDEX_MEANINGS",
    "INDEX_UNITS",
    "Coutagne",
    "Indices",
    "Maillet",
    "Mangin",
    "MasterRecession",
    "Recession",
    "autocorrelation",
    "base_flow",
    "cross_correlation",
    "fit_coutagne",
    "fit_maillet",
    "fit_mangin",
    "flow_duration",
    "karst_class",
    "karst_indices",
    "master_recession",
    "quality_report",
    "read_spring_table",
    "recessions",
    "spectrum",
]
