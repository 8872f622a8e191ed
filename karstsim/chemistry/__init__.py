"""Carbonate chemistry: equilibrium constants, speciation, equilibria, calcite kinetics, gas exchange, public API."""
