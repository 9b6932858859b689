"""Running somebody's script as it is, with the JSON files imported and exported around it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from types import FrameType

from .changes import ChangeReport, find_changes, take_snapshot
from .database import DEFAULT_TIMEOUT, open_reader, translated_errors
from .directory import DataDirectory
from .errors import CommandNotStarted, LifeosError
from .import_report import ImportReport
from .importing import import_edits
from .schema_objects import require_current
from .verification import VerifyReport, verify

NOT_FOUND = 127
NOT_RUNNABLE = 126
"""Exit codes that shells give for a command that is not there, and for one that cannot be run."""

_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")


@dataclass
class RunReport:
    """What a command did. ``code`` is its exit code, 128 + n where signal n ended it.

    ``imports`` are what was taken in from the JSON files before and after it; ``changes`` is None where it could not be
    started; ``failures`` is what kept an import or export from being done.
    """

    code: int
    seconds: float = 0.0
    changes: ChangeReport | None = None
    imports: list[ImportReport] = field(default_factory=list)
    failures: list[LifeosError] = field(default_factory=list)
    verified: VerifyReport | None = None


def run(
    command: Sequence[str],
    data_dir: str | os.PathLike[str] | None = None,
    *,
    verify_after: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
) -> RunReport:
    """Import, run ``command`` with this process's input, output and environment, import, export and compare.

    What cannot be done around the command does not keep it from running; it is in ``failures``. Signals that reach
    this process meanwhile are passed on to the command. Only the main thread may call it.

    Raises what opening raises before the command is started.
    """
    directory = DataDirectory.locate(data_dir)
    path = directory.existing_database()
    report = RunReport(0)
    with translated_errors(path, timeout), closing(open_reader(path, timeout)) as conn:
        require_current(conn, path)
    _import(directory, report, timeout)
    with translated_errors(path, timeout), closing(open_reader(path, timeout)) as conn:
        before = take_snapshot(conn)
    started = time.monotonic()
    try:
        report.code = _run_child(command)
    except OSError as error:
        report.code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUNNABLE
        report.failures.append(CommandNotStarted(command[0], error.strerror or str(error)))
        return report
    report.seconds = time.monotonic() - started
    _import(directory, report, timeout)
    try:
        with translated_errors(path, timeout), closing(open_reader(path, timeout)) as conn:
            report.changes = find_changes(conn, before, take_snapshot(conn))
        if verify_after:
            report.verified = verify(directory.path, timeout=timeout)
    except LifeosError as error:
        report.failures.append(error)
    return report


def _import(directory: DataDirectory, report: RunReport, timeout: float) -> None:
    try:
        report.imports.append(import_edits(directory.path, timeout=timeout))
    except LifeosError as error:
        if str(error) not in map(str, report.failures):
            report.failures.append(error)


def _run_child(command: Sequence[str]) -> int:
    """Run it to its end, whatever signals come; the exit code as shells give it. Raises OSError."""
    received: list[int] = []
    child: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _: FrameType | None) -> None:
        if child is None:
            received.append(number)
        elif number != signal.SIGINT or not _terminal_tells_the_child():
            child.send_signal(number)

    with _handled(pass_on):
        child = subprocess.Popen(command)
        for number in received:
            child.send_signal(number)
        code = child.wait()
    return 128 - code if code < 0 else code


def _terminal_tells_the_child() -> bool:
    """Whether a Ctrl-C has reached the command already: a terminal sends it to every process in its foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals here, and as before afterwards. A handler, unlike SIG_IGN, is not handed down to the command.

    What this process was told to ignore (nohup) stays ignored.
    """
    numbers = [getattr(signal, name) for name in (*_PASSED_ON, "SIGINT") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: action for number, action in before.items() if action != signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)
