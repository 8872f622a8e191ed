"""Sphinx settings: MyST pages, notebooks that are executed, and reference pages generated from the declarations."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ.pop("MPLBACKEND", None)  # Agg, as many builds set it, would leave the notebooks without figures

import generate  # noqa: E402  (it lies beside this file)
import printed  # noqa: E402

import karstsim  # noqa: E402

project = "karstsim"
author = "karstsim developers"
copyright = "karstsim developers, MIT licence"
version = release = karstsim.__version__

extensions = ["myst_nb", "sphinxcontrib.bibtex"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "unsrt"
exclude_patterns = ["_build"]
nb_execution_mode = "force"
nb_execution_timeout = 180
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_execution_in_temp = True  # files that notebooks write stay out of the sources

html_theme = "pydata_sphinx_theme"
html_title = "karstsim"
html_show_sourcelink = False
html_use_index = False  # nothing is indexed: the page would be empty
html_static_path = ["_static"]
html_css_files = ["karstsim.css"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
}


def _inside(app, docname, source):
    """Links out of this folder, right for who reads the files in a checkout, become links between pages."""
    source[0] = printed.printed(generate.links_inside(source[0]))


def _included(app, path, docname, content):
    """Pages that stand beside this folder, such as the changelog, are printed as all others."""
    if path.suffix == ".md":
        content[0] = printed.printed(content[0])


def setup(app):
    generate.write_all(HERE / "generated")
    app.connect("source-read", _inside)
    app.connect("include-read", _included)
