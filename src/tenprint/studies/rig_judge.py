"""What the rig says about a submission: the profile's findings, and what only the other side can see.

Findings of the rig's own are about more than one file: a control number that was used before, an answer that is quoted,
an agency that answers itself. They have the form of all others (rule, edition, clause), so reports show them alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tenprint.records import Transaction, read_booking, validate
from tenprint.records.itl.findings import ERROR, WARNING, Finding, located
from tenprint.records.itl.relations import SUBMISSIONS
from tenprint.records.itl.table_model import Table

EDITION = "EBTS 8.001, 24 October 2007"
STATE_BUREAU, CRIMINAL_REPOSITORY = "state_bureau", "criminal_repository"
ROLES = (STATE_BUREAU, CRIMINAL_REPOSITORY)
TABLE_1 = "App. B, Table B-1"


@dataclass(frozen=True)
class Known:
    """What came before.

    Args:
        role: whom the rig plays. ori: its own, ``""`` when any destination will do.
        used: SHA-256 of the file that came first under each (ORI, TCN).
        rejections: TCNs of the ERRTs that the rig has sent. answers: TCNs of all answers.
    """

    role: str
    ori: str = ""
    used: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rejections: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()


def judge(received: Transaction, digest: str, table: Table, known: Known) -> tuple[Finding, ...]:
    """Return what is wrong with a submission, errors first.

    Args:
        received: as read. digest: SHA-256 of its bytes, in hex.
        table: the profile. known: what came before.
    """
    takes = [tot for tot in table.transactions if table.meaning_of(tot) in SUBMISSIONS]
    found = [*validate(received, profile=table, authorised=takes), *_of_the_rig(received, digest, known)]
    return tuple(sorted((located(f, received, table) for f in found), key=lambda f: f.severity != ERROR))


def _of_the_rig(received: Transaction, digest: str, known: Known) -> Iterator[Finding]:
    first = known.used.get((received.ori, received.tcn))
    if first is not None and first != digest:
        message = "another file came under this control number before; a number is used once (section 1.6)"
        yield _finding("E0006", "1.009", message, "tcn-used-once", expected="a new control number")
    yield from _addresses(received, known)
    yield from _reference(received, known)
    if received.records and not received.pry.strip():
        message = "no priority is stated: by Appendix B this means 9, the lowest"
        yield _finding(
            "E0001", "1.006", message, "priority-stated", severity=WARNING, expected="4 for a routine booking"
        )


def _addresses(received: Transaction, known: Known) -> Iterator[Finding]:
    if received.ori and received.ori == received.dai:
        message = "sender and destination are the same agency"
        yield _finding("E0006", "1.007", message, "destination", expected="the ORI of whoever is to answer")
    elif known.ori and received.dai and received.dai != known.ori:
        message = "the submission is addressed to another agency than the one that the rig plays"
        yield _finding("E0006", "1.007", message, "destination", severity=WARNING, expected=known.ori)
    agencies = read_booking(received).cri
    if len(set(agencies)) < len(agencies):
        message = "a controlling agency is named twice"
        yield _finding("E0006", "2.073", message, "controlling-agency", severity=WARNING, clause="App. C")
    if known.role == STATE_BUREAU and agencies and received.ori and agencies[0] != received.ori:
        message = (
            "the first controlling agency is not the sender: a state bureau routes its answers by it (section 1.6)"
        )
        yield _finding(
            "E0006",
            "2.073",
            message,
            "controlling-agency",
            severity=WARNING,
            clause="App. C",
            expected="the sender's ORI",
        )


def _reference(received: Transaction, known: Known) -> Iterator[Finding]:
    """A resubmission may quote the rejection that it mends (section 1.6), nothing else."""
    if not received.tcr or received.tcr in known.rejections:
        return
    if received.tcr in known.answers:
        message = "the reference names an answer that was no rejection"
    elif any(tcn == received.tcr for _, tcn in known.used):
        message = "the reference names a submission; a resubmission names the rejecting answer"
    else:
        message = "the reference names no answer of this rig"
    expected = "the TCN of the ERRT that is mended, or no reference"
    yield _finding(
        "E0006", "1.010", message, "resubmission", severity=WARNING, clause="section 1.6; " + TABLE_1, expected=expected
    )


def _finding(
    code: str, tag: str, message: str, rule: str, *, severity: str = ERROR, clause: str = TABLE_1, expected: str = ""
) -> Finding:
    return Finding(
        code, tag, "", message, severity, rule=f"rig/{rule}", edition=EDITION, clause=clause, expected=expected
    )
