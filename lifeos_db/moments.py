"""Moments: the true instant of an interaction, how long ago something was, and how far back somebody means.

Instants are ISO 8601 in UTC with milliseconds and a Z, so they sort as text. What is relative to now takes now from
the caller: nothing in the database asks the clock.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

INSTANT_SQL = """CASE
    WHEN timestamp GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
        THEN nullif(strftime('%Y-%m-%dT%H:%M:%fZ', timestamp), '1970-01-01T00:00:00.000Z')
END"""
"""The true instant of an interaction, as in view person_activity; NULL where it is undated."""
TEXT_AFTER_SQL = "date({}, '+2 days')"
"""A text after every timestamp that is no later than the instant, whatever its offset: an offset is less than a day."""
TEXT_BEFORE_SQL = "date(substr({}, 1, 10), '-5 days')"
"""A text before every timestamp that is no earlier than the given one, which is dated.

Besides the offsets, SQLite takes a 31st of a shorter month for a day up to three days later.
"""

_UNITS = (("year", 31_536_000, 2), ("month", 2_626_560, 2), ("day", 86_400, 1), ("hour", 3_600, 1), ("minute", 60, 1))
"""Name, seconds, and how many it takes at least to be told in this unit."""
_SPAN = re.compile(r"([0-9]+) *(d|w|m|y|days?|weeks?|months?|years?)", re.IGNORECASE)


def parse_instant(text: str) -> datetime:
    """An instant as Python has it; one without an offset is UTC. Raises ValueError where Python cannot tell it."""
    moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)


def as_instant(moment: datetime) -> str:
    """A moment of Python in the form of an instant."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3].rjust(23, "0") + "Z"


def ago(instant: str, now: str) -> str:
    """How far an instant lies from now, in words: 3 days ago, in 2 hours, just now."""
    try:
        seconds = (parse_instant(now) - parse_instant(instant)).total_seconds()
    except (ValueError, OverflowError):  # a year that Python does not know
        return instant[:10]
    for name, length, least in _UNITS:
        number = int(abs(seconds) // length)
        if number >= least:
            text = f"{number:,} {name}{'s' * (number != 1)}"
            return f"{text} ago" if seconds > 0 else f"in {text}"
    return "just now"


def moment_back(text: str, now: str) -> str:
    """The instant that ``text`` means: so far back from now (90d, 12w, 6 months, 2y), or a date, at its start in UTC.

    Raises ValueError, with what would be right, for anything else and for what lies in the future.
    """
    present = parse_instant(now)
    try:
        if found := _SPAN.fullmatch(text.strip()):
            moment = _back(present, int(found[1]), found[2][0].lower())
        else:
            moment = parse_instant(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is neither a time such as 90d, 12w, 6m (months) or 2y, nor a date such as 2026-01-31"
        ) from None
    if moment > present:
        raise ValueError(f"{text!r} lies in the future")
    return as_instant(moment)


def _back(present: datetime, number: int, unit: str) -> datetime:
    if unit in "dw":
        return present - timedelta(days=number * (7 if unit == "w" else 1))
    months = present.year * 12 + present.month - 1 - number * (12 if unit == "y" else 1)
    first = present.replace(year=months // 12, month=months % 12 + 1, day=1)
    last_day = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(present.day, last_day.day))
