"""A program of the legacy kind: loads a JSON file whole, changes records in memory, writes the whole file back."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

PEOPLE = "people_entities.json"
RELATIONSHIPS = "relationships.json"
MERGES = "merged_person_ids.json"


class LegacyProgram:
    """One load of a file of records; ``save`` knows no lock and nothing of what others wrote since."""

    def __init__(self, directory: Path, name: str = PEOPLE) -> None:
        self.path = directory / name
        self.records: list[dict[str, Any]] = json.loads(self.path.read_text())

    def __getitem__(self, identity: str) -> dict[str, Any]:
        return next(record for record in self.records if record["id"] == identity)

    def remove(self, identity: str) -> None:
        self.records.remove(self[identity])

    def save(self) -> None:
        save(self.path, self.records)


def save(path: Path, value: Any) -> None:
    """As legacy programs do: a temporary file, then a rename."""
    handle, temporary = tempfile.mkstemp(suffix=".json", dir=path.parent)
    with os.fdopen(handle, "w") as file:
        json.dump(value, file, indent=2)
    os.replace(temporary, path)
