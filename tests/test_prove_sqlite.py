"""docs/compatibility.md: the table names every version of SQLite that is tried, and nothing was lost."""

from __future__ import annotations

import re
from pathlib import Path

from tests.prove.sqlites import RELEASES, TOO_OLD

PAGE = Path(__file__).parent.parent / "docs" / "compatibility.md"


def test_the_table_is_that_of_the_releases() -> None:
    table = PAGE.read_text().split("<!-- the table of")[1].split("<!-- end")[0]
    rows = re.findall(r" on SQLite (3[.\d]+)[^\d]*? ([\d,]+) +(\d+)$", table, re.MULTILINE)
    others = rows[1:]
    assert [version for version, _, _ in others] == [release.sqlite for release in (*RELEASES, TOO_OLD)]
    assert {lost for _, _, lost in rows} == {"0"}
    assert all(int(tried.replace(",", "")) > 1000 for _, tried, _ in others[:-1])


def test_the_releases_are_one_a_minor_version_without_a_gap() -> None:
    minors = [int(release.sqlite.split(".")[1]) for release in RELEASES]
    assert minors == [minor for minor in range(37, minors[-1] + 1) if minor != 52]
