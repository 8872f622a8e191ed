"""The assembled simulator: site, registry, the coupled column, simulation and output."""
