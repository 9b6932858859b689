"""The pages tell the truth: the site is built without a warning, links lead somewhere, what is printed was printed."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from contextlib import closing
from pathlib import Path

import pytest

from lifeos_db.schema_objects import expected, normalise
from tests.conftest import DATA, PLANTED, Program

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
BIN = Path(sys.executable).parent


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """A page in no list of contents, a link or an anchor that leads nowhere, is a warning, and a warning an error."""
    build = ["-W", "--keep-going", "-q", "-b", "html", "-d", str(tmp_path / "trees"), str(DOCS), str(tmp_path / "site")]
    result = subprocess.run([str(BIN / "sphinx-build"), *build], capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr
    index = (tmp_path / "site" / "index.html").read_text()
    for page in DOCS.glob("*.md"):
        if page.name not in ("index.md", "cli-promises.md"):
            assert f'href="{page.stem}.html"' in index
    assert "counts.svg" in (tmp_path / "site" / "data-model.html").read_text()
    workflow = (tmp_path / "site" / "ci.html").read_text()
    assert "timeout-minutes" in workflow


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    """Also where a page is read in the repository and not on the site."""
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_fit_but_in_tables_and_in_what_is_printed(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert [line for line in prose.splitlines() if len(line) > 120 and not line.startswith("|")] == []


def test_the_data_model_is_what_the_schema_says(tmp_path: Path) -> None:
    """docs/data-model.md and its drawings are generated: 'make docs/data-model.md' writes them."""
    subprocess.run([sys.executable, str(DOCS / "generate_data_model.py"), str(tmp_path)], check=True, timeout=60)
    made = {str(file.relative_to(tmp_path)): file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
    assert made == {name: (DOCS / name).read_text() for name in made}
    assert set(made) == {"data-model.md", "images/counts.svg", "images/relationships.svg", "images/others.svg"}


def test_the_data_model_names_every_object_and_each_table_that_a_trigger_writes() -> None:
    """What SQLite's authorizer has said is what the text of the triggers says."""
    rows = {
        match[1]: re.findall(r"`(\w+)`", match[2])
        for match in re.finditer(r"^\| \[`(\w+)`\].*\| ([^|]*) \|$", (DOCS / "data-model.md").read_text(), re.MULTILINE)
    }
    for kind in ("table", "index", "view", "trigger"):
        assert rows.keys() >= {item.name for item in expected(kind)}
    for item in expected("trigger"):
        body = normalise(item.sql).split(" BEGIN ", 1)[1]
        found = re.findall(r"\b(?:INSERT (?:OR \w+ )?INTO|UPDATE(?: OR \w+)?|DELETE FROM) (\w+)", body)
        assert set(rows[item.name]) == set(found) - {"SET"}, item.name


@pytest.mark.parametrize("picture", ["counts", "relationships", "others"])
def test_a_drawing_is_well_formed_and_its_boxes_stand_apart(picture: str) -> None:
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.parse(DOCS / "images" / f"{picture}.svg").getroot()
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    boxes = [
        tuple(float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        for box in root.iter(f"{svg}rect")
        if "x" in box.attrib
    ]
    assert len(boxes) > 2
    for x, y, wide, high in boxes:
        assert x >= 0
        assert x + wide <= width
        assert y >= 0
        assert y + high <= height
    for number, (x, y, wide, high) in enumerate(boxes):
        for a, b, c, d in boxes[number + 1 :]:
            assert x + wide < a or a + c < x or y + high < b or b + d < y


def told(text: str) -> list[str]:
    """The lines, without what differs from run to run and from one SQLite to the next."""
    text = re.sub(r"\d+\.\d+ s\b", "N s", text)
    text = re.sub(r"\d{8}T\d{6}Z", "TIME", text)
    text = re.sub(r"(ok     sqlite +)[\d,]+", r"\1N", text)
    return [line for line in text.splitlines() if not line.startswith("warning: SQLite ")]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, int, str]]]:
    """A new user's walk: in an empty folder with a data directory, every command of the page, in its order."""
    home = tmp_path_factory.mktemp("walk")
    shutil.copytree(DATA / "sample-legacy", home / "data", ignore=shutil.ignore_patterns("planted.json"))
    (home / "call.py").write_text(blocks("getting-started.md", "python")[0])
    env = {key: value for key, value in os.environ.items() if key != "LIFEOS_DATA_DIR"}
    env |= {"PATH": f"{BIN}:{os.environ['PATH']}", "COLUMNS": "100"}
    done = []
    for block in blocks("getting-started.md", "console"):
        for line in (line[2:] for line in block.splitlines() if line.startswith("$ ")):
            result = subprocess.run(
                line,
                shell=True,
                cwd=home,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=60,
            )
            done.append((line, result.returncode, result.stdout))
    return home, done


