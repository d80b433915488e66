"""What courts and corrections have said of a case, in sentences: it stands on top of tasks and on the case page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import corrections_of
from tenprint.exchange.tasks.spread import dispositions_of
from tenprint.policy.access import HIDDEN
from tenprint.web import words

See = Callable[[dict[str, str]], Mapping[str, Any]]
KINDS = {
    "corrected": "A record was corrected",
    "expunged": "A record was expunged: it is to be treated as if it had never been made",
    "sealed": "A record was sealed: it may not be used or shown",
}


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
    seen = see({"charge": one["charge"], "charge_outcome": one["charge_outcome"]})
    outcome = words.spoken_name(str(seen.get("charge_outcome", HIDDEN)))
    day = words.spoken_date(date.fromisoformat(one["decided_on"]))
    return f"{one['court']} says how a charge ended, on {day}: {outcome} ({seen.get('charge', HIDDEN)})."
