"""The built wheel, installed in an empty environment outside the checkout, does everything that the checkout does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "LIFEOS_DATA_DIR")}
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=240, env=env)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources, so that the checkout stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    ignore = shutil.ignore_patterns(".*", "build", "*.egg-info", "tests", "bench", "__pycache__")
    source = shutil.copytree(ROOT, folder / "source", ignore=ignore)
    built = run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, source, cwd=folder)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("lifeos_db-*.whl"))


def test_nothing_lands_in_site_packages_but_lifeos_db(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"lifeos_db"}
    for file in (ROOT / "schema").rglob("*.sql"):
        assert f"lifeos_db/{file.relative_to(ROOT)}" in names
    assert "lifeos_db/py.typed" in names


def test_installed_elsewhere_it_migrates_exports_and_verifies(wheel: Path, sample: Path, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    home.mkdir()
    assert run(sys.executable, "-m", "venv", home / "venv", cwd=home).returncode == 0
    installed = run(home / "venv/bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=home)
    assert installed.returncode == 0, installed.stderr
    lifeos = home / "venv/bin/lifeos"
    assert run(lifeos, "db", "demo", cwd=home).returncode == 0
    assert run(lifeos, "db", "migrate", "--data-dir", sample, cwd=home).returncode == 0
    again = run(lifeos, "db", "migrate", "--data-dir", sample, cwd=home)
    assert again.stdout.startswith("nothing to do")
    assert run(lifeos, "db", "export", "--check", "--data-dir", sample, cwd=home).returncode == 0
    assert run(lifeos, "db", "verify", "--deep", "--data-dir", sample, cwd=home).returncode == 0
    where = run(home / "venv/bin/python", "-c", "import lifeos_db; print(lifeos_db.__file__)", cwd=home)
    assert where.stdout.startswith(str(home))
