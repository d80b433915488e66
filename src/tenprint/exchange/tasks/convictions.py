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
from tenprint.exchange.tasks.charges import charges_of
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

    A disposition names its charge by its number; what the court said last of a number holds. One from before numbers
    were carried has the charge's text only. Of charges with the same text nobody can say which one it is about: it
    stands until each of them has a later one with its number, and they are open until there are as many decisions.
    """
    charges, said = charges_of(case), dispositions_of(case)
    last: dict[tuple[str, str], dict[str, str]] = {}
    unclear = []
    for one in said:
        charge = _charge(one, charges)
        if charge is None:
            unclear.append(one)
        else:
            last[charge] = one
    standing = [*last.values(), *(one for one in unclear if _may_stand(one, charges, last))]
    was_convicted = any(_outcome(one) in CONVICTIONS for one in said)
    for word in CONVICTIONS:
        days = [one["decided_on"] for one in standing if _outcome(one) == word]
        if days:
            return Disposed(word, min(days), was_convicted)
    ended = Counter(one["charge"] for one in standing)
    if not standing or any(ended[text] < count for text, count in Counter(charges.values()).items()):
        return Disposed(Standing.PENDING, "", was_convicted)
    newest = max(standing, key=_said_at)
    return Disposed(_outcome(newest), newest["decided_on"], was_convicted)


def _charge(said: Mapping[str, str], charges: Mapping[str, str]) -> tuple[str, str] | None:
    """Return number and text of the charge that a decision is about, or None when it may be one of several.

    The number may be of a former attempt of the booking, in which another charge had it: then the text counts.
    """
    number, text = said.get("charge_number", ""), said["charge"]
    alike = [one for one, known in charges.items() if known == text]
    if len(alike) > 1 and number not in alike:
        return None
    return (alike[0] if len(alike) == 1 else number), text


def _may_stand(
    said: Mapping[str, str], charges: Mapping[str, str], last: Mapping[tuple[str, str], Mapping[str, str]]
) -> bool:
    """Tell whether a decision on one of several charges may be about one of which nothing was said later by number."""
    newest = (last.get((number, text)) for number, text in charges.items() if text == said["charge"])
    return any(one is None or _said_at(one) < _said_at(said) for one in newest)


def _said_at(said: Mapping[str, str]) -> tuple[str, str]:
    return said["said_at"], said["disposition_id"]


def _outcome(said: Mapping[str, str]) -> Standing:
    return Standing(said["charge_outcome"])
