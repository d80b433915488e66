"""How long each party may take to answer: response-time classes as dated data (`response_times.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final

from tenprint.core.errors import RecordError, SenderError

FILE: Final = "response_times.toml"
_REQUIRED: Final = frozenset({"hop", "seconds", "since", "source"})
_ALLOWED: Final = _REQUIRED | {"until", "priorities", "customer", "average"}


@dataclass(frozen=True)
class Limit:
    """One class of response times.

    Args:
        hop: between whom; see `response_times.toml`.
        seconds: after so many an answer is late.
        source: where the number comes from.
        since, until: first and last day in force; None for open.
        priorities: for these priorities (PRY 1.006) only; empty for all.
        customer: for this class of customer only, or ``""``.
        average: seconds that the standard names as the average, or 0.
    """

    hop: str
    seconds: int
    source: str
    since: date
    until: date | None = None
    priorities: tuple[int, ...] = ()
    customer: str = ""
    average: int = 0

    def covers(self, hop: str, on: date, priority: int, customer: str) -> bool:
        """Tell whether this class speaks for a hop on a day."""
        is_in_force = self.since <= on and (self.until is None or on <= self.until)
        fits = (not self.priorities or priority in self.priorities) and self.customer in ("", customer)
        return self.hop == hop and is_in_force and fits


def limit_of(hop: str, on: date, *, priority: int = 4, customer: str = "") -> Limit:
    """Return the class that speaks for a hop on a day; before the first one was in force, the first one.

    Raises:
        SenderError: ``RESPONSE_TIME_UNKNOWN``: no class has this hop, priority and customer.
    """
    classes = [each for each in all_limits() if each.covers(hop, max(on, each.since), priority, customer)]
    found = [each for each in classes if each.covers(hop, on, priority, customer)] or classes
    if not found:
        raise SenderError("RESPONSE_TIME_UNKNOWN", f"there is no response time for {hop}", field=customer[:40])
    return found[-1]


@cache
def all_limits() -> tuple[Limit, ...]:
    """Return all classes, in file order.

    Raises:
        RecordError: ``RESPONSE_TIMES_INVALID``.
    """
    text = resources.files("tenprint.policy").joinpath(FILE).read_text(encoding="utf-8")
    return read_limits(tomllib.loads(text))


def read_limits(data: dict[str, Any]) -> tuple[Limit, ...]:
    """Return the classes in a parsed file.

    Raises:
        RecordError: ``RESPONSE_TIMES_INVALID``.
    """
    limits = []
    for number, row in enumerate(data.get("limits", ()), 1):
        is_known = row.keys() >= _REQUIRED and row.keys() <= _ALLOWED
        if not is_known or not isinstance(row["seconds"], int) or row["seconds"] <= 0 or not row["source"]:
            raise RecordError("RESPONSE_TIMES_INVALID", f"{FILE}: limit {number} lacks something or says too much")
        limits.append(Limit(**row | {"priorities": tuple(row.get("priorities", ()))}))
    return tuple(limits)
