"""Take docs/images/browse-*.png: the pages of ``lifeos db browse``, on made-up data that ends yesterday.

Run by ``make docs/screenshots``; needs Debian's chromium and chromium-driver.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import lifeos_db
from lifeos_db.demo import write_legacy_directory
from tests.browsing import browsing
from tests.chromium import chromium

IMAGES = Path(__file__).resolve().with_name("images")
WIDTH = 1180


def main() -> None:
    """Make the data, run the program, and write the pictures."""
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)  # so that the pictures show a short path
        lifeos_db.migrate("data", owner=make_data(Path("data")))
        with chromium(Path(name, "chromium"), width=WIDTH) as browser, browsing(Path("data")) as site:
            browser.get(site.address)
            shoot(browser, "browse-start")
            browser.get(f"{site.base}/lifeos/people")
            browser.find_element("link text", "Chiara Kovač").click()
            shoot(browser, "browse-person")
            site.stop()
        os.chdir(IMAGES)


def make_data(directory: Path) -> str:
    """The demo's legacy directory, moved in time so that its last interaction is of yesterday; returns the owner."""
    write_legacy_directory(directory, people=150, interactions=6000)
    with closing(sqlite3.connect(directory / "interactions.db")) as conn:
        (last,) = conn.execute("SELECT max(timestamp) FROM interactions").fetchone()
        days = (date.today() - date.fromisoformat(last[:10])).days - 1
        conn.execute(
            "UPDATE interactions SET timestamp = strftime('%Y-%m-%dT%H:%M:%S+00:00', timestamp, ?)", (f"+{days} days",)
        )
        conn.commit()
    people = json.loads((directory / "people_entities.json").read_text())
    return str(people[0]["id"])


def shoot(browser: Any, name: str) -> None:
    """The whole page, once its charts are drawn."""
    time.sleep(1.5)
    height = browser.execute_script("return document.querySelector('footer').getBoundingClientRect().bottom")
    browser.set_window_size(WIDTH, int(height) + browser.execute_script("return outerHeight - innerHeight"))
    time.sleep(0.5)
    browser.save_screenshot(str(IMAGES / f"{name}.png"))


if __name__ == "__main__":
    main()
