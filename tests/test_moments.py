"""Moments: spans and dates as people write them, and the latest instant without looking at every row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifeos_db.moments import INSTANT_SQL, ago, moment_back
from lifeos_db.overview import source_statuses
from lifeos_db.people_search import find_people
from lifeos_db.person_profile import activity
from tests.conftest import add_interaction, new_database

NOW = "2026-03-31T12:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90d", "2025-12-31T12:00:00.000Z"),
        ("1 day", "2026-03-30T12:00:00.000Z"),
        ("2w", "2026-03-17T12:00:00.000Z"),
        ("1m", "2026-02-28T12:00:00.000Z"),  # there is no 31st
        ("13 Months", "2025-02-28T12:00:00.000Z"),
        ("2y", "2024-03-31T12:00:00.000Z"),
        ("0d", NOW),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T01:00:00+02:00", "2026-01-30T23:00:00.000Z"),
    ],
)
def test_a_span_or_a_date_is_a_moment(text: str, expected: str) -> None:
    assert moment_back(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "90", "d", "90x", "-3d", "soon", "2026-13-01", "2026-04-01", "999999999d", "9999y"]
)
def test_anything_else_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither a time such as 90d|lies in the future"):
        moment_back(text, NOW)


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ("2026-03-31T11:59:30.000Z", "just now"),
        ("2026-03-31T11:59:00.000Z", "1 minute ago"),
        ("2026-03-31T09:00:00.000Z", "3 hours ago"),
        ("2026-03-28T12:00:00.000Z", "3 days ago"),
        ("2026-02-10T12:00:00.000Z", "49 days ago"),
        ("2025-11-30T12:00:00.000Z", "3 months ago"),
        ("2017-03-31T12:00:00.000Z", "9 years ago"),
        ("2026-04-03T12:00:00.000Z", "in 3 days"),
        ("0000-01-01T12:00:00.000Z", "0000-01-01"),
    ],
)
def test_how_long_ago_is_said_in_one_unit(instant: str, words: str) -> None:
    assert ago(instant, NOW) == words


DAYS = st.sampled_from(
    ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31", "2026-04-01", "2026-02-31", "2019-02-31"]
)
TIMES = st.sampled_from(["", "T00:00:00", "T23:59:59.999", " 11:00", "T12:30:00"])
OFFSETS = st.sampled_from(["", "Z", "+00:00", "+14:00", "-14:00", "+05:30"])
TIMESTAMPS = st.one_of(
    st.builds(lambda day, time, offset: day + time + (offset if time else ""), DAYS, TIMES, OFFSETS),
    st.sampled_from(
        ["1970-01-01T00:00:00+00:00", "2054-07-21T12:00:00+00:00", "no date", "2026-00-10", "", "0000-01-02"]
    ),
)


@pytest.fixture(scope="module")
def empty() -> Iterator[sqlite3.Connection]:
    with closing(new_database()) as conn:
        conn.execute("INSERT INTO people (id, canonical_name) VALUES ('ann', 'Ann'), ('bob', 'Bob')")
        conn.execute("INSERT INTO settings (key, value) VALUES ('as_of', ?)", (NOW,))
        yield conn


@settings(max_examples=120)
@given(
    rows=st.lists(st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from(["gmail", "fax"]), TIMESTAMPS), max_size=8)
)
def test_the_last_contact_is_that_of_the_view(empty: sqlite3.Connection, rows: list[tuple[str, str, str]]) -> None:
    """What is found at the end of an index is what the view finds in all rows, whatever the offsets."""
    empty.execute("BEGIN")
    try:
        for number, (person, source, timestamp) in enumerate(rows):
            add_interaction(empty, f"i{number}", person, source, timestamp=timestamp)
        view = {
            row[0]: dict(zip(("first", "last", "next", "interactions", "undated", "future"), row[1:]))
            for row in empty.execute(
                "SELECT person_id, first_interaction, last_interaction, next_interaction, total, undated, future "
                "FROM person_activity"
            )
        }
        for found in find_people(empty, "", NOW):
            expected = view.get(found.person_id, {"last": None, "interactions": 0})
            assert (found.last_contact, found.total) == (expected["last"], expected["interactions"])
        for identity, numbers in view.items():
            numbers_found = activity(empty, identity, NOW)
            assert {name: numbers_found[name] for name in numbers} == numbers
        by_source = empty.execute(
            f"SELECT source_type, max(iif(instant <= ?, instant, NULL)) "
            f"FROM (SELECT source_type, {INSTANT_SQL} AS instant FROM interactions) GROUP BY source_type",
            (NOW,),
        )
        assert dict(by_source) == {source.source_type: source.last for source in source_statuses(empty, NOW)}
    finally:
        empty.execute("ROLLBACK")
