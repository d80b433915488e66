"""A booking that was rejected and comes again, mended: its 1.010 quotes the rejection, and the same case goes on.

Each former attempt stays in the case: its control number, the rejection and its codes. A mended file with a new
control number that quotes nothing is a new case.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.known import COPIES, MESSAGES, TCNS, message_of
from tenprint.exchange.model.words import CaseState, Kind

ATTEMPTS = "attempts"
REJECTION = "rejection"
SUBMISSION_OF_ATTEMPT = "submission"


def quotes_rejection(case: Case, tcr: str) -> bool:
    """Tell whether a control number (1.010 of a submission) is that of the rejection with which a case stands."""
    return bool(tcr) and case.state == CaseState.REJECTED and case.known.get(TCNS, {}).get(Kind.ERRT) == tcr


def attempts_of(case: Case) -> tuple[dict[str, str], ...]:
    """Return the former attempts, oldest first: ``tcn``, ``message``, ``rejection`` (its control number), ``codes``."""
    return tuple(case.known.get(ATTEMPTS, ()))


def number_of(case: Case) -> str:
    """Return the control number of a booking's newest attempt: what is said of a booking names it by that."""
    return str(case.known.get(TCNS, {}).get(SUBMISSION_OF_ATTEMPT) or case.tcn)


def numbers_of(case: Case) -> frozenset[str]:
    """Return the control numbers of all attempts. Who was told of a later one only knows the booking by that one."""
    copied = (copy["tcr"] for copy in case.known.get(COPIES, {}).values())
    return frozenset({case.tcn, number_of(case), *(attempt["tcn"] for attempt in attempts_of(case)), *copied})


def case_of_rejection(cases: Iterable[Case], tcr: str) -> Case:
    """Return the case of the rejection that a submission quotes; an attempt sent on before is found too.

    Raises:
        SenderError: ``RESUBMISSION_UNKNOWN``.
    """
    for case in cases:
        former = {attempt[REJECTION] for attempt in attempts_of(case)}
        if tcr in former or case.known.get(TCNS, {}).get(Kind.ERRT) == tcr:
            return case
    raise SenderError(
        "RESUBMISSION_UNKNOWN",
        "1.010 quotes an answer that is no rejection of a booking of this agency",
        hint="leave 1.010 out for a new booking",
        field="1.010",
    )


def with_attempt(case: Case) -> dict[str, object]:
    """Return what `Case.known` holds once the rejected attempt is a former one: no answers, and one attempt more."""
    attempt = {
        "tcn": str(case.known.get(TCNS, {}).get(SUBMISSION_OF_ATTEMPT, case.tcn)),
        "message": message_of(case, SUBMISSION_OF_ATTEMPT),
        REJECTION: str(case.known.get(TCNS, {}).get(Kind.ERRT, "")),
        "codes": " ".join(dict.fromkeys(case.known.get("errors", ()))),
    }
    return {ATTEMPTS: [*attempts_of(case), attempt], MESSAGES: {}, TCNS: {}, "errors": []}
