"""Building the library that lets system calls fail (failing_calls.c), where this machine can."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("failing_calls.c")
NOT_HERE = "no C compiler, or a system without LD_PRELOAD"


def build(scratch: Path) -> Path | None:
    """The built library, in ``scratch``; None where it cannot be had."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    target = scratch / "failing_calls.so"
    command = [compiler, "-O2", "-shared", "-fPIC", str(SOURCE), "-o", str(target), "-ldl"]
    if subprocess.run(command, capture_output=True, timeout=60).returncode:
        return None  # for example a C library without renameat2
    return target
