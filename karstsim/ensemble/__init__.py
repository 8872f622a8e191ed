"""Ensembles: who runs what, and running it."""
