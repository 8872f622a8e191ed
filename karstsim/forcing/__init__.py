"""Weather from CMIP files, station tables or a generator, as one checked Dataset and as records for the model."""
