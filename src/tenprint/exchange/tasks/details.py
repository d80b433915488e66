"""What each kind of task asks besides answer and reason: the names of its details, and what each of them means.

A name that stands in no table is refused, never dropped: a time that nobody reads begins no hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from tenprint.core.errors import SenderError
from tenprint.exchange.model.words import EvidenceBox, TaskKind
from tenprint.exchange.tasks import stated
from tenprint.exchange.tasks.dated import AT, CHARGE, DECIDED_ON, HAPPENED_ON, LEGAL_GROUND, OFFENCE, REFERENCE
from tenprint.exchange.tasks.findings import CANDIDATE, FINGER_DETAILS, FINGER_FINDINGS, FINGER_PREFIX

MAX_QUOTED = 40
EVIDENCE, CITIZENSHIP_CLAIM, VICTIM_OR_WITNESS = "evidence", "citizenship_claim", "victim_or_witness"
A_TIME = "day and time with the zone, such as 2010-10-05T09:30Z; without it, now"
_EXAMINATION = {CANDIDATE: "the candidate that was compared, one of those shown; without it, the first"} | {
    name: f"finding of the {finger.title}: {', '.join(FINGER_FINDINGS)}" for name, finger in FINGER_DETAILS.items()
}
_STATED = {name: stated.means(name) for name in stated.NAMES}
DETAILS: Mapping[TaskKind, Mapping[str, str]] = {
    TaskKind.EXAMINE: _EXAMINATION,
    TaskKind.EXAMINE_SECOND: _EXAMINATION,
    TaskKind.STATUS: {LEGAL_GROUND: "the ground of law on which the status rests"},
    TaskKind.DECIDE: {
        EVIDENCE: f"on what a detainer rests: {', '.join(EvidenceBox)}",
        LEGAL_GROUND: "word for word as the specialist wrote it",
        CITIZENSHIP_CLAIM: "whether the person, or somebody for them, claims citizenship: yes or no",
        VICTIM_OR_WITNESS: "whether the person is a victim of or witness to a crime: yes or no",
        **_STATED,
    },
    TaskKind.REPORT_RELEASE: {AT: f"when: {A_TIME}"},
    TaskKind.REPORT_CUSTODY: {AT: f"when, within the hold: {A_TIME}"},
    TaskKind.DISPOSE: {
        CHARGE: "number of the charge, as shown; with one charge it may be left out",
        DECIDED_ON: "day of the decision, YYYY-MM-DD",
        REFERENCE: "the court's docket number",
        OFFENCE: "NCIC code of the other offence, four digits; needed when the charge was reduced",
    },
    TaskKind.REPORT_OUTCOME: {
        HAPPENED_ON: "day on which it happened, YYYY-MM-DD",
        LEGAL_GROUND: "the ground of law on which it rests",
        **_STATED,
    },
}
"""By kind of task, the names of the details that its answer takes, and what each means; other kinds take none."""


def details_of(kind: str) -> Mapping[str, str]:
    """Return the names of the details that an answer to this kind of task takes, with what each means."""
    return DETAILS.get(TaskKind(kind), {})


def refuse_unknown(kind: str, names: Iterable[str]) -> None:
    """Refuse a name that this kind of task does not take. A finger's number is checked with the findings.

    Raises:
        SenderError: ``DETAIL_UNKNOWN``.
    """
    taken = details_of(kind)
    is_examination = CANDIDATE in taken
    for name in names:
        if name in taken or (is_examination and name.startswith(FINGER_PREFIX)):
            continue
        alike = get_close_matches(name.casefold(), taken, n=1)
        meant = f"; {alike[0]!r} may be meant" if alike else ""
        known = "; ".join(f"{one}: {means}" for one, means in taken.items())
        raise SenderError(
            "DETAIL_UNKNOWN",
            f"this task takes no detail {name[:MAX_QUOTED]!r}{meant}",
            hint=f"it takes {known}" if known else "it takes an answer and a reason only",
        )
