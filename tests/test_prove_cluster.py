"""docs/scaling.md: its commands load a cluster, write to it and get the file back."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import counts
from tests.prove.rqlite import Cluster, program
from tests.prove.sqlites import Unavailable

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"
PERSON = "4b0dbb41-8d52-48f1-942c-3fe860e7a113"


def test_the_pages_commands_load_write_and_get_the_file_back(migrated: Path, tmp_path: Path) -> None:
    blocks = [text for text in re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(), re.M | re.S) if "$NODE" in text]
    assert len(blocks) == 3
    if missing := [name for name in ("curl", "sqlite3") if not shutil.which(name)]:
        pytest.skip(f"{' and '.join(missing)} not installed")
    try:
        executable = program()
    except Unavailable as error:
        pytest.skip(str(error))
    with Cluster(executable, tmp_path) as cluster:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "NODE": f"http://127.0.0.1:{cluster.ports[cluster.leader()][0]}"}
        for block in blocks:
            command = ["bash", "-e", "-c", block]
            result = subprocess.run(command, cwd=migrated.parent, env=env, capture_output=True, text=True, timeout=60)
            assert result.returncode == 0, result.stderr
            assert "error" not in result.stdout
    night = migrated.parent / "night"
    with (
        closing(sqlite3.connect(migrated / "interactions.db")) as before,
        closing(sqlite3.connect(night / "interactions.db")) as after,
    ):
        email, meeting, mention, message = counts(before, PERSON)
        assert counts(after, PERSON) == (email, meeting, mention, message + 1)
    assert f'"message_count": {message + 1}' in (night / "people_entities.json").read_text()
    assert (night / "people_entities.json").stat().st_mode & 0o077 == 0
    assert (night / "interactions.db").stat().st_mode & 0o077 == 0
