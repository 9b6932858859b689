"""What the shell offers: commands, people and checks, by the protocol of each shell and in a real bash."""

from __future__ import annotations

import os
import pty
import select
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.circle import opened
from tests.conftest import DATA, PLANTED, snapshot

LIFEOS = Path(sys.executable).with_name("lifeos")


def offered(words: list[str], directory: Path | None, shell: str = "bash") -> list[str]:
    """What the program answers to a shell in which the last of the words is being typed."""
    env = {**os.environ, "_LIFEOS_COMPLETE": f"complete_{shell}"}
    env.pop("LIFEOS_DATA_DIR", None)
    if directory is not None:
        env["LIFEOS_DATA_DIR"] = str(directory)
    if shell == "bash":
        env |= {"COMP_WORDS": "\n".join(["lifeos", *words]), "COMP_CWORD": str(len(words))}
    else:
        env |= {"_TYPER_COMPLETE_ARGS": " ".join(["lifeos", *words]), "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    result = subprocess.run([LIFEOS], capture_output=True, text=True, timeout=60, env=env)
    assert result.stderr == ""
    return [line for line in result.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["db", "ex"], ["export"]),
        (["db", "un"], ["unhide", "unmerge"]),
        (["db", "show", "Heidi\\ L"], ["Heidi\\ Lee\\ 24"]),
        (["db", "show", "heidi\\ l"], ["Heidi\\ Lee\\ 24"]),
        (["db", "show", '"Heidi L'], ["Heidi Lee 24"]),
        (["db", "show", "nguyen\\ gru"], ["Nguyễn\\ Grün\\ 0"]),  # without the accents, which are there afterwards
        (["db", "merge", "x", "Heidi\\ L"], ["Heidi\\ Lee\\ 24"]),
        (["db", "verify", "--person", "Heidi\\ L"], ["Heidi\\ Lee\\ 24"]),
        (["db", "split", "x", "--to", "Heidi\\ L"], ["Heidi\\ Lee\\ 24"]),
        (["db", "show", "nobody"], []),
        (["db", "verify", "--only", "so"], ["source_types"]),
        (["db", "verify", "--only", "counts,s"], ["counts,schema", "counts,source_types", "counts,sqlite"]),
        (["db", "verify", "--only", "schema,sqlite,s"], ["schema,sqlite,source_types"]),
        (["db", "verify", "--format", "j"], ["json", "junit"]),
    ],
)
def test_what_bash_is_told(migrated: Path, words: list[str], expected: list[str]) -> None:
    assert sorted(offered(words, migrated)) == expected


def test_unmerge_is_offered_merged_ids(migrated: Path) -> None:
    with closing(sqlite3.connect(f"file:{migrated / 'interactions.db'}?mode=ro", uri=True)) as conn:
        merged = sorted(row[0] for row in conn.execute("SELECT merged_id FROM person_merges"))
    assert offered(["db", "unmerge", merged[0][:6]], migrated) == [merged[0]]


def test_other_shells_quote_by_themselves(migrated: Path) -> None:
    assert offered(["db", "show", "Heidi\\ L"], migrated, "fish") == ["Heidi Lee 24"]
    assert offered(["db", "show", "Heidi\\ L"], migrated, "zsh") == ["_arguments '*: :((\"Heidi Lee 24\"))'"]
    assert offered(["db", "verify", "--only", "counts,sq"], migrated, "fish") == ["counts,sqlite"]


def test_the_directory_on_the_line_counts(migrated: Path) -> None:
    for words in (
        ["db", "--data-dir", str(migrated), "show"],
        ["db", "show", "--data-dir", str(migrated)],
    ):
        assert offered([*words, "Heidi\\ L"], None) == ["Heidi\\ Lee\\ 24"]


def test_it_only_reads_and_offers_nobody_who_is_hidden_or_merged(migrated: Path) -> None:
    with opened(migrated) as conn:
        conn.execute("UPDATE people SET hidden = 1 WHERE canonical_name = 'Heidi Lee 24'")
        merged = conn.execute("SELECT id FROM people WHERE canonical_name = 'Heidi Bell 91'").fetchone()
        conn.execute("INSERT INTO person_merges (merged_id, survivor_id) VALUES (?, ?)", (*merged, PLANTED["me"]))
        conn.execute("UPDATE people SET canonical_name = 'Heidi' || char(10) || 'x' WHERE id = ?", (PLANTED["me"],))
    before = snapshot(migrated)
    names = offered(["db", "show", "Heidi"], migrated)
    assert snapshot(migrated) == before
    assert names
    assert not [name for name in names if "24" in name or "91" in name or "x" in name]


def test_it_is_silent_where_there_is_nothing_to_read(migrated: Path, tmp_path: Path) -> None:
    legacy = Path(shutil.copytree(DATA / "sample-legacy", tmp_path / "legacy"))
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "interactions.db").write_bytes(b"no database" * 1000)
    empty = tmp_path / "empty"
    empty.mkdir()
    for directory in (legacy, broken, empty, tmp_path / "nowhere"):
        before = snapshot(tmp_path)
        assert offered(["db", "show", "H"], directory) == []
        assert snapshot(tmp_path) == before
    with opened(migrated) as conn:
        conn.execute("PRAGMA journal_mode = DELETE")
        conn.execute("BEGIN EXCLUSIVE")
        assert offered(["db", "show", "Heidi"], migrated) == []
        conn.execute("ROLLBACK")


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
@pytest.mark.parametrize("typed", ["Heidi\\ L", "heidi\\ l", '"Heidi L'])
def test_a_real_bash_completes_a_name_and_the_command_understands_it(
    migrated: Path, tmp_path: Path, typed: str
) -> None:
    """The script that the program gives out, in an interactive bash in a pseudo-terminal; Tab, then Enter."""
    script = tmp_path / "completion.bash"
    env = {
        **os.environ,
        "PATH": f"{LIFEOS.parent}:{os.environ['PATH']}",
        "TERM": "dumb",
        "LIFEOS_DATA_DIR": str(migrated),
    }
    env |= {"LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}
    source = subprocess.run(
        [LIFEOS], capture_output=True, text=True, timeout=60, env={**env, "_LIFEOS_COMPLETE": "source_bash"}
    )
    script.write_text(source.stdout)
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=env,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        os.write(ours, f"source {script}; echo sour''ced\n".encode())
        shown = until(ours, b"", "sourced")
        os.write(ours, f"lifeos db show {typed}\t".encode())
        # What stands on the line after Tab is echoed.
        shown = until(ours, shown, "Lee 24" if typed.startswith('"') else "Lee\\ 24")
        os.write(ours, b"\n")
        until(ours, shown, "Heidi Lee 24 (")
    finally:
        shell.kill()
        shell.wait(timeout=10)
        os.close(ours)


def until(terminal: int, shown: bytes, wanted: str) -> bytes:
    """Read what the terminal shows, after what was shown before, up to the wanted text; fails after a while."""
    deadline = time.monotonic() + 30
    while wanted.encode() not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"{wanted!r} is not in {shown!r}"
        shown += os.read(terminal, 65536)
    return shown
