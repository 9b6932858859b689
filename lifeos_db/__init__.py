"""lifeos-db: a personal CRM's people, kept right by SQLite itself.

>>> import lifeos_db
>>> with lifeos_db.session("data") as conn:
...     conn.execute("INSERT INTO interactions ...")
>>> lifeos_db.verify("data").status
'ok'

The names are imported when they are first used, because a nightly script should not wait for what it does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backup import back_up_database as back_up_database
    from .duplicate_pairs import duplicates as duplicates
    from .ejecting import eject as eject
    from .errors import LifeosError as LifeosError
    from .exporting import check_export as check_export
    from .exporting import export as export
    from .hiding import hide as hide
    from .hiding import is_blocked as is_blocked
    from .hiding import unhide as unhide
    from .importing import import_edits as import_edits
    from .merging import merge as merge
    from .migration import migrate as migrate
    from .orphaned import assign_orphans as assign_orphans
    from .orphaned import delete_orphans as delete_orphans
    from .orphaned import orphans as orphans
    from .overview import status as status
    from .people_search import people as people
    from .person_profile import profile as profile
    from .sessions import session as session
    from .splitting import split as split
    from .unmerging import unmerge as unmerge
    from .verification import verify as verify
    from .watching import watch as watch

__version__ = "0.1.0"
__all__ = [
    "LifeosError",
    "assign_orphans",
    "back_up_database",
    "check_export",
    "delete_orphans",
    "duplicates",
    "eject",
    "export",
    "hide",
    "import_edits",
    "is_blocked",
    "merge",
    "migrate",
    "orphans",
    "people",
    "profile",
    "session",
    "split",
    "status",
    "unhide",
    "unmerge",
    "verify",
    "watch",
]

_HOME = {
    "LifeosError": "errors",
    "assign_orphans": "orphaned",
    "back_up_database": "backup",
    "check_export": "exporting",
    "delete_orphans": "orphaned",
    "duplicates": "duplicate_pairs",
    "eject": "ejecting",
    "export": "exporting",
    "hide": "hiding",
    "import_edits": "importing",
    "is_blocked": "hiding",
    "merge": "merging",
    "migrate": "migration",
    "orphans": "orphaned",
    "people": "people_search",
    "profile": "person_profile",
    "session": "sessions",
    "split": "splitting",
    "status": "overview",
    "unhide": "hiding",
    "unmerge": "unmerging",
    "verify": "verification",
    "watch": "watching",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)
