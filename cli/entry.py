"""Where the installed program begins: what Ctrl-C does, from before the first import to after the last line."""

from __future__ import annotations

import signal
import sys
from types import FrameType

INTERRUPTED = 130
"""Exit code: stopped by Ctrl-C."""


def main() -> None:
    """Run the program; Ctrl-C ends it with two lines and exit code 130, also while it is still being loaded."""
    stopped: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)
        raise KeyboardInterrupt

    def ignored(report: sys.UnraisableHookArgs) -> None:
        # Python drops a KeyboardInterrupt that comes while it tidies up a generator, and says so at length. The command
        # then comes to its end, and the exit code tells.
        if not issubclass(report.exc_type, KeyboardInterrupt):
            sys.__unraisablehook__(report)

    sys.unraisablehook = ignored
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is ignored, as under nohup
        signal.signal(signal.SIGINT, stop)
    try:
        from .main import main as run

        run()
    except (KeyboardInterrupt, SystemExit):
        if not stopped:
            raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is over; what is left is to leave
    if stopped:
        print("lifeos: interrupted; nothing is half done", file=sys.stderr)
        print("Run the command again when you like.", file=sys.stderr)
        sys.exit(INTERRUPTED)
