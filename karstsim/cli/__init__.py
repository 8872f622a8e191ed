"""The command line: one file for the commands of each kind of work, `app.py` puts them together."""
