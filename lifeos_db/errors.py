"""The failures a user can meet: one class each, saying what and where, with a hint that says what to do.

Docstrings name three sets of them by these words:

What opening raises: DataDirectoryMissing, DatabaseMissing, NotMigrated, OlderSchema, NewerSchema, BrokenDatabase,
Locked, StorageFailure, SQLiteTooOld; and DatabaseError where SQLite refuses to read something, such as a table that is
gone.

What changing raises: what opening raises; SchemaDamaged, for without its triggers a change could be half a change;
UnexpectedTable, where a table is gone that cannot be made anew; and ExportPending, when the change is done and only its
JSON files are not.

What finding a person raises: PersonNotFound, PersonAmbiguous, PersonMerged.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class LifeosError(Exception):
    """Something could not be done. The data is as it was before, unless a change was committed and its export failed.

    Then the change stays, and the error is ExportPending, or names the cause alone: an ExportConflict, a BadValue, a
    BadSetting, Locked or a StorageFailure. ``export`` writes the files once that is mended.

    ``str(error)`` is one line: what is wrong and where. ``hint`` is one line: what to do about it.
    ``details`` are further lines, such as every bad record of a file.
    """

    def __init__(self, message: str, hint: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.details = tuple(details)


class DataDirectoryMissing(LifeosError):
    """The data directory does not exist or is no directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: no such directory",
            "Name the data directory with --data-dir or LIFEOS_DATA_DIR, or create it first.",
        )


class DatabaseMissing(LifeosError):
    """There is no interactions.db in the data directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: no such database",
            "Name the data directory with --data-dir, or run 'lifeos db migrate' to create one there.",
        )


class NotMigrated(LifeosError):
    """interactions.db is still in the legacy form."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: not migrated yet (legacy schema)",
            "Run 'lifeos db migrate --dry-run' to see what it would do, then 'lifeos db migrate'.",
        )


class OlderSchema(LifeosError):
    """interactions.db was migrated by an older version of this program."""

    def __init__(self, path: Path, found: int, wanted: int) -> None:
        super().__init__(
            f"{path}: schema version {found}, this program works with {wanted}",
            "Run 'lifeos db migrate' to bring it up to date.",
        )


class NewerSchema(LifeosError):
    """interactions.db was migrated by a newer version of this program."""

    def __init__(self, path: Path, found: str, known: int) -> None:
        super().__init__(
            f"{path}: schema version {found} is newer than this program knows ({known})",
            "Upgrade lifeos-db; nothing was touched.",
        )


class BrokenDatabase(LifeosError):
    """A database file is not SQLite, or is damaged."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: not a readable SQLite database ({reason})",
            "Restore it from backups/, or from your own backup; nothing was changed.",
        )


class DamagedDatabase(LifeosError):
    """SQLite's own check finds a database file damaged."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: damaged: {reason}; nothing was changed",
            "Copy the file aside, then run REINDEX on it in a SQLite shell; if that does not help, restore it from "
            "your own backup.",
        )


class UnexpectedTable(LifeosError):
    """A table that migrate must create or read is there in another form."""


class Locked(LifeosError):
    """Another process held the database, or our own lock, for longer than the timeout."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__(
            f"{path}: locked by another process for more than {timeout:g} s",
            "Wait until that process has finished, or give more time with --timeout.",
        )


class AlreadyWatched(LifeosError):
    """Another process watches this directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: another 'lifeos db watch' is at work here",
            "Stop that one first; one at a time is enough.",
        )


class StorageFailure(LifeosError):
    """The operating system refused a read or a write: disk full, no permission, I/O error."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}",
            "Check free space and permissions, then run the command again.",
        )


class BadInput(LifeosError):
    """Legacy files hold records that cannot be imported; ``details`` names every one."""

    def __init__(self, problems: Sequence[str], *, skippable: bool) -> None:
        count = len(problems)
        hint = "Correct the file" + (
            ", or run again with --skip-bad to set the bad records aside in import_rejects." if skippable else "."
        )
        super().__init__(
            f"{count} problem{'s' if count != 1 else ''} in the legacy files; nothing was changed", hint, problems
        )


class BadValue(LifeosError):
    """A column of the database holds something that the export cannot write. ``row`` is the rowid."""

    def __init__(self, table: str, row: int, identity: object, column: str, reason: str) -> None:
        super().__init__(
            f"interactions.db: {table} {identity!r}, column {column}: {reason}",
            f"Correct it with UPDATE {table} SET {column} = ... WHERE rowid = {row}, then run the command again.",
        )


class BadSetting(LifeosError):
    """A row of settings holds what no program of ours wrote there."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(
            f"interactions.db: settings, key {key}: {reason}",
            f"Correct it, or DELETE FROM settings WHERE key = '{key}', then run the command again.",
        )


