"""A Datasette plugin: what the templates beside it show, the search for people, and links from ids to people."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.filters import FilterArguments
from datasette.utils import tilde_encode
from datasette.utils.asgi import Request, Response
from jinja2 import Environment
from markupsafe import Markup

import lifeos_db
from lifeos_db.changing import looking
from lifeos_db.contacts import name_folder
from lifeos_db.directory import utc_now
from lifeos_db.moments import INSTANT_SQL, ago
from lifeos_db.people_search import matching
from lifeos_db.relationships import owner_id

LISTED = 10
"""How many ties and latest interactions a person's page has."""
PERSON_COLUMNS = ("person_id", "other_person_id", "person_a_id", "person_b_id", "survivor_id")
"""Columns, of whatever table or query, whose values lead to a person's page."""
_LAST_CONTACTS = f"""SELECT value AS id, (
    SELECT max(instant) FROM (SELECT {INSTANT_SQL} AS instant FROM interactions WHERE person_id = people.value)
    WHERE instant <= :now
) AS last FROM json_each(:people) AS people"""


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """``id|tilde`` is an id as it stands in an address."""
    env.filters["tilde"] = tilde_encode


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request) -> dict[str, Any]:
    """What the templates call; each is awaited by the template that needs it."""
    from lifeos_db.browser import site

    config = datasette.plugin_config("lifeos")

    async def status() -> dict[str, Any]:
        report = await asyncio.to_thread(lifeos_db.status, config["directory"])
        numbers: dict[str, Any] = _readable(report.to_dict())
        return numbers

    async def last_contacts(people: Sequence[str]) -> dict[str, str]:
        found = await datasette.get_database(site.DATABASE).execute(
            _LAST_CONTACTS, {"people": json.dumps(list(people)), "now": utc_now()}
        )
        return {row["id"]: row["last"] for row in found if row["last"]}

    async def person(person_id: str) -> dict[str, Any]:
        one = await asyncio.to_thread(
            lifeos_db.profile, config["directory"], person_id, limit=LISTED, titles=config["titles"]
        )
        profile: dict[str, Any] = _readable(one.to_dict())
        return profile

    return {
        "status": status,
        "last_contacts": last_contacts,
        "person": person,
        "ago": lambda instant: ago(instant, utc_now()),
        "titles": config["titles"],
        "private": False,  # Datasette would put a lock on every heading: here all is private
        "inner_views": site.INNER,
        "canned": site.CANNED,
        "charts": {"months": site.MONTHS, "busiest": site.BUSIEST, "timeline": site.TIMELINE},
        "colours": site.SOURCES,
        "lifeos_version": lifeos_db.__version__,
    }


@hookimpl
def register_magic_parameters(datasette: Datasette) -> list[tuple[str, Any]]:
    """``:_lifeos_owner`` in a canned query is the owner's id, or NULL."""

    def lifeos(key: str, request: Request) -> str | None:
        with looking(datasette.plugin_config("lifeos")["directory"]) as conn:
            return {"owner": owner_id(conn)}[key]

    return [("lifeos", lifeos)]


@hookimpl
def extra_css_urls(datasette: Datasette) -> list[str]:
    """The look of every page."""
    return [datasette.urls.static_plugins("lifeos_db.browser.pages", "lifeos.css")]


@hookimpl
def filters_from_request(request: Request, database: str, table: str, datasette: Datasette) -> Any:
    """``?_q=`` on the list of people; hidden and merged people are in it only if the address asks for ``hidden``."""

    async def filters() -> FilterArguments | None:
        if table != "people":
            return None
        clauses, params = [], {}
        if not any(name.startswith("hidden") for name in request.args):
            clauses.append("hidden IS NOT 1 AND id NOT IN (SELECT merged_id FROM person_merges)")
        query = (request.args.get("_q") or "").strip()
        if query:
            read = datasette.get_database(database).execute_fn
            condition, params = await read(lambda conn: matching(query, name_folder(conn)))
            clauses.append(f"({condition})")
        return FilterArguments(clauses, params, extra_context={"q": query})

    return filters


@hookimpl
def render_cell(value: Any, column: str, datasette: Datasette) -> Markup | None:
    """An id of a person is a link to their page."""
    if column in PERSON_COLUMNS and isinstance(value, str) and value:
        address = datasette.urls.row("lifeos", "people", tilde_encode(value))
        return Markup('<a href="{}">{}</a>').format(address, value[:8] + "…" if len(value) > 12 else value)
    return None


@hookimpl
def handle_exception(datasette: Datasette, request: Request, exception: Exception) -> Any:
    """The page that says what went wrong."""

    async def page() -> Response:
        status = getattr(exception, "status", 500)
        message = getattr(exception, "message", None) or str(exception) or type(exception).__name__
        if request.path.partition("?")[0].endswith(".json"):
            return Response.json({"ok": False, "error": message, "status": status}, status=status)
        shown = {"status": status, "error": message, "title": getattr(exception, "title", None)}
        return Response.html(await datasette.render_template("error.html", shown, request=request), status=status)

    return page


@hookimpl
def forbidden(datasette: Datasette, request: Request) -> Any:
    """Whoever has not come through the address with the key is told where it is."""

    async def page() -> Response:
        return Response.html(await datasette.render_template("locked.html", request=request), status=403)

    return page


def _readable(value: Any) -> Any:
    """The same without what cannot be sent as UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    return value