def test_a_new_users_commands_print_what_getting_started_says(walk: tuple[Path, list[tuple[str, int, str]]]) -> None:
    assert [(line, code) for line, code, _ in walk[1] if code] == []
    printed = "".join(f"$ {line}\n{output}" for line, _, output in walk[1])
    assert told(printed) == told("".join(blocks("getting-started.md", "console")))


def contents(folder: Path) -> dict[str, object]:
    """By name, what each file holds: a database its schema and rows, any other file its bytes."""
    found: dict[str, object] = {}
    for file in folder.iterdir():
        if file.suffix == ".db":
            with closing(sqlite3.connect(file)) as conn:
                found[file.name] = list(conn.iterdump())
        elif file.is_file():
            found[file.name] = file.read_bytes()
    return found


def test_the_way_back_leads_to_what_was_before(walk: tuple[Path, list[tuple[str, int, str]]], tmp_path: Path) -> None:
    home, _ = walk
    back = next(block for block in blocks("getting-started.md", "sh") if "before-migrate" in block)
    (home / "data" / "interactions.db-wal").write_bytes(b"what the migrated database has left")
    subprocess.run(["bash", "-e", "-c", back], cwd=home, check=True, timeout=60)
    assert not (home / "data" / "interactions.db-wal").exists()
    legacy = shutil.copytree(DATA / "sample-legacy", tmp_path / "l", ignore=shutil.ignore_patterns("planted.json"))
    assert contents(home / "data") == contents(legacy)


def test_a_script_is_tried_on_the_demo_as_the_page_says(lifeos: Program, tmp_path: Path) -> None:
    """One that keeps to the rules passes; one that takes a trigger with it does not."""
    commands = next(block for block in blocks("ci.md", "sh") if "--verify" in block)
    head = "import sqlite3, sys\nconn = sqlite3.connect(sys.argv[1])\n"
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    for statement, code in (("DELETE FROM interactions", 0), ("DROP TRIGGER interactions_after_insert", 1)):
        home = tmp_path / str(code)
        home.mkdir()
        (home / "sync.py").write_text(f"{head}conn.execute({statement!r})\nconn.commit()\n")
        result = subprocess.run(["bash", "-e", "-c", commands], cwd=home, env=env, capture_output=True, timeout=60)
        assert result.returncode == code, result.stderr


def test_the_table_of_counts_is_the_table_source_types(migrated: Path) -> None:
    rows = re.findall(r"^\| (`.*`) \| (`\w+_count`|none.*) \|$", (DOCS / "counts.md").read_text(), re.MULTILINE)
    page = {
        source: None if counter.startswith("none") else counter.strip("`").removesuffix("_count")
        for sources, counter in rows
        for source in re.findall(r"`(\w+)`", sources)
    }
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        assert page == dict(conn.execute("SELECT source_type, counter FROM source_types"))
        columns = {row[1] for row in conn.execute("PRAGMA table_info(relationship_counts)") if "_count" in row[1]}
        conn.execute(blocks("counts.md", "sql")[0])
    pairs = set(re.findall(r"^\| `(shared_\w+_count)` \|", (DOCS / "counts.md").read_text(), re.MULTILINE))
    assert pairs == columns


def test_the_owner_on_the_page_is_the_owner_of_the_sample() -> None:
    assert f"--owner {PLANTED['me']}" in "".join(blocks("getting-started.md", "console"))
