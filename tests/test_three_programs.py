"""A plain-SQL writer, a program of the legacy kind and watch, together: in small what bench/ does for a minute."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parent.parent / "bench" / "three_programs.py"


def test_three_programs_at_once_lose_nothing() -> None:
    result = subprocess.run([sys.executable, str(BENCH), "6"], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 lost" in result.stdout
    assert int(result.stdout.split(" edits by the legacy program")[0].split()[-1]) > 5
