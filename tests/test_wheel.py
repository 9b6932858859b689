"""What is built does, installed in an empty environment outside the checkout, everything that the checkout does.

Wheel and sdist are built here, the wheel from the sdist; ``make dist`` names a folder that holds both, in LIFEOS_DIST.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
import yaml

import lifeos_db

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
WORKFLOW = ROOT / "docs" / "ci" / "verify.yml"


def run(*command: object, cwd: Path, **more: object) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "LIFEOS_DATA_DIR")}
    env |= {key: str(value) for key, value in more.items()}
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=240, env=env)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, built from a copy of the sources, so that the checkout stays clean."""
    if "LIFEOS_DIST" in os.environ:
        return Path(os.environ["LIFEOS_DIST"])
    folder = tmp_path_factory.mktemp("dist")
    ignore = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "tests", "bench", "docs", "__pycache__")
    source = shutil.copytree(ROOT, folder / "source", ignore=ignore)
    built = run(BIN / "python", "-m", "build", "--installer", "uv", "--outdir", folder, source, cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "Deprecat" not in built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return next(dist.glob("lifeos_db-*.whl"))


@pytest.fixture(scope="module")
def venv(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment into which pip has installed the wheel."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    made = run(BIN / "uv", "venv", "--seed", "--python", sys.executable, folder, cwd=folder.parent)
    assert made.returncode == 0, made.stderr
    installed = run(folder / "bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=folder.parent)
    assert installed.returncode == 0, installed.stderr
    return folder


def test_nothing_lands_in_site_packages_but_lifeos_db(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"lifeos_db"}
    for file in (ROOT / "schema").rglob("*.sql"):
        assert f"lifeos_db/{file.relative_to(ROOT)}" in names
    for file in (path for path in (ROOT / "lifeos_db" / "browser").rglob("*.*") if path.suffix != ".pyc"):
        assert str(file.relative_to(ROOT)) in names
    assert "lifeos_db/py.typed" in names


def test_an_index_takes_both_and_shows_the_readme(dist: Path) -> None:
    checked = run(BIN / "python", "-m", "twine", "check", "--strict", *dist.glob("lifeos_db-*"), cwd=dist)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("PASSED") == 2


def test_installed_by_pip_it_migrates_exports_and_verifies(venv: Path, sample: Path, tmp_path: Path) -> None:
    lifeos = venv / "bin/lifeos"
    assert run(lifeos, "db", "migrate", "--data-dir", sample, cwd=tmp_path).returncode == 0
    again = run(lifeos, "db", "migrate", "--data-dir", sample, cwd=tmp_path)
    assert again.stdout.startswith("nothing to do")
    assert run(lifeos, "db", "export", "--check", "--data-dir", sample, cwd=tmp_path).returncode == 0
    assert run(lifeos, "db", "verify", "--deep", "--data-dir", sample, cwd=tmp_path).returncode == 0
    browse = run(lifeos, "db", "browse", "--data-dir", sample, cwd=tmp_path)  # the extra is not installed
    assert browse.returncode == 4
    assert browse.stderr.splitlines() == [
        "lifeos: browse: not installed: no module named uvicorn",
        "Run: pip install 'lifeos-db[browse]'",
    ]
    where = run(venv / "bin/python", "-c", "import lifeos_db; print(lifeos_db.__file__)", cwd=tmp_path)
    assert where.stdout.startswith(str(venv))


def shows_the_product(lifeos: Path, cwd: Path) -> None:
    """The program names its versions, plays the demo, and verifies what the demo leaves."""
    assert run(lifeos, "--version", cwd=cwd).stdout.startswith(f"lifeos-db {lifeos_db.__version__}, schema ")
    played = run(lifeos, "db", "demo", "--dir", cwd / "demo", cwd=cwd)
    assert played.returncode == 0, played.stderr
    assert run(lifeos, "db", "verify", "--data-dir", cwd / "demo", cwd=cwd).returncode == 0


def test_installed_from_the_sdist(dist: Path, tmp_path: Path) -> None:
    uv = {"UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": tmp_path / "venv"}
    assert run(BIN / "uv", "venv", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path, **uv).returncode == 0
    installed = run(BIN / "uv", "pip", "install", next(dist.glob("lifeos_db-*.tar.gz")), cwd=tmp_path, **uv)
    assert installed.returncode == 0, installed.stderr
    shows_the_product(tmp_path / "venv/bin/lifeos", tmp_path)


def test_installed_by_pipx(wheel: Path, tmp_path: Path) -> None:
    pipx = {"PIPX_HOME": tmp_path / "pipx", "PIPX_BIN_DIR": tmp_path / "bin", "PIPX_MAN_DIR": tmp_path / "man"}
    installed = run(BIN / "pipx", "install", "--python", sys.executable, wheel, cwd=tmp_path, **pipx)
    assert installed.returncode == 0, installed.stderr
    shows_the_product(tmp_path / "bin/lifeos", tmp_path)


def test_installed_by_uv_tool(wheel: Path, tmp_path: Path) -> None:
    uv = {"UV_TOOL_DIR": tmp_path / "tools", "UV_TOOL_BIN_DIR": tmp_path / "bin", "UV_PYTHON_DOWNLOADS": "never"}
    installed = run(BIN / "uv", "tool", "install", "--python", sys.executable, wheel, cwd=tmp_path, **uv)
    assert installed.returncode == 0, installed.stderr
    shows_the_product(tmp_path / "bin/lifeos", tmp_path)


def test_the_workflow_passes_on_right_counts_and_fails_on_wrong_ones(
    venv: Path, dist: Path, migrated: Path, tmp_path: Path
) -> None:
    """Its lines, as they stand, in a repository whose ``data`` is a data directory."""
    workflow = yaml.safe_load(WORKFLOW.read_text())
    assert workflow[True].keys() >= {"push", "schedule"}  # YAML reads the key ``on`` as true, GitHub does not
    steps = workflow["jobs"]["verify"]["steps"]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    lines = [step["run"] for step in steps if "run" in step]
    assert len(lines) == 2
    path = {"PATH": f"{venv / 'bin'}:{os.environ['PATH']}", "PIP_FIND_LINKS": dist}

    def job() -> subprocess.CompletedProcess[str]:
        summary = tmp_path / "summary.md"
        return run("bash", "-e", "-c", "\n".join(lines), cwd=migrated.parent, **path, GITHUB_STEP_SUMMARY=summary)

    passed = job()
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "::warning" in passed.stdout  # the planted orphans
    assert "orphans" in (tmp_path / "summary.md").read_text()
    with closing(sqlite3.connect(migrated / "interactions.db")) as conn:
        conn.execute("UPDATE people SET email_count = 99 WHERE canonical_name = 'Eve Park'")
        conn.commit()
    failed = job()
    assert failed.returncode == 1
    assert "::error" in failed.stdout
