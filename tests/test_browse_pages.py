"""The pages of lifeos db browse in a real browser: charts draw, a search finds, and no console has errors."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import Browsing, browsing
from tests.chromium import chromium, missing
from tests.conftest import PLANTED
from tests.test_browse import PAGES

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))
PATIENCE = 20
BARS = "return document.querySelectorAll('#chart-{} svg path[aria-roledescription=bar]').length"


@pytest.fixture(scope="module")
def site(migrated_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsing]:
    with browsing(shutil.copytree(migrated_sample, tmp_path_factory.mktemp("browse") / "data")) as found:
        yield found


@pytest.fixture(scope="module")
def page(site: Browsing, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser that has come through the printed address."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        driver.get(site.address)
        yield driver


def until(driver: Any, script: str) -> Any:
    last = time.monotonic() + PATIENCE
    while not (found := driver.execute_script(script)):
        assert time.monotonic() < last, f"never true: {script}"
        time.sleep(0.05)
    return found


def errors(driver: Any) -> list[str]:
    """What the console says that is worse than a warning, since the last time it was asked."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def test_the_printed_address_leads_to_the_start_page_and_its_charts_draw(site: Browsing, page: Any) -> None:
    page.get(site.base + "/")
    assert page.title == "lifeos"
    assert until(page, BARS.format("months")) > 50
    assert until(page, BARS.format("busiest")) > 30
    text = page.find_element("css selector", "section.content").text
    assert "200\npeople" in text
    assert "3,030\ninteractions" in text
    assert f"{PLANTED['rows_orphaned']}\norphans" in text
    assert errors(page) == []


def test_every_page_loads_from_this_machine_alone_without_console_errors(site: Browsing, page: Any) -> None:
    loaded = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    for path in PAGES:
        page.get(site.base + path)
        until(page, "return document.readyState === 'complete'")
        assert page.find_elements("css selector", "h1, .numbers"), path
        assert all(name.startswith((site.base, "data:", "blob:")) for name in page.execute_script(loaded)), path
        assert errors(page) == [], path


def test_a_search_finds_a_person_whose_page_has_a_timeline(site: Browsing, page: Any) -> None:
    page.get(site.base + "/")
    box = page.find_element("name", "_q")
    box.send_keys("soren park 1")
    box.submit()
    until(page, "return location.pathname === '/lifeos/people' && document.readyState === 'complete'")
    page.find_element("link text", "Søren Park 1").click()
    until(page, "return document.title === 'Søren Park 1'")
    assert until(page, BARS.format("timeline")) > 20
    assert page.find_elements("link text", "Nguyễn Grün 0")  # their strongest tie
    assert errors(page) == []


def test_a_facet_narrows_the_list(site: Browsing, page: Any) -> None:
    page.get(site.base + "/lifeos/people")
    everybody = page.find_element("tag name", "h1").text
    page.find_element("link text", "family").click()
    until(page, "return document.querySelector('.facet .chosen') !== null")
    rows = page.execute_script("return [...document.querySelectorAll('tbody tr')].map(row => row.cells[2].innerText)")
    assert set(rows) == {"family"}
    assert page.find_element("tag name", "h1").text != everybody


def test_a_canned_query_takes_its_number_from_the_page(site: Browsing, page: Any) -> None:
    page.get(site.base + "/lifeos/not_since?days=90")
    count = "return document.querySelectorAll('tbody tr').length"
    many = page.execute_script(count)
    box = page.find_element("name", "days")
    box.clear()
    box.send_keys("100000")
    box.submit()
    until(page, "return location.search.includes('100000')")
    until(page, "return document.readyState === 'complete'")
    assert page.execute_script(count) < many  # those who were never met are left
    assert errors(page) == []


def test_nobody_else_sees_a_page(site: Browsing, tmp_path: Path) -> None:
    with chromium(tmp_path) as stranger:
        stranger.get(site.base + "/lifeos/people")
        assert "locked" in stranger.find_element("tag name", "h1").text
        assert PLANTED["me"] not in stranger.page_source
