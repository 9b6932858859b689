"""The database in a web browser, on Datasette: our part is what it reads, its queries and its pages.

``serving`` runs Datasette on a loopback port, ``site`` sets it up, ``reading`` is its read-only way to the database,
``pages`` is a Datasette plugin with the templates, and ``queries`` holds the SQL of the charts and canned queries.
"""
