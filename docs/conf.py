"""How Sphinx makes a site of these pages: ``make docs`` builds it into build/docs, and a warning is an error."""

import lifeos_db

project = "lifeos-db"
author = "The lifeos-db developers"
version = release = lifeos_db.__version__

extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["cli-promises.md"]  # the end of cli.md
nitpicky = True

html_theme = "furo"
html_title = f"lifeos-db {version}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
