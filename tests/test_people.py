"""lifeos db people: found by any part of what they are called, in the order asked for, met or not met since."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from lifeos_db.people_search import ORDERS
from tests.conftest import Program, add_interaction
from tests.terminal import columns_of, on_terminal, widest, without_colour

PEOPLE = [
    # id, canonical name, display name, aliases, emails, phone, category, tags, hidden
    ("me", "Olga Owner", "", "[]", "[]", None, "self", "[]", 0),
    (
        "ada",
        "Ada Brandt",
        "",
        '["Countess"]',
        '["Ada.B@Example.org"]',
        "+49 (30) 123-456",
        "work",
        '["VIP", "déjà"]',
        0,
    ),
    ("bjorn", "Björn Kovač", "", "[]", '["bk@x.org"]', "0049 40 777", "family", "[]", 0),
    ("cy", "cy kovac", "Cy the Second", "[]", "[]", None, "work", '["vip"]', 0),
    ("dee", "Dee Łukasz", "", "[]", '["dee@x.org"]', None, None, None, 0),
    ("hid", "Ada Hidden", "", "[]", "[]", None, "work", "[]", 1),
    ("old", "Ada Old", "", "[]", "[]", None, "work", "[]", 0),
]


def days_ago(days: float, hours_east: int = 0) -> str:
    moment = datetime.now(timezone.utc) - timedelta(days=days)
    return moment.astimezone(timezone(timedelta(hours=hours_east))).isoformat()


@pytest.fixture(scope="module")
def circle_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small directory: an owner, four people met at known times, one hidden, one merged away by plain SQL."""
    directory = tmp_path_factory.mktemp("circle")
    lifeos_db.migrate(directory)
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        conn.executemany(
            "INSERT INTO people (id, canonical_name, display_name, aliases, emails, phone_primary, category, tags, "
            "hidden) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            PEOPLE,
        )
        conn.execute("INSERT INTO settings (key, value) VALUES ('owner_id', 'me')")
        conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES ('old', 'ada')")
        met = [
            ("ada", "imessage", 100, 0, 5),
            ("ada", "gmail", 200, 0, 2),
            ("bjorn", "calendar", 10, 9, 1),
            ("bjorn", "phone", 400, 0, 3),
            ("cy", "whatsapp", 95, 0, 1),
            ("hid", "gmail", 300, 0, 1),
        ]
        for person, source, days, east, number in met:
            for n in range(number):
                add_interaction(
                    conn, f"{person}-{source}-{n}", person, source, timestamp=days_ago(days + n, east), title=f"{n}"
                )
        add_interaction(conn, "later", "ada", "calendar", timestamp=days_ago(-30))
        add_interaction(conn, "undated", "dee", "vault", timestamp="1970-01-01T00:00:00+00:00")
        conn.commit()
    return directory


@pytest.fixture
def circle(circle_once: Path, tmp_path: Path) -> Path:
    """A fresh copy of it."""
    return Path(shutil.copytree(circle_once, tmp_path / "data"))


def ids(directory: Path, query: str = "", **options: Any) -> list[str]:
    return [person.person_id for person in lifeos_db.people(directory, query, **options).people]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ada", ["ada"]),
        ("RANDT", ["ada"]),
        ("brandt ada", ["ada"]),
        ("counte", ["ada"]),
        ("a.b@exam", ["ada"]),
        ("30 123", ["ada"]),
        ("(30) 12", ["ada"]),
        ("+49", ["ada", "bjorn"]),
        ("0049", ["ada", "bjorn"]),
        ("kovac", ["bjorn", "cy"]),
        ("KOVAČ", ["bjorn", "cy"]),
        ("bjorn", ["bjorn"]),
        ("bjo\u0308rn", ["bjorn"]),
        ("lukasz", ["dee"]),
        ("second", ["cy"]),
        ("x.org", ["bjorn", "dee"]),
        ("kovac bk@", ["bjorn"]),
        ("%", []),
        ("hidden", []),
        ("Ada Old", []),
        ("nobody", []),
    ],
)
def test_they_are_found_by_any_part(circle: Path, query: str, expected: list[str]) -> None:
    assert sorted(ids(circle, query)) == expected


def test_hidden_people_are_left_out_unless_asked_for(circle: Path) -> None:
    assert "hid" not in ids(circle)
    assert ids(circle, "hidden", hidden=True) == ["hid"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"category": "WORK"}, ["ada", "cy"]),
        ({"category": "nonsense"}, []),
        ({"tag": "vip"}, ["ada", "cy"]),
        ({"tag": "deja"}, ["ada"]),
        ({"tag": "vip", "category": "work", "query": "kovac"}, ["cy"]),
    ],
)
def test_categories_and_tags_narrow_it(circle: Path, options: dict[str, Any], expected: list[str]) -> None:
    assert sorted(ids(circle, **options)) == expected


def test_it_gives_the_four_counts_the_total_and_the_last_contact(circle: Path) -> None:
    found = {person.person_id: person for person in lifeos_db.people(circle).people}
    ada, bjorn, dee = found["ada"], found["bjorn"], found["dee"]
    assert (ada.email, ada.meeting, ada.mention, ada.message, ada.total) == (2, 1, 0, 5, 8)
    assert (bjorn.meeting, bjorn.message, bjorn.total) == (1, 0, 4)  # calls are in total, and in no count
    assert (dee.mention, dee.total, dee.last_contact) == (1, 1, None)
    day = (datetime.now(timezone.utc) - timedelta(days=100)).date()
    assert ada.last_contact is not None
    assert abs((datetime.fromisoformat(ada.last_contact[:10]).date() - day).days) <= 1  # the meeting to come is apart


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("closeness", ["ada", "bjorn", "cy", "dee", "me"]),
        ("name", ["ada", "bjorn", "cy", "dee", "me"]),
        ("last", ["bjorn", "cy", "ada", "dee", "me"]),
        ("total", ["ada", "bjorn", "cy", "dee", "me"]),
        ("email", ["ada", "bjorn", "cy", "dee", "me"]),
        ("mention", ["dee", "ada", "bjorn", "cy", "me"]),
        ("message", ["ada", "cy", "bjorn", "dee", "me"]),
        ("meeting", ["ada", "bjorn", "cy", "dee", "me"]),
    ],
)
def test_each_order_puts_first_what_it_says(circle: Path, order: Any, expected: list[str]) -> None:
    assert ids(circle, order=order) == expected


