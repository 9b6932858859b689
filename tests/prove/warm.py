"""A process that has imported the program and runs it as often as asked, each time in a child of its own.

Starting Python and importing costs a quarter of a second, a fork a few milliseconds; and a kill at a random moment
then meets the work, not the imports. What runs in the child is the installed program's entry point.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

import typer.main

LIFEOS = Path(sys.executable).with_name("lifeos")
IMPORTED = (
    "migration",
    "verification",
    "importing",
    "merging",
    "unmerging",
    "splitting",
    "hiding",
    "orphaned",
    "duplicate_pairs",
    "watching",
    "running",
    "sessions",
    "ties",
    "demo",
    "swapping",
    "migrations",
    "cli.main",
)


@dataclass(frozen=True)
class Result:
    """What a program did. ``code`` is negative where a signal ended it, None where it did not end in time.

    ``seconds`` is how long it took, ``cpu`` how many of them it worked.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    cpu: float

    @property
    def said(self) -> str:
        """What it said to people."""
        return self.out + self.err


def run_installed(*args: object, env: Mapping[str, str] | None = None, timeout: float = 60.0) -> Result:
    """Run the installed program, from its start; what it worked is not measured."""
    started = time.monotonic()
    command = [str(LIFEOS), *map(str, args)]
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "100", **(env or {})},
    )
    code: int | None
    try:
        out, err = child.communicate(timeout=timeout)
        code = child.returncode
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        code = None
    return Result(code, out, err, time.monotonic() - started, 0.0)


class Warm:
    """``with Warm(scratch, library) as warm: warm.run("db", "verify", ...)``. ``library`` is preloaded, if given."""

    def __init__(self, scratch: Path, library: Path | None = None) -> None:
        self.output = Path(tempfile.mkdtemp(dir=scratch))
        env = {**os.environ, "COLUMNS": "100", "GITHUB_STEP_SUMMARY": ""}
        env |= {"LD_PRELOAD": str(library)} if library else {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.prove.warm", str(self.output)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
            cwd=Path(__file__).parents[2],
        )

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.process.communicate(timeout=20)  # closes its input, at which it ends
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()

    def run(
        self,
        *args: object,
        code: str | None = None,
        env: Mapping[str, str] | None = None,
        signal_after: tuple[float, int] | None = None,
        timeout: float = 60.0,
    ) -> Result:
        """Run ``lifeos`` with these arguments, or Python ``code`` with them in sys.argv[1:].

        After so many seconds it gets the signal in ``signal_after``; after ``timeout`` it is killed, and has no code.
        """
        asked: dict[str, Any] = {"args": list(map(str, args)), "code": code, "env": dict(env or {})}
        asked |= {"signal_after": signal_after, "timeout": timeout}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        out, err = (
            (self.output / name).read_text(encoding="utf-8", errors="surrogateescape") for name in ("out", "err")
        )
        return Result(answer["code"], out, err, answer["seconds"], answer["cpu"])


def _serve(output: Path) -> None:
    for name in IMPORTED:
        import_module(f"lifeos_db.{name}")
    for name in ("filelock", "sqlite_utils", "orjson"):
        import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    errors = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    _keep_commands()
    _run_here(["db", "verify", "--data-dir", "/dev/null/none"], None)  # typer imports the half of it when it runs
    os.dup2(errors, 2)
    gc.freeze()  # else the first collection in each child copies every page
    for line in sys.stdin:
        asked = json.loads(line)
        for name in ("out", "err"):
            (output / name).write_bytes(b"")
        started = time.monotonic()
        child = os.fork()
        if not child:
            _run_child(asked, output)
        code, cpu = _wait(child, started, asked["signal_after"], asked["timeout"])
        json.dump({"code": code, "seconds": time.monotonic() - started, "cpu": cpu}, answers)
        answers.write("\n")
        answers.flush()


def _keep_commands() -> None:
    """Let typer make the commands out of the functions once, and not in each child: that is half of a short run."""
    app = import_module("lifeos_db.cli.main").load()
    make = typer.main.get_command
    made = make(app)
    typer.main.get_command = lambda typer_instance: made if typer_instance is app else make(typer_instance)


def _wait(
    child: int, started: float, signal_after: tuple[float, int] | None, timeout: float
) -> tuple[int | None, float]:
    """The exit code, and the seconds of work."""
    while (now := time.monotonic() - started) < timeout:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        if signal_after and now >= signal_after[0]:
            os.kill(child, signal_after[1])
            signal_after = None
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    _, _, usage = os.wait4(child, 0)
    return None, usage.ru_utime + usage.ru_stime


def _run_child(asked: dict[str, Any], output: Path) -> None:
    code = 99
    try:
        for number, name in ((1, "out"), (2, "err")):
            file = os.open(output / name, os.O_WRONLY | os.O_APPEND)
            os.dup2(file, number)
            os.close(file)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        os.environ.update(asked["env"])
        _arm()
        code = _run_here(asked["args"], asked["code"])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _arm() -> None:
    """Let the preloaded library, if there is one, read the environment again."""
    try:
        ctypes.CDLL(None).fault_arm()
    except AttributeError:
        pass


def _run_here(args: Sequence[str], code: str | None) -> int:
    try:
        if code is not None:
            sys.argv = ["-c", *args]
            exec(compile(code, "<given>", "exec"), {"__name__": "__main__"})
        else:
            sys.argv = ["lifeos", *args]
            import_module("lifeos_db.cli.main").main()
        return 0
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
