"""Run every part, two at a time, each in a process of its own, and print one table.

python -m tests.prove [--seed N] [--share X] [--seconds N] [PART ...]

PART is a number or a name, as in part_1_statements.

Exit code 0 if nothing was lost, else 1. Two runs with one seed and one set of parts try the same.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.prove import frame
from tests.prove.frame import Row

AT_ONCE = 2
GRACE = 60.0
"""Seconds that a part may go on after its time: for what it is in the middle of."""
IN_ALL = 840.0
"""Seconds after which no part has any left: with the grace, a quarter of an hour."""
RUNNING: set[subprocess.Popen[str]] = set()
"""The parts that run now, each the leader of a session of its own, which no Ctrl-C reaches."""
SHOWN = 3
"""Losses shown in full for each row."""


def main() -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description="Prove that nothing is lost.")
    parser.add_argument("parts", nargs="*", metavar="PART", help="a part's number or name; all by default")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--share", type=float, default=1.0, help="of the full number of tries")
    parser.add_argument("--seconds", type=float, default=frame.FULL_SECONDS, help="the most that a part may take")
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    chosen = [name for name in frame.names() if not options.parts or _is_named(name, options.parts)]
    if not chosen:
        parser.error(f"no such part; there are {', '.join(frame.names())}")
    if options.in_this_process:
        return _run_here(chosen[0], options)
    started = time.monotonic()
    print(f"seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            ends = started + IN_ALL
            results = list(pool.map(lambda name: _run_apart(name, options, ends - time.monotonic()), chosen))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in RUNNING:
                os.killpg(process.pid, signal.SIGKILL)
            return 130
    _print_table(chosen, results)
    failed = [row for rows in results for row in rows if row.failed()]
    seconds = time.monotonic() - started
    lost = sum(len(row.lost) for row in failed) or "something"
    print(f"\n{lost if failed else 'nothing'} lost in {seconds:.0f} s, seed {options.seed}")
    return 1 if failed else 0


def _is_named(name: str, wanted: list[str]) -> bool:
    return name in wanted or name.split("_")[1] in wanted or name.split("_", 2)[2] in wanted


def _run_here(name: str, options: argparse.Namespace) -> int:
    """One part; its rows as JSON, a line each as soon as it is known, are the only thing on stdout."""
    with tempfile.TemporaryDirectory() as scratch:
        for row in frame.run(name, options.share, options.seed, options.seconds, Path(scratch)):
            print(json.dumps(row.to_dict()), flush=True)
    return 0


def _run_apart(name: str, options: argparse.Namespace, left: float) -> list[Row]:
    """One part in a process of its own, ended with all its children where it does not end itself."""
    seconds = min(options.seconds, max(left, 1))
    command = [sys.executable, "-m", "tests.prove", name, "--in-this-process"]
    command += [f"--share={options.share}", f"--seed={options.seed}", f"--seconds={seconds}"]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lifeos-prove-") as scratch:
        process = subprocess.Popen(
            command,
            env={**os.environ, "TMPDIR": scratch},  # so nothing stays behind of a part that is ended
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        RUNNING.add(process)
        try:
            output, errors = process.communicate(timeout=seconds + GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
            errors += "it did not end in time"
        finally:
            RUNNING.discard(process)
    rows = [Row(**json.loads(line)) for line in output.splitlines()]
    if process.returncode or not rows:
        rows.append(Row("the part itself", 1, [f"exit code {process.returncode}\n{errors[-4000:]}"]))
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


def _print_table(parts: list[str], results: list[list[Row]]) -> None:
    width = max((len(row.what) for rows in results for row in rows), default=0)
    titles = [frame.load(name).TITLE for name in parts]
    first = max(map(len, titles))
    print(f"\n{'part':<{first}}  {'what was tried':<{width}}  {'times':>9}  lost")
    for title, rows in zip(titles, results):
        for row in rows:
            result = (
                f"skipped: {row.skipped}" if row.skipped and not row.tried else f"{row.tried:>9,}  {len(row.lost):>4}"
            )
            print(f"{title:<{first}}  {row.what:<{width}}  {result}")
            title = ""
    for title, rows in zip(titles, results):
        for row in rows:
            for loss in row.lost[:SHOWN]:
                print(f"\nLOST: {title}, {row.what}\n{loss}")


if __name__ == "__main__":
    sys.exit(main())
