"""lifeos db show: who somebody is, by source and by month, why a count is wrong, and no message text unasked."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import lifeos_db
from cli.screen import bar, sparkline
from tests.conftest import PLANTED, Program, add_interaction
from tests.terminal import on_terminal, widest, without_colour

SECRET = "← do not print this"


def change(directory: Path, *statements: str) -> None:
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        for statement in statements:
            conn.execute(statement)
        conn.commit()


def month_of(days: int) -> str:
    return (datetime.now(timezone.utc) - timedelta(days=days)).isoformat()[:7]


@pytest.fixture
def zoe(migrated: Path) -> str:
    """A new person of the migrated sample, of whom everything is known."""
    now = datetime.now(timezone.utc)
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        conn.execute(
            "INSERT INTO people (id, canonical_name, display_name, emails, phone_primary, aliases, tags, category, "
            "company, position, birthday, hidden, hidden_reason) VALUES ('zoe', 'Zoe Zürn', 'Zoë', "
            "'[\"z@x.org\", \"zoe@x.org\"]', '+4930', '[\"Zed\"]', '[\"vip\"]', 'family', 'Acme', 'CTO', '02-29', 1, "
            "'asked for it')"
        )
        for source, days in (("imessage", [1, 2, 3, 40, 40, 3000]), ("gmail", [5, 800]), ("phone", [40])):
            for number, day in enumerate(days):
                moment = (now - timedelta(days=day, minutes=9)).isoformat()
                add_interaction(conn, f"{source}-{number}", "zoe", source, timestamp=moment, title=SECRET)
        add_interaction(conn, "to come", "zoe", "calendar", timestamp=(now + timedelta(days=9.1)).isoformat())
        add_interaction(conn, "undated", "zoe", "vault", timestamp="1970-01-01T00:00:00+00:00")
        conn.commit()
    return "zoe"


def shown(lifeos: Program, directory: Path, *words: object) -> str:
    result = lifeos("db", "show", *words, "--data-dir", directory)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_who_it_is(lifeos: Program, migrated: Path, zoe: str) -> None:
    lines = shown(lifeos, migrated, zoe).splitlines()
    assert lines[0] == "Zoë (zoe)"
    facts = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:] if len(line.split()) > 1}
    assert facts["also"] == "Zoe Zürn, Zed"
    assert facts["emails"] == "z@x.org, zoe@x.org"
    assert facts["phones"] == "+4930"
    assert facts["work"] == "CTO, Acme"
    assert facts["category"] == "family"
    assert facts["tags"] == "vip"
    assert facts["birthday"] == "02-29"
    assert facts["hidden"].endswith("asked for it")
    assert facts["counts"] == "email 2, meeting 1, mention 1, message 6"
    assert re.fullmatch(
        r"11 interactions; \S+ to \S+, 1 day ago; 1 undated; 1 to come, the next in 9 days", facts["met"]
    )


def test_what_is_not_known_of_somebody_takes_no_line(lifeos: Program, migrated: Path) -> None:
    change(migrated, "INSERT INTO people (id, canonical_name) VALUES ('bare', 'Bare')")
    labels = [line.split()[0] for line in shown(lifeos, migrated, "bare").splitlines() if line]
    assert labels == ["Bare", "category", "close", "counts", "met", "no"]


def test_each_source_has_its_number_a_bar_and_its_last_day(lifeos: Program, migrated: Path, zoe: str) -> None:
    lines = shown(lifeos, migrated, zoe).splitlines()
    rows = [line.split(maxsplit=3) for line in lines if "█" in line and "|" not in line]
    found = {row[0]: (int(row[1]), row[2], "".join(row[3:])) for row in rows}
    assert {source: number for source, (number, _, _) in found.items()} == {
        "imessage": 6,
        "gmail": 2,
        "calendar": 1,
        "phone": 1,
        "vault": 1,
    }
    assert list(found)[:2] == ["imessage", "gmail"]
    assert [len(found[source][1]) for source in ("imessage", "gmail", "phone")] == [20, 7, 4]
    assert found["imessage"][2] == "last 1 day ago"
    assert found["calendar"][2] == found["vault"][2] == ""


def test_the_sparkline_has_the_last_24_months(lifeos: Program, migrated: Path, zoe: str) -> None:
    (line,) = (line for line in shown(lifeos, migrated, zoe).splitlines() if line.startswith("  months"))
    spark = line[line.index("|") + 1 : line.rindex("|")]
    months = lifeos_db.profile(migrated, zoe).months
    expected = Counter(month_of(days) for days in (1, 2, 3, 40, 40, 5, 40, 800, 3000))
    assert len(spark) == len(months) == 24
    assert {month.month: month.interactions for month in months if month.interactions} == {
        month: number for month, number in expected.items() if month >= months[0].month
    }
    assert [char == " " for char in spark] == [month.interactions == 0 for month in months]
    assert spark[max(range(24), key=lambda place: months[place].interactions)] == "█"
    assert months[-1].month == month_of(0)
    assert line.endswith(f"at most {max(month.interactions for month in months)} a month")


def test_bars_and_sparklines_are_to_scale() -> None:
    assert [bar(number, 80, 10) for number in (80, 40, 41, 1, 0)] == ["█" * 10, "█" * 5, "█" * 5 + "▏", "▏", ""]
    assert sparkline([0, 1, 4, 8]) == " ▁▄█"
    assert sparkline([0, 0]) == "  "


def test_a_terminal_without_blocks_gets_signs_that_it_has(migrated: Path, zoe: str) -> None:
    text = on_terminal(
        80, "db", "show", zoe, "--data-dir", migrated, PYTHONUTF8="0", LC_ALL="C", PYTHONIOENCODING="ascii"
    )
    assert "####################" in without_colour(text)
    assert "\\u2588" not in text


def test_the_latest_come_first_and_titles_only_if_asked_for(lifeos: Program, migrated: Path, zoe: str) -> None:
    text = shown(lifeos, migrated, zoe, "--limit", 4)
    latest = text[text.index("latest") :].splitlines()[1:]
    assert [line.split()[-1] for line in latest] == ["imessage", "imessage", "imessage", "gmail"]
    assert SECRET not in text
    assert SECRET not in shown(lifeos, migrated, zoe, "--format", "json")
    assert shown(lifeos, migrated, zoe, "--titles", "--limit", 4).count(SECRET) == 4
    document = json.loads(shown(lifeos, migrated, zoe, "--titles", "--format", "json", "--limit", 4))
    assert [item["title"] for item in document["latest"]] == [SECRET] * 4


def test_the_strongest_ties_are_those_of_the_relationships(lifeos: Program, migrated: Path) -> None:
    document = json.loads(shown(lifeos, migrated, PLANTED["me"], "--format", "json", "--limit", 3))
    weights = [tie["edge_weight"] for tie in document["ties"]]
    assert len(weights) == 3
    assert weights == sorted(weights, reverse=True)
    text = shown(lifeos, migrated, PLANTED["me"], "--limit", 3)
    for tie in document["ties"]:
        assert re.search(rf"^ +{tie['edge_weight']}  {tie['name']} +{tie['relationship_type']}: ", text, re.MULTILINE)
    assert f"and {document['unlisted']} more" in text
    friend = lifeos_db.profile(migrated, document["ties"][0]["person_id"])
    assert friend.closeness == weights[0]
    assert document["closeness"] is None
    assert document["is_owner"] is True


def test_merges_that_led_here_are_named(lifeos: Program, migrated: Path, zoe: str) -> None:
    """Those made by the program, whose people are gone, and those by plain SQL."""
    change(
        migrated,
        "INSERT INTO people (id, canonical_name) VALUES ('zoe2', 'Zoe Two'), ('zoe3', 'Zoe Three')",
        "INSERT INTO person_merges (merged_id, survivor_id) VALUES ('zoe3', 'zoe')",
    )
    lifeos_db.merge(migrated, zoe, "zoe2")
    text = shown(lifeos, migrated, zoe)
    assert "  merged into this person: Zoe Three (zoe3)\n" in text
    assert "  merged into this person: Zoe Two (zoe2), just now\n" in text
    assert shown(lifeos, migrated, "zoe2").startswith("Zoë (zoe)\n")  # a merged id stands for its survivor


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["UPDATE people SET message_count = 9 WHERE id = 'zoe'"], "nothing but counts"),
        (
            ["DROP TRIGGER interactions_after_delete", "DELETE FROM interactions WHERE id = 'imessage-0'"],
            "trigger interactions_after_delete is missing, so what was written since is not counted",
        ),
        (["UPDATE people SET message_count = 'many' WHERE id = 'zoe'"], "wrote 'many' into message_count"),
        (
            [
                "CREATE UNIQUE INDEX mine ON interactions (id, title)",
                "UPDATE people SET message_count = 9 WHERE id = 'zoe'",
            ],
            "REPLACE deletes rows that they cannot see",
        ),
        (
            [
                "CREATE TRIGGER mine AFTER UPDATE OF notes ON people BEGIN "
                "UPDATE people SET message_count = 9 WHERE id = NEW.id; END",
                "UPDATE people SET notes = 'x' WHERE id = 'zoe'",
            ],
            "trigger mine on people is not part of this schema, and may write counts",
        ),
    ],
)
def test_a_wrong_count_says_why_that_may_be(
    lifeos: Program, migrated: Path, zoe: str, statements: list[str], reason: str
) -> None:
    assert "maybe" not in shown(lifeos, migrated, zoe)
    change(migrated, *statements)
    text = shown(lifeos, migrated, zoe)
    assert re.search(r"^  wrong +message is \w+, actual \d$", text, re.MULTILINE)
    assert reason in text
    assert "-> lifeos db verify --fix" in text
    lifeos_db.verify(migrated, fix=True)
    assert lifeos_db.profile(migrated, zoe).drift == []


def test_it_fits_into_80_columns_whatever_there_is(migrated: Path, zoe: str) -> None:
    long = "山田太郎 😀 " * 30
    change(
        migrated,
        f"UPDATE people SET canonical_name = '{long}', company = '{long}', email_count = 99",
        f"UPDATE interactions SET title = '{long}\x1b[31m'",
    )
    for person in (zoe, PLANTED["me"]):
        text = on_terminal(80, "db", "show", person, "--titles", "--data-dir", migrated)
        assert widest(text) <= 80
        assert "\x1b[31m" not in text.replace("\x1b[1;31m", "")


def test_the_json_keeps_the_fields_of_before(migrated: Path) -> None:
    document: dict[str, Any] = lifeos_db.profile(migrated, PLANTED["me"], limit=1).to_dict()
    assert list(document)[:4] == ["person_id", "name", "ties", "unlisted"]


def test_nobody_of_that_name_is_an_error(lifeos: Program, migrated: Path) -> None:
    result = lifeos("db", "show", "Nobody At All", "--data-dir", migrated)
    assert (result.returncode, result.stdout) == (4, "")
    assert "'Nobody At All': no such person" in result.stderr
