"""Datasette, set up for one data directory: its metadata, canned queries, charts and limits."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import datasette_dashboards  # noqa: F401  Datasette finds it by itself; here it is missed in time
from datasette.app import Datasette
from datasette.plugins import pm

from lifeos_db.directory import DataDirectory
from lifeos_db.moments import INSTANT_SQL, TEXT_AFTER_SQL, TEXT_BEFORE_SQL
from lifeos_db.relationships import RAW_STRENGTH_SQL
from lifeos_db.schema_objects import expected_objects

from . import pages
from .reading import ReadOnlyDatabase

DATABASE = "lifeos"
"""The database's name in addresses."""
SETTINGS = {
    "sql_time_limit_ms": 5_000,
    "facet_time_limit_ms": 1_000,
    "suggest_facets": False,
    "default_page_size": 50,
    "default_facet_size": 10,
    "max_returned_rows": 2_000,
    "truncate_cells_html": 300,
    "allow_download": False,
    "default_cache_ttl": 0,
}
"""No statement may take longer than five seconds, so that no page hangs."""
OWNER = {"id": "root"}
"""Whoever has come through the address with the key: Datasette's own name for them."""
CANNED = {
    "not_since": ("Not since", "People you have not been in touch with for so many days, the closest first."),
    "drift": ("Drift", "Cached counts that are not the actual ones. 'lifeos db verify --fix' puts them right."),
    "orphans": ("Orphans", "Interactions of people who do not exist. 'lifeos db orphans' assigns or deletes them."),
    "duplicates": ("Duplicates", "Pairs that share an email, phone number or name. 'lifeos db merge' makes them one."),
}
"""Canned queries, in the order of the menu: title and description."""
PARTS = {
    "strength": RAW_STRENGTH_SQL,
    "instant": INSTANT_SQL,
    "now": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
    "text_after_now": TEXT_AFTER_SQL.format("'now'"),
    "text_before_latest": TEXT_BEFORE_SQL.format("chosen.latest"),
}
"""Expressions that the canned queries share with the commands."""
SHOWN = {
    *("interactions", "people", "person_merges", "relationships", "source_types", "import_conflicts", "import_rejects"),
    *("person_activity", "person_count_drift", "orphan_interactions", "blocked_contacts"),
}
INNER = {item.name for item in expected_objects() if item.type in ("table", "view")} - SHOWN | {"_sqlite_migrations"}
"""Tables and views that keep the others right: listed apart."""
SOURCES = {
    "gmail": "#4e79a7",
    "calendar": "#f28e2b",
    "imessage": "#59a14f",
    "whatsapp": "#8cd17d",
    "sms": "#b6992d",
    "slack": "#b07aa1",
    "phone": "#e15759",
    "vault": "#9c755f",
    "granola": "#d7b5a6",
    "photos": "#76b7b2",
}
"""Each source keeps its colour on every page."""
COUNTERS = {"emails": "#4e79a7", "meetings": "#f28e2b", "mentions": "#9c755f", "messages": "#59a14f"}


def open_site(directory: Path, *, titles: bool) -> Datasette:
    """The Datasette of a data directory that has a database of today's schema. Its owner closes the database."""
    if not pm.has_plugin("lifeos"):
        pm.register(pages, name="lifeos")
        # It prints a traceback with all values to the terminal for every mistake in a statement. Ours shows a page.
        pm.unregister(name="datasette.handle_exception")
    site = Datasette([], settings=SETTINGS, metadata=_metadata(directory, titles), memory=False)
    site.add_database(ReadOnlyDatabase(site, DataDirectory(directory).database, titles=titles), name=DATABASE)
    return site


def sql(name: str) -> str:
    """One of the statements in queries/, where names in braces stand for what PARTS has."""
    text = (resources.files(__package__) / "queries" / f"{name}.sql").read_text(encoding="utf-8").strip()
    for part, expression in PARTS.items():
        text = text.replace(f"{{{part}}}", expression)
    return text


def _metadata(directory: Path, titles: bool) -> dict[str, Any]:
    queries: dict[str, Any] = {
        name: {"sql": sql(name), "title": title, "description": description, "hide_sql": True}
        for name, (title, description) in CANNED.items()
    }
    queries["not_since"]["params"] = ["days"]
    tables: dict[str, Any] = {name: {"hidden": True} for name in INNER}
    tables["people"] = {
        "facets": ["category", {"array": "sources"}, {"array": "tags"}],
        "label_column": "canonical_name",
        "sort_desc": "message_count",
    }
    return {
        "title": "lifeos",
        "allow": OWNER,
        "databases": {DATABASE: {"queries": queries, "tables": tables}},
        "plugins": {
            "lifeos": {"directory": str(directory), "titles": titles},
            "datasette-dashboards": {"lifeos": _dashboard()},
        },
    }


def _dashboard() -> dict[str, Any]:
    """The charts, for datasette-dashboards. The person's one has a parameter, so it is on their page alone."""
    return {"title": "Charts", "layout": [["months"], ["busiest"]], "charts": {"months": MONTHS, "busiest": BUSIEST}}


_LOOK = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",  # a name: nothing is loaded from there
    "usermeta": {"embedOptions": {"actions": False, "renderer": "svg", "logLevel": 1}},
    "config": {
        "background": "#00000000",
        "font": "system-ui, sans-serif",
        "view": {"stroke": None},
        "axis": {"grid": False, "domain": False, "tickSize": 3, "labelPadding": 6, "title": None},
        "legend": {"title": None, "orient": "top", "symbolType": "circle", "columns": 10, "offset": 4},
    },
}


def _by_month(height: int) -> dict[str, Any]:
    """Interactions a month as stacked bars, for the rows of months.sql and timeline.sql."""
    return {
        **_LOOK,
        "height": height,
        "mark": {"type": "bar", "width": {"band": 0.8}},
        "encoding": {
            "x": {"field": "month", "type": "temporal", "timeUnit": "utcyearmonth", "bandPosition": 0.5},
            "y": {"field": "interactions", "type": "quantitative", "aggregate": "sum"},
            "color": {"field": "source", "scale": _scale(SOURCES)},
            "tooltip": [
                {"field": "month", "type": "temporal", "timeUnit": "utcyearmonth", "title": "month"},
                {"field": "source"},
                {"field": "interactions", "aggregate": "sum", "title": "interactions"},
            ],
        },
    }


def _scale(colours: dict[str, str]) -> dict[str, list[str]]:
    return {"domain": list(colours), "range": list(colours.values())}


MONTHS = {
    "title": "Interactions per month by source",
    "db": DATABASE,
    "library": "vega-lite",
    "query": sql("months"),
    "display": _by_month(220),
}
TIMELINE = {**MONTHS, "title": "Timeline", "query": sql("timeline"), "display": _by_month(140)}
BUSIEST = {
    "title": "Busiest people",
    "db": DATABASE,
    "library": "vega-lite",
    "query": sql("busiest"),
    "display": {
        **_LOOK,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "height": {"step": 20},
        "mark": {"type": "bar", "height": {"band": 0.7}},
        "encoding": {
            "y": {"field": "person", "sort": {"field": "total", "op": "max", "order": "descending"}},
            "x": {"field": "number", "type": "quantitative", "aggregate": "sum"},
            "color": {"field": "counter", "scale": _scale(COUNTERS)},
            "tooltip": [{"field": "person"}, {"field": "counter"}, {"field": "number", "type": "quantitative"}],
        },
    },
}