class ExportPending(LifeosError):
    """What was asked is done in the database, but its JSON files could not be put into place."""

    def __init__(self, cause: LifeosError, backup: str | None = None, done: str = "migrated") -> None:
        super().__init__(
            f"{done}, but the JSON files are not exported yet: {cause}",
            "The database is complete. Run 'lifeos db export' when that is mended"
            + (f"; every file as it was is in {backup}." if backup else "."),
        )


class ExportConflict(LifeosError):
    """A JSON file was changed by another program since the last export, so it is not overwritten."""

    def __init__(self, files: Sequence[Path]) -> None:
        names = ", ".join(str(path) for path in files)
        super().__init__(
            f"{names}: changed by another program since the last export; not overwritten",
            "'lifeos db import' takes the changes in; 'lifeos db export --force' keeps a copy and writes over it "
            "(do that after you have restored a database).",
        )


class LostRecords(LifeosError):
    """A JSON file lacks more than half of the records that its writer has read, so it is not imported."""

    def __init__(self, path: Path, before: int, now: int) -> None:
        super().__init__(
            f"{path}: has only {now} of {before} records left; not imported, not overwritten",
            "If that is meant, run 'lifeos db import --force'; else 'lifeos db export --force' writes the file anew.",
        )


class PersonNotFound(LifeosError):
    """Nobody has this id, id prefix, email, phone number or name; ``details`` are people with names like it."""

    def __init__(self, text: str, nearest: Sequence[str]) -> None:
        super().__init__(
            f"{text!r}: no such person",
            "Give an id, the beginning of one, an email, or a whole name"
            + ("; the nearest are listed above." if nearest else "."),
            nearest,
        )


class PersonAmbiguous(LifeosError):
    """Several people are meant by this text; ``details`` lists them."""

    def __init__(self, text: str, count: int, candidates: Sequence[str]) -> None:
        super().__init__(f"{text!r}: {count} people are meant by this", "Give the id of one of them.", candidates)


class PersonMerged(LifeosError):
    """The person given was merged into another one."""

    def __init__(self, person_id: str, survivor: str, survivor_id: str) -> None:
        super().__init__(
            f"{person_id}: was merged into {survivor}",
            "Give the survivor instead, or take the merge back first with 'lifeos db unmerge'.",
        )
        self.person_id = person_id
        self.survivor_id = survivor_id


class IdentityRefused(LifeosError):
    """A merge, unmerge or split that cannot be: the message says why."""


class RelationshipRefused(LifeosError):
    """A relationship that the database does not take: of a person with themselves, or under another pair's id."""

    def __init__(self, one: str, other: str, reason: str) -> None:
        super().__init__(
            f"relationships: {one!r} and {other!r}: {reason}",
            "Give two different person ids, and an id that no other pair has, or none.",
        )


class SchemaDamaged(LifeosError):
    """A trigger, view, index or table is not what it must be, so a change now could be half a change."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}", "Run 'lifeos db verify --fix' first.")


class CountsWrong(LifeosError):
    """Cached counts are not the actual ones, so they are not handed on."""

    def __init__(self, path: Path, found: int) -> None:
        super().__init__(
            f"{path}: {found} cached count(s) of people are not the actual ones; nothing was changed",
            "'lifeos db verify' names them, 'lifeos db verify --fix' sets them right; then run the command again.",
        )


class KeepsChanging(LifeosError):
    """Other programs write without a pause, so no moment was found in which files and database agree."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: other programs keep writing here; nothing was taken out",
            "Stop them, or wait until they have finished, then run the command again.",
        )


class BackupRefused(LifeosError):
    """A backup cannot go where it was told to: there is a file already, or no directory."""


class DirectoryNotEmpty(LifeosError):
    """A demo needs a directory of its own."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: not an empty directory", "Name a directory that does not exist yet.")


class CommandNotStarted(LifeosError):
    """The command behind 'lifeos db run --' is not there, or is no program."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"{command}: {reason}", "Name a program that can be run, behind 'lifeos db run --'.")


class DatabaseError(LifeosError):
    """SQLite refused something for a reason that none of the other classes stands for."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}", "Run 'lifeos db verify' to see what is wrong with the database.")


class SQLiteTooOld(LifeosError):
    """The SQLite library that Python is linked with lacks what the schema needs."""

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(
            f"SQLite {found} is linked with this Python; lifeos-db needs {needed} or newer",
            "Use a Python that is linked with a newer SQLite.",
        )


class BrowserNotInstalled(LifeosError):
    """A package that ``lifeos db browse`` needs is not there; it comes with an extra."""

    def __init__(self, module: str) -> None:
        super().__init__(f"browse: not installed: no module named {module}", "Run: pip install 'lifeos-db[browse]'")
