"""``lifeos db browse`` at work, for tests: started, entered with the key it printed, and ended by a signal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

PROGRAM = str(Path(sys.executable).with_name("lifeos"))
PATIENCE = 30


class Browsing:
    """A running program and a client; the client has no key until it enters."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.address = process.stdout.readline().strip()
        self.base = self.address.partition("/-/")[0]
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and text of a page."""
        request = Request(path if path.startswith("http") else self.base + path, headers=headers)
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                assert "access-control-allow-origin" not in map(str.lower, answer.headers)
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def enter(self) -> None:
        """Go through the printed address."""
        status, text = self.get(self.address)
        assert status == 200, text

    def sql(self, query: str, **params: str) -> list[dict[str, Any]]:
        """The rows of a statement. Raises RuntimeError where it is refused."""
        return self.rows("/lifeos.json?" + urlencode({"sql": query, "_shape": "array"} | params))

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The rows behind an address that gives JSON."""
        status, text = self.get(path)
        if status != 200:
            raise RuntimeError(f"{status} {text}")
        found: list[dict[str, Any]] = json.loads(text)
        return found

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Exit code and what was said on stderr."""
        self.process.send_signal(number)
        _, error = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, error


@contextmanager
def browsing(directory: Path, *options: str) -> Iterator[Browsing]:
    """The program over a data directory, on a port of its own; opens no browser."""
    process = subprocess.Popen(
        [PROGRAM, "db", "browse", "--no-open", "--data-dir", str(directory), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Browsing(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
