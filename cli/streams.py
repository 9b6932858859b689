"""The standard streams of the installed program: whatever becomes of them, a command comes to its own end."""

from __future__ import annotations

import io
import os
import sys


class Stream(io.FileIO):
    """A stream that can always be written to.

    Whoever read it may be gone, as with ``| head -1``: what was found is found all the same, and the exit code says it.
    Any other failure, such as a full disk, is kept.
    """

    reader_gone = False
    failure: OSError | None = None

    def write(self, data: bytes, /) -> int | None:  # type: ignore[override]
        """How many bytes of ``data`` are taken; all of them where they go nowhere."""
        try:
            return super().write(data)
        except BrokenPipeError:
            self.reader_gone = True
        except OSError as error:
            self.failure = self.failure or error
        return len(data)


def take_streams() -> Stream:
    """Put a Stream under sys.stdout and under sys.stderr; returns that of sys.stdout.

    A name from the data must not stop a report, so what an ASCII terminal cannot show is escaped.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) < 3:
        pass  # a stream that is closed must not become a file of ours
    os.close(spare)
    output, errors = Stream(1, "wb", closefd=False), Stream(2, "wb", closefd=False)
    for name, stream in (("stdout", output), ("stderr", errors)):
        old = getattr(sys, name)
        text = io.TextIOWrapper(
            io.BufferedWriter(stream),  # type: ignore[type-var]  # typeshed has a narrower write
            encoding=old.encoding if old else "utf-8",
            errors="backslashreplace",
            line_buffering=stream is errors or stream.isatty(),
        )
        setattr(sys, name, text)
    return output


def reader_gone() -> bool:
    """Whether standard output was a pipe that nobody reads any more."""
    stream = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(stream, Stream) and stream.reader_gone
