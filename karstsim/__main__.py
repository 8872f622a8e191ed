"""``python -m karstsim`` is the command ``karstsim``."""

from karstsim.cli.app import main

main()
