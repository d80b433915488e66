"""What an officer states of a person beside a decision or an outcome: convictions, and what the priorities ask.

A disposition of a court does not say whether an offence is a felony or a misdemeanour, and tells of one booking only.
So a named officer may state what the records show; each statement is kept with who made it and when, and the newest of
a fact holds. What nobody states stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Case
from tenprint.policy.vocabulary import FactValue, house_vocabulary

STATED = "stated"
"""In `Case.known` of a field office: by name of the fact, what was stated, by whom and when."""
AGGRAVATED_FELONY, COUNTS = "aggravated_felony_conviction", ("felony_convictions", "misdemeanour_convictions")
NAMES = (
    AGGRAVATED_FELONY, *COUNTS, "national_security_concern", "recent_illegal_entrant", "fugitive_or_obstructor",
)  # fmt: skip
"""Facts of the rules' vocabulary that an officer may state, each as a detail of the same name."""
YES_OR_NO = {"yes": True, "no": False}
_COUNT = re.compile(r"0|[1-9][0-9]{0,2}")


def means(name: str) -> str:
    """Return what a fact that may be stated means, and how it is written."""
    how = "yes or no" if _is_truth(name) else "how many, 0 if none"
    return f"{house_vocabulary().facts[name].label}: {how}; leave it out when it is not known"


def is_one(name: str, said: str) -> bool:
    """Tell whether something can be stated under this name; nothing can always be."""
    said = said.strip()
    return not said or (said in YES_OR_NO if _is_truth(name) else _COUNT.fullmatch(said) is not None)


def stated_in(details: Mapping[str, str]) -> dict[str, FactValue]:
    """Return the facts that an answer's details state.

    Raises:
        SenderError: ``DETAIL_INVALID`` with the field at fault.
    """
    facts: dict[str, FactValue] = {}
    for name in NAMES:
        if name not in details:
            continue
        said = details[name]
        if not is_one(name, said):
            how = "answered with yes or no" if _is_truth(name) else "a whole number from 0 to 999"
            raise SenderError("DETAIL_INVALID", f"{name} is {how}", field=name)
        facts[name] = YES_OR_NO[said] if _is_truth(name) else int(said)
    return facts


def _is_truth(name: str) -> bool:
    return house_vocabulary().facts[name].type == "bool"


def with_stated(case: Case, details: Mapping[str, str], by: str, at: datetime) -> Case:
    """Return the case with what an answer states, beside what was stated before."""
    new = {name: {"is": value, "by": by, "at": to_wire(at)} for name, value in stated_in(details).items()}
    return case.moved(**{STATED: case.known.get(STATED, {}) | new}) if new else case


def stated_of(case: Case) -> dict[str, FactValue]:
    """Return the facts that officers have stated in a case, the newest of each."""
    return {name: one["is"] for name, one in case.known.get(STATED, {}).items()}
