"""The directories that are measured: each made once a run, and copied for whoever changes it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lifeos_db

from .mailbox import person_id, write_legacy_directory
from .people_only import drop_relationships, without_pairs
from .timing import Cost, lifeos


@dataclass(frozen=True)
class Sizes:
    """How much is measured. ``growth`` are rows; ``large`` is the last of them.

    ``slow_rounds`` is how often what takes long takes turns with its reference, ``rounds`` how often the rest does.
    """

    people: int = 15_000
    growth: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    inserts: int = 200_000
    moves: int = 100_000
    legacy: int = 165_000
    rounds: int = 3
    slow_rounds: int = 2

    @property
    def large(self) -> int:
        return self.growth[-1]


FULL = Sizes()
TINY = Sizes(people=60, growth=(100, 200, 400), inserts=300, moves=150, legacy=250, rounds=1, slow_rounds=1)


class Data:
    """The directories under ``place``."""

    def __init__(self, place: Path, sizes: Sizes) -> None:
        self.place = place
        self.sizes = sizes
        self.migrations: dict[int, Cost] = {}
        """By rows, what it cost to make the migrated directory."""

    def legacy(self, rows: int) -> Path:
        """A legacy directory, not to be changed."""
        directory = self.place / f"legacy-{rows}"
        if not directory.exists():
            write_legacy_directory(directory, rows, self.sizes.people)
        return directory

    def migrated(self, rows: int) -> Path:
        """The same migrated, with the first person as owner; not to be changed."""
        directory = self.place / f"migrated-{rows}"
        if not directory.exists():
            shutil.copytree(self.legacy(rows), directory)
            self.migrations[rows] = lifeos("db", "migrate", "--data-dir", directory, "--owner", person_id(0))
            shutil.rmtree(directory / "backups")
        return directory

    def people_only(self, rows: int) -> Path:
        """The same without anything that keeps pairs, exported; not to be changed."""
        directory = self.place / f"people-only-{rows}"
        if not directory.exists():
            shutil.copytree(self.migrated(rows), directory)
            drop_relationships(directory / "interactions.db")
            with without_pairs():
                lifeos_db.export(directory, force=True)
        return directory

    @contextmanager
    def copy(self, directory: Path) -> Iterator[Path]:
        """A fresh copy for one measurement."""
        copy = Path(shutil.copytree(directory, self.place / "copy"))
        try:
            yield copy
        finally:
            shutil.rmtree(copy)
