"""What stands on top of a case's page and of its tasks, in sentences: what courts and corrections have said of it.

And of a case that holds nothing but copies, that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import corrections_of
from tenprint.exchange.model.known import COPIED_BY, is_copy
from tenprint.exchange.tasks.spread import dispositions_of
from tenprint.policy.access import HIDDEN
from tenprint.web import words

See = Callable[[dict[str, str]], Mapping[str, Any]]
KINDS = {
    "corrected": "A record was corrected",
    "expunged": "A record was expunged: it is to be treated as if it had never been made",
    "sealed": "A record was sealed: it may not be used or shown",
}


def copies_of(case: Case, own: str) -> str:
    """Return that a case holds copies of answers to another agency's booking, and no more; else ``""``.

    Args:
        case: as that party knows it.
        own: the party's id.
    """
    if not is_copy(case):
        return ""
    whose = f"the agency with ORI {case.ori}" if case.ori else "another agency"
    return (
        f"This is no booking of the {words.spoken_name(own)}: {whose} booked the person and had the "
        f"{words.spoken_name(case.known[COPIED_BY])} send copies of the answers. Nobody is asked anything here."
    )


def news_of(case: Case, see: See) -> tuple[str, ...]:
    """Return what is new about a case since it was told, oldest first; corrections stand first.

    Args:
        case: as one party knows it.
        see: how the reader sees fields of a person's data.
    """
    said = [_correction(one, see) for one in corrections_of(case)]
    return (*said, *(_disposition(one, see) for one in dispositions_of(case)))


def _correction(one: dict[str, str], see: See) -> str:
    said = f"{KINDS[one['correction_kind']]}. {one['origin']} says: {one['what']}"
    if not one.get("status"):
        return said
    return f"{said} (status: {words.spoken_name(str(see({'status': one['status']}).get('status', HIDDEN)))})"


def _disposition(one: dict[str, str], see: See) -> str:
    names = ("charge_number", "charge", "charge_outcome")
    seen = see({name: one[name] for name in names if one.get(name)})
    outcome = words.spoken_name(str(seen.get("charge_outcome", HIDDEN)))
    day = words.spoken_date(date.fromisoformat(one["decided_on"]))
    which = f"charge {seen['charge_number']}" if seen.get("charge_number", HIDDEN) != HIDDEN else "a charge"
    return f"{one['court']} says how {which} ended, on {day}: {outcome} ({seen.get('charge', HIDDEN)})."
