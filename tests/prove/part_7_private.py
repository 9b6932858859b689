"""Whose data it is: what is created is private from its first moment, links lead nowhere, texts are not shown."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import TypeVar

from lifeos_db.directory import EXPORT_FILES, PEOPLE_FILE
from tests.conftest import snapshot
from tests.prove import shim
from tests.prove.frame import Effort, Row
from tests.prove.grounds import Grounds
from tests.prove.warm import Result, Warm

TITLE = "Who may see it"
TEXT = "CANARY"
"""Stands in every title and snippet."""
MODES = (0o600, 0o400, 0o640, 0o444)
Case = TypeVar("Case")
NOT_TRIED = {"browse", "demo"}
"""Commands that print no data of anybody's: an address, and what is made up."""
LINKED = (
    *EXPORT_FILES,
    *(f".{name}.lifeos-tmp" for name in EXPORT_FILES),
    ".lifeos.lock",
    ".lifeos-watch.lock",
    "backups/.partial-backup",
)
"""Where a link may lie in wait for us: at the places of exports, temporary files and locks."""


def prove(effort: Effort) -> Iterator[Row]:
    """Each of the three for every command that writes, or prints."""
    library = shim.build(effort.scratch)
    grounds = Grounds(effort.scratch)
    starts = _Starts(grounds)
    with _umask(0), Warm(effort.scratch, library) as warm:
        if library is None:
            yield Row("files created", skipped=shim.NOT_HERE)
        else:
            yield _created(warm, grounds, starts)
        yield _texts(warm, grounds, starts)
        yield _modes(warm, grounds, starts, effort.slice(2))
        yield _links(warm, grounds, starts, effort)


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    """Nothing is kept from anybody but by who creates it."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


class _Starts:
    """Directories in which there is something to do, and the commands that do it."""

    def __init__(self, grounds: Grounds) -> None:
        one, other, *_ = grounds.people
        legacy = _with_texts(grounds.copy(grounds.legacy, "private-legacy"))
        bad = grounds.copy(legacy, "private-bad")
        records = json.loads((bad / PEOPLE_FILE).read_text())
        (bad / PEOPLE_FILE).write_text(json.dumps([*records, {"id": "bad", "tags": 7}]))
        empty = grounds.scratch / "private-empty"
        empty.mkdir()
        ahead = _with_texts(grounds.ahead("private-ahead"))
        edited = _with_texts(grounds.edited("private-edited"))
        damaged = _with_texts(grounds.damaged("private-damaged"))
        self.writing: tuple[tuple[Path, tuple[str, ...]], ...] = (
            (legacy, ("migrate",)),
            (legacy, ("migrate", "--dry-run")),
            (empty, ("migrate",)),
            (bad, ("migrate", "--skip-bad")),
            (ahead, ("export",)),
            (edited, ("export", "--force")),
            (edited, ("import",)),
            (edited, ("import", "--dry-run")),
            (ahead, ("merge", one, "new")),
            (ahead, ("split", one, "--new", "Other", "--source-type", "gmail")),
            (ahead, ("hide", other)),
            (ahead, ("unhide", other)),
            (ahead, ("unmerge", other)),
            (ahead, ("orphans", "--delete")),
            (ahead, ("orphans", "--assign", one)),
            (ahead, ("backup",)),
            (ahead, ("eject",)),
            (damaged, ("verify", "--fix")),
            (edited, ("watch", "--debounce", "0")),
            (edited, ("run", "--verify", "--", "true")),
        )
        self.printing: tuple[tuple[Path, tuple[str, ...]], ...] = (
            *self.writing,
            (bad, ("migrate",)),
            (legacy, ("migrate", "--format", "json")),
            (ahead, ("export", "--check")),
            (edited, ("import", "--format", "json")),
            (ahead, ("merge", one, other, "--dry-run")),
            (ahead, ("status",)),
            (ahead, ("status", "--format", "json")),
            (ahead, ("people",)),
            (ahead, ("people", "--format", "json")),
            (ahead, ("people", "a")),
            (ahead, ("show", one)),
            (ahead, ("show", one, "--format", "json")),
            (ahead, ("duplicates",)),
            (ahead, ("duplicates", "--format", "json")),
            (ahead, ("orphans",)),
            (ahead, ("orphans", "--format", "json")),
            *((damaged, ("verify", "--deep", "--format", form)) for form in ("text", "json", "github", "junit")),
            (damaged, ("merge", one, other)),
        )


def _with_texts(directory: Path) -> Path:
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        conn.execute("UPDATE interactions SET title = ? || title, snippet = ?", (TEXT, f"secret {TEXT}"))
        conn.execute("UPDATE interactions SET person_id = 'nobody' WHERE rowid % 9 = 0")
        conn.commit()
    return directory


def _run(warm: Warm, directory: Path, args: tuple[str, ...], env: dict[str, str] | None = None) -> Result:
    stop = (1.0, signal.SIGTERM) if args[0] == "watch" else None
    return warm.run("db", args[0], "--data-dir", directory, *args[1:], env=env, signal_after=stop, timeout=20)


def _created(warm: Warm, grounds: Grounds, starts: _Starts) -> Row:
    """Every file and folder, anywhere, has no mode for others at the moment in which it comes into being."""
    row = Row("files and folders created, umask 0")
    for start, args in starts.writing:
        directory = grounds.copy(start)
        for path in (directory, *directory.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)
        log = directory.with_suffix(".log")
        env = {"FAULT_UNDER": str(directory), "FAULT_ACTION": "list", "FAULT_LOG": str(log)}
        result = _run(warm, directory, args, env)
        if result.code != 0:
            row.lost.append(f"{args}: exit code {result.code}\n{result.said}")
        for mode, path in re.findall(r"^\d+ created (\d+) (.*)$", log.read_text(), re.MULTILINE):
            if path.endswith(".lock"):  # has no content
                continue
            row.tried += 1
            if int(mode, 8) & 0o077:
                row.lost.append(f"{args}: {path} was created with mode {mode}")
        shutil.rmtree(directory)
    return row


def _modes(warm: Warm, grounds: Grounds, starts: _Starts, effort: Effort) -> Row:
    """Files that are there keep the mode that somebody gave them."""
    row = Row("modes of files that were there")
    for (start, args), mode in _some(product(starts.writing, MODES), effort, least=8):
        directory = grounds.copy(start)
        files = [directory / name for name in EXPORT_FILES if (directory / name).exists()]
        for path in files:
            path.chmod(mode)
        result = _run(warm, directory, args)
        found = {path.name: path.stat().st_mode & 0o777 for path in files}
        row.tried += len(files)
        if result.code or any(value != mode for value in found.values()):
            row.lost.append(f"{args}, mode {mode:o}: exit code {result.code}, {found}\n{result.said}")
        shutil.rmtree(directory)
    return row


def _some(cases: Iterable[Case], effort: Effort, least: int) -> Iterator[Case]:
    """All of the cases, or as many of them as the effort wants, chosen by its seed, while there is time."""
    chosen = list(cases)
    random.Random(effort.seed).shuffle(chosen)
    for number, case in enumerate(chosen[: effort.times(len(chosen), least)]):
        if number < 1 or effort.left():
            yield case


def _links(warm: Warm, grounds: Grounds, starts: _Starts, effort: Effort) -> Row:
    """What a link leads to is not written, not cut short, not given another mode; nothing comes into being there."""
    row = Row("links out of the directory")
    for (start, args), name, kind in _some(product(starts.writing, LINKED, ("file", "folder", "none")), effort, 24):
        row.tried += 1
        directory = grounds.copy(start)
        outside = directory.with_suffix(".outside")
        (outside / "folder").mkdir(parents=True, mode=0o700)
        (outside / "file").write_bytes((start / name).read_bytes() if (start / name).is_file() else b"precious")
        (outside / "folder" / "within").write_text("precious")
        before = snapshot(outside)
        link = directory / name
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(outside / kind)
        result = _run(warm, directory, args)
        after = snapshot(outside)
        changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        if changed or {path.name for path in outside.iterdir()} != {"file", "folder"}:
            row.lost.append(f"{args}, {name} -> {kind}: {changed}, {sorted(os.listdir(outside))}\n{result.said}")
        if result.code not in (0, 1, 3, 4) or "Traceback" in result.said or "unexpected " in result.err:
            row.lost.append(f"{args}, {name} -> {kind}: exit code {result.code}\n{result.said}")
        shutil.rmtree(directory)
        shutil.rmtree(outside)
    return row


def _texts(warm: Warm, grounds: Grounds, starts: _Starts) -> Row:
    """No command prints a title or snippet, but the one that is asked to."""
    row = Row("outputs in which no message text is")
    start, _ = starts.printing[-1]
    if TEXT not in _run(warm, start, ("show", grounds.people[0], "--titles")).out:
        row.lost.append("'show --titles' prints none either, so this would find none")
    names = set(import_module("lifeos_db.cli.main").COMMANDS)
    if missing := names - {args[0] for _, args in starts.printing} - NOT_TRIED:
        row.lost.append(f"not tried: {', '.join(sorted(missing))}")
    for start, args in starts.printing:
        directory = grounds.copy(start)
        result = _run(warm, directory, args)
        row.tried += 1
        if TEXT in result.said:
            row.lost.append(f"{args}:\n{result.said}")
        if result.code not in (0, 1, 3, 4) or not result.said:
            row.lost.append(f"{args}: exit code {result.code}\n{result.said}")
        shutil.rmtree(directory)
    return row
