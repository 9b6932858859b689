"""`make bench` at a tiny size: every measurement runs and is in the table; what it takes is not judged."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MEASURED = (
    "INSERT OR IGNORE of 300 rows, one transaction: people triggers",
    "INSERT of 37 rows, commits of 500: relationship triggers too",
    "OR IGNORE of 150 known ids",
    "one new message until the count is right",
    "one new message until the JSON is right",
    "export with nothing to do",
    "export of everything",
    "verify --only counts",
    "verify, all default checks",
    "migrate 400 rows and 60 people: without relationships",
    "merge of a person with 150 interactions: people triggers",
    "move of 150 rows: people triggers",
    "delete of 150 rows: people triggers",
    "lifeos --version",
    "lifeos db verify of the sample",
    "growth: ",
    "size of the database",
    "peak memory of migrate",
    "peak memory of verify",
    "peak memory of export",
)


def test_the_benchmark_measures_everything_it_promises(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "--tiny", "--into", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert result.returncode == 0, result.stderr
    results = (tmp_path / "results.md").read_text()
    figures = results.split("## Growth")[0].splitlines()
    for what in MEASURED:
        found = [line for line in figures if line.startswith(f"| {what}")]
        assert found, f"no line for {what}"
        for line in found:
            assert re.search(r"\| [\d,.]+ (x|x faster|ms|MB) \|", line), line
    assert (ROOT / "bench" / "notes.md").read_text().strip() in results
    assert "| 100 | 200 | 400 |" in results, "the sizes of the growth curves"
