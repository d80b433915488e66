"""How the criminal case of a booking stands, in one word, by what courts have said of its charges.

A booking may have several charges, and a court may say something else of a charge later: what it said last holds. One
conviction makes the booking a conviction. Without one, it has no word while a charge is open: pending is not no.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tenprint.exchange.model.case import Case
from tenprint.exchange.tasks.spread import dispositions_of


class Standing(StrEnum):
    """How the criminal case of a booking stands."""

    CONVICTED = "convicted"
    REDUCED = "reduced"
    DISMISSED = "dismissed"
    ACQUITTED = "acquitted"
    NOT_CHARGED = "not_charged"
    PENDING = "pending"


CONVICTIONS = (Standing.CONVICTED, Standing.REDUCED)
"""As charged, and of less; the first one speaks for a booking that has both."""
NEVER_CONVICTED = (Standing.DISMISSED, Standing.ACQUITTED, Standing.NOT_CHARGED)


@dataclass(frozen=True)
class Disposed:
    """How a booking's charges have ended.

    Args:
        standing: in one word.
        decided_on: day of the decision that gives the word (YYYY-MM-DD), or ``""`` while it is pending.
        was_convicted: whether a court convicted of any charge, also when a later decision took the place of that.
    """

    standing: Standing
    decided_on: str
    was_convicted: bool

    @property
    def is_conviction(self) -> bool:
        """Tell whether it is one, as charged or of less."""
        return self.standing in CONVICTIONS


def disposed(case: Case) -> Disposed:
    """Return how the charges of a booking have ended, as this party was told, in whatever order it was.

    A disposition names its charge by text. Of charges with the same text nobody can say which one a decision is about:
    a conviction of one of them then stands, and they are open until there are as many decisions as charges.
    """
    charges = Counter(text for _, text in case.known.get("booking", {}).get("charges", []) if text)
    said: dict[str, list[dict[str, str]]] = {}
    for one in dispositions_of(case):
        said.setdefault(one["charge"], []).append(one)
    was_convicted = any(_outcome(one) in CONVICTIONS for each in said.values() for one in each)
    standing = [_that_holds(each, charges[text]) for text, each in said.items()]
    for word in CONVICTIONS:
        days = [one["decided_on"] for one in standing if _outcome(one) == word]
        if days:
            return Disposed(word, min(days), was_convicted)
    if not standing or any(len(said.get(text, ())) < (count if count > 1 else 1) for text, count in charges.items()):
        return Disposed(Standing.PENDING, "", was_convicted)
    last = max(standing, key=lambda one: (one["said_at"], one["disposition_id"]))
    return Disposed(_outcome(last), last["decided_on"], was_convicted)


def _that_holds(said: list[dict[str, str]], count: int) -> dict[str, str]:
    """Return of the decisions about a text, in the order in which they were said, the one that holds."""
    if count > 1:
        return next((one for word in CONVICTIONS for one in said if _outcome(one) == word), said[-1])
    return said[-1]


def _outcome(said: Mapping[str, str]) -> Standing:
    return Standing(said["charge_outcome"])
