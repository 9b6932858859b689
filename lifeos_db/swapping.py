"""Putting a new file in the place of another in one step, without losing a save that comes in between.

A rename takes the place of whatever stands there at that moment, seen or not. Where the system can exchange two names
at once (Linux, macOS), what stood there is in hand afterwards and can be looked at.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

_RENAME_EXCHANGE = 2  # of Linux' renameat2; macOS' renamex_np calls the same number RENAME_SWAP
_AT_FDCWD = -100
_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def put_in_place(temporary: Path, target: Path, expected: os.stat_result | None) -> bool:
    """Let ``target`` be the file ``temporary``; returns False, and leaves it, if another file has come there.

    ``expected`` is the file that the caller has looked at, or None where there was none. Raises OSError.
    """
    if expected is None:
        try:
            os.link(temporary, target)  # unlike a rename, never takes the place of a file
        except OSError:  # somebody was faster, or there are no hard links here, or a symbolic link leads nowhere
            if target.exists():
                return False
            os.replace(temporary, target)
            return True
        temporary.unlink()
        return True
    ours = os.lstat(temporary)
    try:
        exchanged = _exchange(temporary, target)
    except FileNotFoundError:
        return False
    if not exchanged:
        if not _same(os.lstat(target), expected):
            return False
        os.replace(temporary, target)
        return True
    if _same(os.lstat(temporary), expected):
        temporary.unlink()
        return True
    _exchange(temporary, target)  # a save that nobody has seen: it goes back
    if not _same(os.lstat(temporary), ours):
        _exchange(temporary, target)  # and a still later one had come in our place: that one stands
    return False


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether it is the same file with the same content."""
    return (one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns) == (
        other.st_dev,
        other.st_ino,
        other.st_size,
        other.st_mtime_ns,
    )


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two files; False where the system or the file system cannot. Raises OSError."""
    call = _exchanger()
    if call is None:
        return False
    code = call(os.fsencode(one), os.fsencode(other))
    if code in _NOT_HERE:
        return False
    if code:
        raise OSError(code, os.strerror(code), str(other))
    return True


@cache
def _exchanger() -> Callable[[bytes, bytes], int] | None:
    """A function of two paths that returns an errno, or 0; None where the C library has none."""
    import ctypes  # here, because only who writes an export needs it

    library = ctypes.CDLL(None, use_errno=True)
    name = "renamex_np" if sys.platform == "darwin" else "renameat2"
    function = getattr(library, name, None)
    if function is None:
        return None

    def exchange(one: bytes, other: bytes) -> int:
        if name == "renamex_np":
            failed = function(one, other, ctypes.c_uint(_RENAME_EXCHANGE))
        else:
            failed = function(
                ctypes.c_int(_AT_FDCWD), one, ctypes.c_int(_AT_FDCWD), other, ctypes.c_uint(_RENAME_EXCHANGE)
            )
        return ctypes.get_errno() if failed else 0

    return exchange
