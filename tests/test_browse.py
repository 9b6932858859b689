"""lifeos db browse: the database in a browser, for its owner alone, and never to be written."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import lifeos_db
from tests.browsing import PATIENCE, PROGRAM, browsing
from tests.conftest import NEW_ROW, PLANTED, Program, add_interaction, snapshot

PAGES = (
    "/",
    "/lifeos",
    "/lifeos/people",
    "/lifeos/people?_q=gr%C3%BCn&_sort=canonical_name",
    "/lifeos/people?hidden__exact=1",
    f"/lifeos/people/{PLANTED['me']}",
    "/lifeos/interactions",
    "/lifeos/relationships?_size=5",
    "/lifeos/not_since?days=90",
    "/lifeos/drift",
    "/lifeos/orphans",
    "/lifeos/duplicates",
    "/-/dashboards/lifeos",
)


def test_every_page_loads_and_ctrl_c_ends_it_with_nothing_left_behind(migrated: Path) -> None:
    before = snapshot(migrated)
    with browsing(migrated) as site:
        site.enter()
        with ThreadPoolExecutor(6) as clients:
            for page, (status, text) in zip(PAGES, clients.map(site.get, PAGES)):
                assert status == 200, (page, text)
        assert site.stop(signal.SIGINT) == (0, "stop with Ctrl-C\n")
    assert snapshot(migrated) == before


def test_sigterm_before_any_page_ends_it_too(migrated: Path) -> None:
    with browsing(migrated) as site:
        assert site.stop(signal.SIGTERM)[0] == 0


def test_without_the_key_there_is_nothing_to_see_and_the_key_works_once(migrated: Path) -> None:
    with browsing(migrated) as site, browsing(migrated) as other:
        for page in (
            *PAGES,
            "/lifeos.json?sql=select+1",
            "/lifeos/people.csv",
            "/-/metadata.json",
            "/-/auth-token?token=guess",
        ):
            status, text = site.get(page)
            assert status == 403, page
            assert PLANTED["me"] not in text
        site.enter()
        assert site.get("/lifeos/people", Host="example.org")[0] == 200  # the key counts, not the name
        other.base = site.base
        assert other.get(site.address)[0] == 403
        assert other.get("/lifeos/people", Host="example.org")[0] == 403


def test_it_listens_on_this_machine_alone(migrated: Path) -> None:
    with browsing(migrated) as site:
        host, _, port = site.base.removeprefix("http://").partition(":")
        assert host == "127.0.0.1"
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
        with pytest.raises(OSError, match=r"refused|unreachable|assign"):
            socket.create_connection(("127.0.0.2", int(port)), timeout=PATIENCE)


WRITES = (
    "UPDATE people SET notes = 'x'",
    "WITH x AS (SELECT 1) DELETE FROM people",
    "PRAGMA query_only = 0",
    "PRAGMA journal_mode = DELETE",
    "ATTACH 'file:x.db' AS x",
    "SELECT 1; DROP TABLE people",
)


def test_no_statement_writes(migrated: Path) -> None:
    before = snapshot(migrated)
    with browsing(migrated) as site:
        site.enter()
        for statement in WRITES:
            with pytest.raises(RuntimeError, match=r"^400"):
                site.sql(statement)
        site.stop()
    assert snapshot(migrated) == before


def test_not_even_a_canned_query_or_a_plugin_could_write(migrated: Path) -> None:
    before = snapshot(migrated)
    program = """if True:
        import asyncio, sqlite3, sys
        from pathlib import Path
        from lifeos_db.browser.site import DATABASE, open_site
        site = open_site(Path(sys.argv[1]), titles=True)
        database = site.get_database(DATABASE)
        for act in (lambda: database.execute_write("DELETE FROM people"),
                    lambda: database.execute("DELETE FROM people"),
                    lambda: database.execute("CREATE TEMP TABLE x (y)")):
            try:
                asyncio.run(act())
            except sqlite3.OperationalError as error:
                print(error)
        database.close()
    """
    done = subprocess.run([sys.executable, "-c", program, migrated], capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout.splitlines() == [
        "this database is opened read-only",
        "attempt to write a readonly database",
        "attempt to write a readonly database",
    ], done.stderr
    assert snapshot(migrated) == before


def test_others_go_on_writing_and_the_pages_show_it(migrated: Path) -> None:
    person = PLANTED["me"]
    with browsing(migrated) as site:
        site.enter()
        before = site.rows(f"/lifeos/people/{person}.json?_shape=array")[0]["email_count"]
        with closing(sqlite3.connect(migrated / "interactions.db", timeout=0)) as conn:
            conn.execute(NEW_ROW.format(person, "gmail"))
            conn.commit()
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert site.rows(f"/lifeos/people/{person}.json?_shape=array")[0]["email_count"] == before + 1
        site.stop()
    assert lifeos_db.verify(migrated, only=["schema", "counts"]).status == "ok"


def test_names_are_text_whatever_is_in_them(migrated: Path) -> None:
    names = {"a": "CAST('<img src=x onerror=boom>' AS TEXT)", "b/c?d": "CAST(x'41ff42' AS TEXT)", "~%20": "NULL"}
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        for identity, name in names.items():
            conn.execute(f"INSERT INTO people (id, canonical_name, message_count) VALUES (?, {name}, 0)", (identity,))
            conn.executemany(
                "INSERT INTO interactions (id, person_id, timestamp, source_type, title) VALUES (?, ?, ?, ?, '')",
                [(f"{identity}{number}", identity, "2026-01-01", "<img src=x>") for number in range(3)],
            )
        conn.commit()
    with browsing(migrated, "--titles") as site:
        site.enter()
        for page in (*PAGES, "/lifeos/people/a", "/lifeos/people/b~2Fc~3Fd", "/lifeos/people/~7E~2520"):
            status, text = site.get(page)
            assert status == 200, (page, text)
            assert "<img" not in text, page


TEXTS = {
    "SELECT count(title) + count(snippet) AS texts FROM interactions",
    "WITH own AS (SELECT title FROM interactions) SELECT count(title) AS texts FROM own",
    "SELECT count(title) AS texts FROM orphan_interactions",
    "SELECT count(key) AS texts FROM interaction_evidence",
    "SELECT count(key) AS texts FROM evidence_members",
    "SELECT count(title) AS texts FROM evidence_groups",
}


def test_titles_are_shown_only_if_asked_for(migrated: Path) -> None:
    ties = "SELECT person_b_id, shared_contexts, shared_threads_count, last_seen_together FROM relationships LIMIT 40"
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        title, person = conn.execute(
            "SELECT title, person_id FROM interactions WHERE source_type = 'gmail' ORDER BY timestamp DESC"
        ).fetchone()
        truth = conn.execute(ties).fetchall()
    for options, shown in (((), False), (("--titles",), True)):
        with browsing(migrated, *options) as site:
            site.enter()
            for query in TEXTS:
                assert (site.sql(query)[0]["texts"] > 0) is shown, query
            page = site.get(f"/lifeos/people/{person}")[1]
            assert (title in page) is shown
            assert [tuple(row.values()) for row in site.sql(ties)] == truth  # computed from subject lines all the same


def test_a_statement_that_does_not_end_is_stopped(migrated: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    with browsing(migrated) as site:
        site.enter()
        with pytest.raises(RuntimeError, match="took too long"):
            site.sql(endless)
        with ThreadPoolExecutor() as clients:  # and a signal waits no longer than that
            asked = clients.submit(site.get, "/lifeos.json?sql=" + endless.replace(" ", "+").replace("+1", "%2B1"))
            assert site.get("/lifeos/drift")[0] == 200
            assert site.stop()[0] == 0
            assert asked.exception() is not None or asked.result()[0] >= 400


def test_the_canned_queries_say_what_the_commands_say(migrated: Path) -> None:
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        conn.execute("UPDATE people SET email_count = 99 WHERE canonical_name = 'Eve Park'")
        # An hour ago, where it is ten hours later; as texts go, in the future.
        person = conn.execute(
            """SELECT person_id FROM interactions WHERE person_id IN (SELECT id FROM people WHERE hidden IS NOT 1)
            GROUP BY person_id ORDER BY max(timestamp) LIMIT 1"""
        ).fetchone()
        recent = datetime.now(timezone.utc).astimezone(timezone(timedelta(hours=10))) - timedelta(hours=1)
        add_interaction(conn, "recent", person[0], "slack", timestamp=recent.isoformat(timespec="seconds"))
        conn.execute("UPDATE people SET emails = '[\"info@example.com\"]' WHERE rowid BETWEEN 20 AND 28")
        first = conn.execute("SELECT min(id) FROM orphan_interactions").fetchone()
        conn.execute("UPDATE interactions SET timestamp = '1970-01-01' WHERE id = ?", first)
        conn.commit()
    with browsing(migrated) as site:
        site.enter()
        drift = {
            (row["person_id"], row["counter"], row["actual"]) for row in site.rows("/lifeos/drift.json?_shape=array")
        }
        checks = {check.name: check for check in lifeos_db.verify(migrated).checks}
        assert drift == {(item["person_id"], item["counter"], item["actual"]) for item in checks["counts"].findings}
        assert len(drift) == 2
        orphans = site.rows("/lifeos/orphans.json?_shape=array")
        assert {row["person_id"]: row["interactions"] for row in orphans} == {
            row["person_id"]: row["interactions"] for row in checks["orphans"].findings
        }
        assert {row["person_id"]: (row["first"], row["last"]) for row in orphans} == {
            item.person_id: ((item.first or "")[:10], (item.last or "")[:10])
            for item in lifeos_db.orphans(migrated).missing
        }
        pairs = site.rows("/lifeos/duplicates.json?_shape=array")
        assert [(row["person_id"], row["other_person_id"]) for row in pairs] == [
            pair.arguments for pair in lifeos_db.duplicates(migrated)
        ]
        assert len(pairs) >= 8
        distant = [row["person_id"] for row in site.rows("/lifeos/not_since.json?_shape=array&days=330")]
        told = lifeos_db.people(migrated, not_since="330d").people
        assert person[0] not in distant
        assert sorted(distant) == sorted(person.person_id for person in told)
        closeness = {person.person_id: person.closeness or 0 for person in told}
        assert [closeness[one] for one in distant] == sorted(closeness.values(), reverse=True)
        assert 0 < len(distant) < 190


def test_a_search_folds_accents_and_finds_parts_of_names_emails_and_phone_numbers(migrated: Path) -> None:
    with browsing(migrated) as site:
        site.enter()
        for query in ("guyen+grun+0", "GR%C3%9CN+0", "p0@exam", "2025550000", "%2B1+(202)+555-0000"):
            found = site.rows(f"/lifeos/people.json?_shape=array&_q={query}")
            assert PLANTED["me"] in [row["id"] for row in found], query
        assert not site.rows("/lifeos/people.json?_shape=array&_q=nobody+of+this+name")


def test_the_directory_may_have_any_name(migrated: Path) -> None:
    directory = migrated.rename(migrated.parent / "per%20cent ?x=1#y")
    with browsing(directory) as site:
        site.enter()
        assert site.sql("SELECT count(*) AS number FROM people")[0]["number"] > 100


def test_what_cannot_be_shown_is_refused(lifeos: Program, sample: Path) -> None:
    result = lifeos("db", "browse", "--no-open", "--data-dir", sample)
    assert result.returncode == 4
    assert "not migrated yet" in result.stderr
    (sample / "interactions.db").unlink()
    result = lifeos("db", "browse", "--no-open", "--data-dir", sample)
    assert result.returncode == 4
    assert "no such database" in result.stderr


def test_it_opens_the_browser_unless_told_not_to(migrated: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho \"$1\" > '{opened}.tmp' && mv '{opened}.tmp' '{opened}'\n")
    browser.chmod(0o755)
    process = subprocess.Popen(
        [PROGRAM, "db", "browse", "--data-dir", str(migrated)],
        stdout=subprocess.PIPE,
        text=True,
        env={"BROWSER": str(browser), "PATH": "/usr/bin:/bin"},
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline()
        for _ in range(PATIENCE * 20):
            if opened.exists():
                break
            signal.sigtimedwait([], 0.05)
        assert opened.read_text() == address
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
