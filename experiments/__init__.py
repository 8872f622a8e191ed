"""Experiments: each tests claims with one default table of parameters; ``python -m experiments`` prints the scoreboard.

A folder has a `run.py` with `find()`, `verdicts(found)` and `draw(found, path)`, and a page with claim, result, verdict
and figure. What it asks stands in the `config.toml` of its folder; the site that most share, in the one here.
"""
