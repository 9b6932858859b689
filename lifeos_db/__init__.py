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
    from .errors import LifeosError as LifeosError
    from .exporting import check_export as check_export
    from .exporting import export as export
    from .importing import import_edits as import_edits
    from .migration import migrate as migrate
    from .sessions import session as session
    from .verification import verify as verify
    from .watching import watch as watch

__version__ = "0.1.0"
__all__ = ["LifeosError", "check_export", "export", "import_edits", "migrate", "session", "verify", "watch"]

_HOME = {
    "LifeosError": "errors",
    "check_export": "exporting",
    "export": "exporting",
    "import_edits": "importing",
    "migrate": "migration",
    "session": "sessions",
    "verify": "verification",
    "watch": "watching",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)
