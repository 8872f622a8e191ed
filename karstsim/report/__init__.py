"""Figures of a run or an ensemble, and one offline HTML page about it."""
