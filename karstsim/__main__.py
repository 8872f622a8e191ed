"""``python -m karstsim`` is the command ``karstsim``."""

from karstsim.cli import main

main()
