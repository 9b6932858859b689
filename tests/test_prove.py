"""Every part of `make prove` in its short form: what is tried a thousand times there is tried a few times here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prove import frame


@pytest.mark.parametrize("name", frame.names())
def test_nothing_is_lost(name: str, tmp_path: Path) -> None:
    rows = list(frame.run(name, frame.SHORT_SHARE, 8, frame.SHORT_SECONDS, tmp_path))
    assert rows
    for row in rows:
        assert not row.failed(), "\n\n".join([row.what, *row.lost])
    if skipped := [f"{row.what}: {row.skipped}" for row in rows if row.skipped]:
        pytest.skip("; ".join(skipped))
