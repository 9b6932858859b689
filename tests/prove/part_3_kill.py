"""Whatever is killed, and whenever: nothing that was acknowledged is gone, and the next run makes it good."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.circle import opened
from tests.prove import shim
from tests.prove.frame import Effort, Row
from tests.prove.grounds import Grounds, content, half_written, unsound
from tests.prove.warm import LIFEOS, Result, Warm

TITLE = "Kill"
KILLS = 1000
COLD = 20
"""Of so many kills one is of the installed program as it starts, the others of a process that is warm already."""

WRITER = """
import os, sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
for batch in range(int(sys.argv[2])):
    conn.execute("BEGIN")
    conn.executemany("INSERT INTO interactions (id, person_id, timestamp, source_type, title) VALUES (?, ?, ?, ?, ?)",
                     [(f"w{batch}-{n}", sys.argv[3], "2025-01-01", "gmail", "t" * 300) for n in range(ROWS)])
    conn.execute("UPDATE people SET notes = ? WHERE id = ?", (f"[{batch}]", sys.argv[3]))
    conn.execute("COMMIT")
    os.write(1, b"%d\\n" % batch)  # acknowledged
"""
ROWS = 20
WRITER = WRITER.replace("ROWS", str(ROWS))
BATCHES = 12


@dataclass(frozen=True)
class Target:
    """What is killed: on copies of which directory, with which arguments, and what the next run is."""

    name: str
    start: Callable[[Grounds], Path]
    args: tuple[str, ...]
    lasts: bool = False
    """It runs until it is stopped: the next run is stopped too."""


TARGETS = (
    Target("migrate", lambda grounds: grounds.legacy, ("migrate",)),
    Target("export", lambda grounds: grounds.ahead("for-export"), ("export",)),
    Target("merge", lambda grounds: grounds.ahead("for-merge"), ("merge", "SURVIVOR", "OTHER")),
    Target("import", lambda grounds: grounds.edited("for-import"), ("import",)),
    Target("watch", lambda grounds: grounds.edited("for-watch"), ("watch", "--debounce", "0"), lasts=True),
    Target("backup", lambda grounds: grounds.migrated, ("backup",)),
    Target("verify --fix", lambda grounds: grounds.damaged("for-fix"), ("verify", "--fix")),
)


def prove(effort: Effort) -> Iterator[Row]:
    """A row for each program that is killed."""
    library = shim.build(effort.scratch)
    grounds = Grounds(effort.scratch)
    number = effort.times(KILLS) // (len(TARGETS) + 1) + 1
    with Warm(effort.scratch, library) as warm:
        for index, target in enumerate((None, *TARGETS)):
            rng = random.Random(f"{effort.seed} {index}")
            mine = effort.slice(len(TARGETS) + 1 - index)
            killing = _Killing(warm, grounds, rng, library is not None, number, mine)
            yield killing.of_a_writer() if target is None else killing.of(target)


class _Killing:
    """Kills of one program, at random moments: half of them after a random time, half at a random system call."""

    def __init__(
        self, warm: Warm, grounds: Grounds, rng: random.Random, can_count: bool, number: int, effort: Effort
    ) -> None:
        self.warm = warm
        self.grounds = grounds
        self.rng = rng
        self.can_count = can_count
        self.number = number
        self.effort = effort

    def of(self, target: Target) -> Row:
        start = target.start(self.grounds)
        args = [self._person(arg) for arg in target.args]
        done = self.grounds.copy(start)
        log = done.with_suffix(".log")
        listed = {"FAULT_UNDER": str(done), "FAULT_ACTION": "list", "FAULT_LOG": str(log)}
        first = self._run(target, args, done, env=listed)
        row = Row(f"SIGKILL of {target.name}")
        if first.code != 0 or (wrong := unsound(done)):
            row.lost.append(f"without a kill: exit code {first.code}\n{first.said}\n{wrong if not first.code else ''}")
            return row
        after = content(done)
        calls = int(log.read_text().splitlines()[-1].split()[0]) if log.exists() else 0
        while row.tried < self.number and (self.effort.left() or not row.tried):
            directory = self.grounds.copy(start)
            row.tried += 1
            where = self._kill(row.tried, args, directory, first.seconds, calls)
            wrong = half_written(directory)
            again = self._run(target, args, directory)
            if again.code != 0:
                wrong.append(f"the next run: exit code {again.code}\n{again.said}")
            else:
                wrong += unsound(directory)
                wrong += [
                    f"{name} is not what it would be"
                    for name, value in content(directory).items()
                    if value != after[name]
                ]
            if wrong:
                row.lost.append(f"killed {where}:\n" + "\n".join(wrong))
            shutil.rmtree(directory)
        return row

    def _person(self, arg: str) -> str:
        return {"SURVIVOR": self.grounds.people[3], "OTHER": "new"}.get(arg, arg)

    def _run(self, target: Target, args: list[str], directory: Path, env: dict[str, str] | None = None) -> Result:
        """To its end; where there is none, until it has had time for what is to do."""
        command = ("db", args[0], "--data-dir", directory, *args[1:])
        if not target.lasts:
            return self.warm.run(*command, env=env, timeout=20)
        result = self.warm.run(*command, env=env, signal_after=(0.1, signal.SIGTERM), timeout=20)
        if result.code == -signal.SIGTERM:  # it had not even begun, on a machine that is busy
            result = self.warm.run(*command, env=env, signal_after=(5, signal.SIGTERM), timeout=20)
        return result

    def _kill(self, turn: int, args: list[str], directory: Path, seconds: float, calls: int) -> str:
        """Start it and kill it; returns when, in words."""
        command = ("db", args[0], "--data-dir", str(directory), *args[1:])
        if turn % COLD == 0:
            moment = self.rng.uniform(0.1, 0.4 + seconds)
            process = subprocess.Popen([LIFEOS, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=moment)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return f"{moment:.3f} s after it was started"
        if calls and turn % 2:
            at = self.rng.randint(1, calls)
            env = {"FAULT_UNDER": str(directory), "FAULT_ACTION": "kill", "FAULT_AT": str(at)}
            env["FAULT_LOG"] = str(directory.with_suffix(".log"))
            self.warm.run(*command, env=env, signal_after=(seconds + 5, signal.SIGKILL))
            return f"at system call {at} of {calls}"
        moment = self.rng.uniform(0, seconds)
        self.warm.run(*command, signal_after=(moment, signal.SIGKILL))
        return f"after {moment:.3f} s of {seconds:.3f}"

    def of_a_writer(self) -> Row:
        """Plain SQL, in batches, of which each is said to be there once it is committed."""
        row = Row("SIGKILL of a writer of plain SQL")
        person = self.grounds.people[1]
        seconds = self.warm.run(
            self.grounds.copy(self.grounds.migrated) / "interactions.db", BATCHES, person, code=WRITER
        ).seconds
        while row.tried < self.number and (self.effort.left() or not row.tried):
            directory = self.grounds.copy(self.grounds.migrated)
            row.tried += 1
            env = {}
            if self.can_count and row.tried % 2:
                env = {"FAULT_UNDER": str(directory), "FAULT_ACTION": "kill"}
                env |= {"FAULT_AT": str(self.rng.randint(1, 400)), "FAULT_LOG": str(directory.with_suffix(".log"))}
            moment = self.rng.uniform(0, seconds)
            result = self.warm.run(
                directory / "interactions.db",
                BATCHES,
                person,
                code=WRITER,
                env=env,
                signal_after=(moment, signal.SIGKILL),
            )
            wrong = self._judge_writer(directory, list(map(int, result.out.split())))
            if wrong:
                row.lost.append(f"killed after {moment:.3f} s {env.get('FAULT_AT', '')}:\n" + "\n".join(wrong))
            shutil.rmtree(directory)
        return row

    def _judge_writer(self, directory: Path, acknowledged: list[int]) -> list[str]:
        wrong = []
        with opened(directory) as conn:
            found = dict(
                conn.execute(
                    "SELECT CAST(substr(id, 2, instr(id, '-') - 2) AS INTEGER), count(*) FROM interactions "
                    "WHERE id LIKE 'w%-%' AND title LIKE 'ttt%' GROUP BY 1"
                ).fetchall()
            )
        wrong += [f"batch {batch} was committed and is gone" for batch in acknowledged if batch not in found]
        wrong += [f"batch {batch} has {rows} of {ROWS} rows" for batch, rows in found.items() if rows != ROWS]
        if len(found) > len(acknowledged) + 1:
            wrong.append(f"{len(found)} batches, of which {len(acknowledged)} were acknowledged")
        export = self.warm.run("db", "export", "--data-dir", directory, timeout=20)
        if export.code != 0:
            wrong.append(f"export: exit code {export.code}\n{export.said}")
        return wrong + unsound(directory)
