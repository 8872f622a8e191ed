"""The labelled face of the chemistry: arrays, pandas, xarray and files of waters in, labelled results out."""

from karstsim.chemistry.api.carbon_sources import carbon_sources
from karstsim.chemistry.api.equilibria import equilibrate, mix
from karstsim.chemistry.api.kinetics import dissolve
from karstsim.chemistry.api.table_file import speciate_csv
from karstsim.chemistry.api.waters import speciate

__all__ = ["carbon_sources", "dissolve", "equilibrate", "mix", "speciate", "speciate_csv"]
