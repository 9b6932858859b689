"""What an import did: its report, the conflicts it kept, and the people it did not delete."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .legacy_form import Json
from .record_forms import RecordKind


@dataclass(frozen=True)
class Conflict:
    """Two values of which one stands and the other is kept in import_conflicts. ``key`` is None for a whole record."""

    kind: RecordKind
    id: str
    key: str | None
    base: Json
    theirs: Json
    ours: Json
    reason: str


@dataclass(frozen=True)
class KeptPerson:
    """A person who is missing from the file and was kept, and why."""

    id: str
    name: str | None
    reason: str


@dataclass
class ImportReport:
    """What an import did, or would do. ``files`` are the edited files; ``exported`` those written afterwards.

    ``stale`` counts records that were old copies, ``stale_values`` fields of edited records that were; both are
    ignored. ``revision`` is what the files show now.
    """

    status: Literal["nothing", "imported", "dry-run"] = "nothing"
    files: list[str] = field(default_factory=list)
    people_added: int = 0
    people_changed: int = 0
    people_deleted: int = 0
    merges_added: int = 0
    relationships_added: int = 0
    relationships_changed: int = 0
    stale: int = 0
    stale_values: int = 0
    rejected: int = 0
    kept: list[KeptPerson] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    replaced: list[Conflict] = field(default_factory=list)
    """Values that were taken in the place of others which the writer of the file may not have seen."""
    warnings: list[str] = field(default_factory=list)
    exported: list[str] = field(default_factory=list)
    revision: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The form for machines."""
        return asdict(self)
