"""Claims about karst carbon, each put to the model: run with ``python -m experiments.NAME.run``."""
