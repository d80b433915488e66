"""Time as a port: all code asks a `Clock`, so that runs can be repeated and time can jump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC, truncated to milliseconds."""
        ...


def truncated_to_ms(moment: datetime) -> datetime:
    """Return `moment` in UTC without its microseconds below a millisecond (ARCHITECTURE section 7)."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return truncated_to_ms(datetime.now(UTC))


class ManualClock:
    """A clock that stands still until it is moved; it never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = truncated_to_ms(start)

    def now(self) -> datetime:
        """Return the time at which the clock stands."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move forward by `by` (not negative) and return the new time."""
        return self.jump_to(self._now + by)

    def jump_to(self, moment: datetime) -> datetime:
        """Move to `moment` if it lies ahead, else stay; return the time at which the clock stands."""
        self._now = max(self._now, truncated_to_ms(moment))
        return self._now


@lru_cache(maxsize=4096)  # of what one moment causes, everything bears its time
def to_wire(moment: datetime) -> str:
    """Return `moment` as ISO 8601 in UTC with milliseconds, such as ``2010-10-04T08:00:00.000Z``."""
    return truncated_to_ms(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)  # a message's time is read at each step of its way
def from_wire(text: str) -> datetime:
    """Return the moment that `to_wire` wrote.

    Raises:
        ValueError: the text is no ISO 8601 time or lacks its zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without zone: {text!r}")
    try:
        return truncated_to_ms(moment)
    except OverflowError as problem:  # such as the year 1 east of Greenwich: no moment in UTC
        raise ValueError(f"time outside the calendar: {text!r}") from problem
