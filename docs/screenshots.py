"""Draw docs/images/status.svg and show.svg: what the commands show on a terminal of 100 columns.

Run by ``make docs/screenshots``, on the sample that the tests use, with a wrong count written into it.
"""

from __future__ import annotations

import io
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.text import Text

import lifeos_db
from tests.terminal import on_terminal

ROOT = Path(__file__).parent.parent
COLUMNS = 100
PERSON = "Søren Park 1"
OWNER = "bdd640fb-0667-4ad1-9c80-317fa3b1799d"


def main() -> None:
    """Migrate a copy of the sample, and draw both screens."""
    images = ROOT / "docs" / "images"
    images.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(shutil.copytree(ROOT / "tests" / "data" / "sample-legacy", Path(name) / "data"))
        lifeos_db.migrate(directory, owner=OWNER)
        with closing(sqlite3.connect(directory / "interactions.db")) as conn:
            conn.execute("UPDATE people SET email_count = 99 WHERE canonical_name = ?", (PERSON,))
            conn.commit()
        for command, words in (("status", []), ("show", [PERSON, "--limit", 5])):
            shown = on_terminal(COLUMNS, "db", command, *words, LIFEOS_DATA_DIR=str(directory))
            draw(f"lifeos db {command}", shown, images / f"{command}.svg")


def draw(title: str, shown: str, path: Path) -> None:
    """Write what a terminal showed, with its colours, as a picture."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(shown.rstrip("\n")))
    picture = console.export_svg(title=title, unique_id=path.stem)
    # The fonts of the reader's machine will do: a picture must not ask another server for one.
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL) + "\n")


if __name__ == "__main__":
    main()