def test_the_orders_are_all_tried_and_all_offered(lifeos: Program) -> None:
    offered = re.search(
        r"--sort +[<[]([a-z|]+)[]>]", lifeos("db", "people", "--help", COLUMNS="300", TERM="dumb").stdout
    )
    assert offered is not None
    assert tuple(offered[1].split("|")) == ORDERS


def test_who_was_not_met_for_90_days_the_closest_first_is_one_command(lifeos: Program, circle: Path) -> None:
    """Also who was never met; not the owner, who cannot meet themselves."""
    result = lifeos("db", "people", "--not-since", "90d", "--format", "json", "--data-dir", circle)
    report = json.loads(result.stdout)
    closeness = [person["closeness"] for person in report["people"]]
    assert [person["person_id"] for person in report["people"]] == ["ada", "cy", "dee"]
    assert closeness == sorted(closeness, reverse=True)
    assert closeness[0] == lifeos_db.profile(circle, "me", limit=1).ties[0].edge_weight


@pytest.mark.parametrize(
    ("since", "expected"),
    [("99d", ["ada", "dee"]), ("13w", ["ada", "cy", "dee"]), ("2y", ["dee"]), ("5d", ["ada", "bjorn", "cy", "dee"])],
)
def test_not_since_is_counted_from_now(circle: Path, since: str, expected: list[str]) -> None:
    assert sorted(ids(circle, not_since=since)) == expected


@pytest.mark.parametrize("since", ["soon", "90", "2999-01-01"])
def test_a_time_that_says_nothing_is_a_usage_error(lifeos: Program, circle: Path, since: str) -> None:
    result = lifeos("db", "people", "--not-since", since, "--data-dir", circle)
    assert (result.returncode, result.stdout) == (2, "")
    assert since in result.stderr
    assert "Traceback" not in result.stderr


def test_a_row_of_this_minute_counts_though_as_of_is_older(circle: Path) -> None:
    with closing(sqlite3.connect(circle / "interactions.db")) as conn:
        conn.execute("UPDATE settings SET value = '2020-01-01T00:00:00.000Z' WHERE key = 'as_of'")
        add_interaction(conn, "now", "cy", timestamp=days_ago(0.001, hours_east=14))
        conn.commit()
    assert ids(circle, order="last")[0] == "cy"


def test_the_limit_says_how_many_more_there_are(lifeos: Program, circle: Path) -> None:
    lines = lifeos("db", "people", "--limit", 2, "--data-dir", circle).stdout.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "and 3 more; --limit 5 shows them all"
    found = json.loads(lifeos("db", "people", "--limit", 2, "--format", "json", "--data-dir", circle).stdout)
    assert (len(found["people"]), found["found"]) == (2, 5)


def test_nobody_is_found_without_a_fuss(lifeos: Program, circle: Path) -> None:
    result = lifeos("db", "people", "nonsense", "--data-dir", circle)
    assert (result.returncode, result.stdout, result.stderr) == (0, "nobody\n", "")


def test_without_an_owner_it_says_so_and_sorts_by_the_total(lifeos: Program, circle: Path) -> None:
    with closing(sqlite3.connect(circle / "interactions.db")) as conn:
        conn.execute("DELETE FROM settings WHERE key = 'owner_id'")
        conn.commit()
    result = lifeos("db", "people", "--data-dir", circle)
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["name", "Ada", "Björn", "Cy", "Dee", "Olga"]
    assert "lifeos db migrate --owner" in result.stderr


def test_names_are_shown_harmlessly_and_cut_by_columns_not_by_letters(lifeos: Program, circle: Path) -> None:
    names = ["山田太郎" * 10, "😀" * 30, "[bold]not markup[/bold] :smile:", "red \x1b[31m\nline", "é" * 90, "ש" * 60]
    with closing(sqlite3.connect(circle / "interactions.db")) as conn:
        for number, name in enumerate(names):
            conn.execute("INSERT INTO people (id, canonical_name) VALUES (?, ?)", (f"x{number}", name))
        conn.execute("UPDATE people SET email_count = 'many' WHERE id = 'ada'")
        conn.commit()
    shown = on_terminal(80, "db", "people", "--data-dir", circle)
    assert widest(shown) <= 80
    lines = without_colour(shown).splitlines()
    assert len(lines) == 1 + 5 + len(names)
    starts = [line[:3] for line in lines]
    assert {"山田太", "😀😀😀", "[bo", "red"} <= set(starts)
    assert all(columns_of(line.rstrip()) >= 70 for line in lines)  # no column has moved
    whole = lifeos("db", "people", "--data-dir", circle).stdout
    assert all(name in whole for name in names if name.isprintable())
    assert "red \\x1b[31m\\nline" in whole
    assert "many" in whole


def test_a_wide_terminal_shows_ids_too(circle: Path) -> None:
    assert " bjorn" not in without_colour(on_terminal(80, "db", "people", "--data-dir", circle))
    assert " bjorn" in without_colour(on_terminal(140, "db", "people", "--data-dir", circle))
