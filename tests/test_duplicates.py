"""Pairs that may be the same person: who shares an email, phone number or name, and how to merge them."""

from __future__ import annotations

import json
import shlex
from itertools import combinations
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import lifeos_db
from lifeos_db.duplicate_pairs import ALL_PAIRS_UP_TO
from tests.circle import make_circle, opened
from tests.conftest import Program

PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {"canonical_name": "José Álvarez", "emails": '["jose@x"]', "phone_numbers": '["+1 202"]'},
    "bob": {"canonical_name": "JOSE ALVAREZ", "emails": '["Jose@X"]', "phone_primary": "001202"},
    "cy": {"canonical_name": "Cy", "aliases": '["jose\\u0301 alvarez"]'},
    "dee": {"canonical_name": "", "display_name": "", "phone_numbers": '["+1202", ""]'},
    "eve": {"canonical_name": "", "emails": '["jose@x"]', "hidden": 1},
    "fay": {"canonical_name": "jose alvarez"},
}


def test_the_best_evidence_comes_first(tmp_path: Path) -> None:
    circle = make_circle(tmp_path / "data", PEOPLE, [("i", "bob", "gmail"), ("j", "cy", "gmail"), ("k", "cy", "gmail")])
    lifeos_db.merge(circle, "ann", "fay")
    found = [
        (pair.survivor.id, pair.other.id, sorted({kind for kind, _ in pair.shared}))
        for pair in lifeos_db.duplicates(circle)
    ]
    assert found == [
        ("bob", "ann", ["email", "name", "phone"]),
        ("bob", "dee", ["phone"]),
        ("ann", "dee", ["phone"]),
        ("cy", "bob", ["name"]),
        ("cy", "ann", ["name"]),
    ]


def test_each_pair_has_the_command_that_merges_it(lifeos: Program, tmp_path: Path) -> None:
    people = {"-a b": {"emails": '["x@x"]'}, "it's": {"emails": '["X@x"]'}}
    circle = make_circle(tmp_path / "data", people, [("i", "it's", "gmail")])
    found = json.loads(lifeos("db", "duplicates", "--format", "json", "--data-dir", circle).stdout)
    assert found == [
        {
            "survivor": {"id": "it's", "name": "It'S", "interactions": 1},
            "other": {"id": "-a b", "name": "-A B", "interactions": 0},
            "shared": [{"kind": "email", "value": "x@x"}],
            "command": found[0]["command"],
        }
    ]
    text = lifeos("db", "duplicates", "--data-dir", circle).stdout
    assert found[0]["command"] in text
    words = shlex.split(found[0]["command"])
    assert words[0] == "lifeos"
    assert lifeos(*words[1:]).returncode == 0
    assert lifeos("db", "duplicates", "--data-dir", circle).stdout == "no duplicates\n"


def test_a_common_name_makes_a_line_not_a_square(tmp_path: Path) -> None:
    circle = make_circle(tmp_path / "data", {}, [("i", "p500", "gmail")])
    with opened(circle) as conn:
        conn.executemany(
            "INSERT INTO people (id, canonical_name) VALUES (?, 'Info')", [(f"p{number}",) for number in range(2000)]
        )
    found = lifeos_db.duplicates(circle)
    assert len(found) == 1999
    assert {pair.survivor.id for pair in found} == {"p500"}


contacts = st.sampled_from(["a@x", "B@x", "c@X"])
rows = st.lists(
    st.fixed_dictionaries(
        {
            "emails": st.lists(contacts, max_size=2),
            "phones": st.lists(st.sampled_from(["+1", "+2"]), max_size=1),
            "name": st.sampled_from(["Éa", "ea", "Bo", "", "Cy"]),
            "hidden": st.booleans(),
        }
    ),
    max_size=ALL_PAIRS_UP_TO,
)


@settings(max_examples=25)
@given(rows)
def test_every_pair_that_shares_something_is_there_once(rows: list[dict[str, Any]]) -> None:
    from tempfile import TemporaryDirectory

    def shares(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
        kinds = set()
        if {text.lower() for text in one["emails"]} & {text.lower() for text in other["emails"]}:
            kinds.add("email")
        if set(one["phones"]) & set(other["phones"]):
            kinds.add("phone")
        if one["name"] and one["name"].lower().replace("é", "e") == other["name"].lower().replace("é", "e"):
            kinds.add("name")
        return kinds

    expected = {
        frozenset((f"p{one}", f"p{two}")): shares(rows[one], rows[two])
        for one, two in combinations(range(len(rows)), 2)
        if not rows[one]["hidden"] and not rows[two]["hidden"] and shares(rows[one], rows[two])
    }
    people = {
        f"p{number}": {
            "canonical_name": row["name"],
            "emails": json.dumps(row["emails"]),
            "phone_numbers": json.dumps(row["phones"]),
            "hidden": int(row["hidden"]),
        }
        for number, row in enumerate(rows)
    }
    with TemporaryDirectory() as name:
        found = lifeos_db.duplicates(make_circle(Path(name) / "data", people))
    assert len(found) == len(expected)
    assert {
        frozenset((pair.survivor.id, pair.other.id)): {kind for kind, _ in pair.shared} for pair in found
    } == expected
