"""The k-th write, sync, open or rename fails, for every k: a clear error, and the state before or after it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifeos_db.directory import EXPORT_FILES
from tests.prove import shim
from tests.prove.frame import Effort, Row
from tests.prove.grounds import Grounds, content, half_written, left_over, unsound
from tests.prove.warm import Result, Warm, run_installed

TITLE = "The k-th failure"
COLD = 25
"""Of so many tries one is of the installed program as it starts, the others of a process that is warm already."""
LOCKS = (".lifeos.lock", ".lifeos-watch.lock")
WAYS = {"once": "the k-th call fails", "full": "the disk is full from the k-th call on"}
TRIED = {"once": 1.0, "full": 0.5}
"""Of the calls so many are tried in the long form: neighbouring ones find a full disk in nearly the same state."""


@dataclass(frozen=True)
class Operation:
    """What is to fail: on copies of which directory, and with which arguments."""

    name: str
    start: Callable[[Grounds], Path]
    args: tuple[str, ...]


OPERATIONS = (
    Operation("migrate", lambda grounds: grounds.legacy, ("migrate",)),
    Operation("export", lambda grounds: grounds.ahead("for-export"), ("export",)),
    Operation("merge", lambda grounds: grounds.ahead("for-merge"), ("merge", "SURVIVOR", "OTHER")),
    Operation("import", lambda grounds: grounds.edited("for-import"), ("import",)),
    Operation("verify --fix", lambda grounds: grounds.damaged("for-fix"), ("verify", "--fix")),
)


def prove(effort: Effort) -> Iterator[Row]:
    """A row for each operation and way to fail."""
    rows = [(operation, way) for operation in OPERATIONS for way in WAYS]
    library = shim.build(effort.scratch)
    if library is None:
        for operation, way in rows:
            yield Row(f"{operation.name}: {WAYS[way]}", skipped=shim.NOT_HERE)
        return
    grounds = Grounds(effort.scratch)
    starts = {operation.name: operation.start(grounds) for operation in OPERATIONS}
    with Warm(effort.scratch, library) as warm:
        for number, (operation, way) in enumerate(rows):
            rng = random.Random(f"{effort.seed} {number}")
            mine = effort.slice(len(rows) - number)
            yield _Failing(warm, library, grounds, operation, starts[operation.name]).row(way, mine, rng)


class _Failing:
    """One operation, on fresh copies of one directory."""

    def __init__(self, warm: Warm, library: Path, grounds: Grounds, operation: Operation, start: Path) -> None:
        self.warm = warm
        self.library = library
        self.grounds = grounds
        self.operation = operation
        self.start = start
        self.before = content(start)
        self.after = self.before

    def row(self, way: str, effort: Effort, rng: random.Random) -> Row:
        """Every k up to the number of calls, or a share of them, in random order, so that little time tries all over.

        Where k is beyond the last call that can fail, the operation runs through; that is not counted.
        """
        row = Row(f"{self.operation.name}: {WAYS[way]}")
        done = self.grounds.copy(self.start)
        log = done.with_suffix(".log")
        first = self._run(done, {"FAULT_UNDER": str(done), "FAULT_ACTION": "list", "FAULT_LOG": str(log)})
        if first.code != 0:
            row.lost.append(f"without a failure: exit code {first.code}\n{first.said}")
            return row
        self.after = content(done)
        numbers = list(range(2, 1 + int(log.read_text().splitlines()[-1].split()[0])))
        rng.shuffle(numbers)
        for number in [1, *numbers[: round(len(numbers) * effort.share * TRIED[way])]]:
            if row.tried and not effort.left():
                break
            struck, wrong = self._try(number, way)
            row.tried += struck
            if wrong:
                row.lost.append(f"k = {number}:\n" + "\n".join(wrong))
        return row

    def _try(self, number: int, way: str) -> tuple[bool, list[str]]:
        """Whether the failure struck, and what is wrong then."""
        directory = self.grounds.copy(self.start)
        log = directory.with_suffix(".log")
        env = {"FAULT_UNDER": str(directory), "FAULT_ACTION": way, "FAULT_AT": str(number), "FAULT_LOG": str(log)}
        result = self._run(directory, env, cold=number % COLD == 0)
        struck = log.read_text() if log.exists() else ""
        wrong = self._judge(directory, result)
        again = self._run(directory)
        if again.code != 0:
            wrong.append(f"the next run: exit code {again.code}\n{again.said}")
        elif found := content(directory):
            wrong += [f"after the next run: {name} is not what it would be" for name in _other(found, self.after)]
        wrong += unsound(directory)
        shutil.rmtree(directory)
        return bool(struck), [struck, f"exit code {result.code}", result.said, *wrong] if wrong else []

    def _judge(self, directory: Path, result: Result) -> list[str]:
        """What is wrong right after the failure."""
        wrong = half_written(directory)
        wrong += [f"left over: {name}" for name in LOCKS if (directory / name).exists()] + left_over(directory)
        found = content(directory)
        if result.code == 0:  # it was of no consequence, as at the closing of a database that is complete
            return wrong + [f"exit code 0, but {name} is not what it would be" for name in _other(found, self.after)]
        if result.code != 4:
            wrong.append(f"exit code {result.code}")
        lines = result.err.splitlines()
        if not any(line.startswith("lifeos: ") for line in lines[:-1]) or "Traceback" in result.err:
            wrong.append("not an error of two lines")
        if "unexpected" in result.err:
            wrong.append("an error that nobody has thought of")
        undone = [name for name in _other(found, self.before) if name not in EXPORT_FILES]
        undone = undone if [name for name in _other(found, self.after) if name not in EXPORT_FILES] else []
        wrong += [f"{name} is neither as before nor as after" for name in undone]
        for name in EXPORT_FILES:
            if found.get(name) not in (self.before.get(name), self.after.get(name)):
                wrong.append(f"{name} is neither as before nor as after")
        return wrong

    def _run(self, directory: Path, env: dict[str, str] | None = None, cold: bool = False) -> Result:
        names = {"SURVIVOR": self.grounds.people[3], "OTHER": "new"}
        command, *args = (names.get(arg, arg) for arg in self.operation.args)
        if cold:
            preloaded = {**(env or {}), "LD_PRELOAD": str(self.library)}
            return run_installed("db", command, "--data-dir", directory, *args, env=preloaded, timeout=60)
        return self.warm.run("db", command, "--data-dir", directory, *args, env=env, timeout=20)


def _other(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What differs."""
    return [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
