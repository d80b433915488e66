"""Prints that must be forgotten: taken out of the gallery with their rows, and never shown when they turn up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from tenprint.core.errors import StorageError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import is_to_be_forgotten
from tenprint.exchange.model.envelope import Envelope, ErasedHeading, MessageKey
from tenprint.exchange.model.known import ERASED, Repository, message_of
from tenprint.exchange.model.stored import Erasure, ErasureKind
from tenprint.exchange.model.withdrawal import was_withdrawn
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks.news import SUBMITTER
from tenprint.exchange.tasks.periods import Kept
from tenprint.exchange.tasks.prints import ReadCard, read_card
from tenprint.exchange.tasks.submissions import ENROLLED, SUBJECT, SUBMISSION, keep_prints

GALLERY_ELSEWHERE = "STORE_LOCKED"
"""Code of a gallery that another process of the same party works on."""
REPOSITORIES: Mapping[Role, Repository] = {
    Role.STATE_BUREAU: Repository.STATE,
    Role.CRIMINAL_REPOSITORY: Repository.CRIMINAL,
    Role.IMMIGRATION_REPOSITORY: Repository.IMMIGRATION,
}
"""Whose gallery a party keeps."""


def forget_prints(work: Work, case: Case) -> bool:
    """Take the prints that were enrolled for this booking out of the gallery; tell whether there were any.

    A person who was in the gallery before the booking stays in it: those prints are another record's. Where other
    bookings of the person rest on these prints, the prints of one of them are enrolled first. The gallery is no
    database table: it is changed before the commit, and again when the message is handled again, which changes nothing.
    """
    subject = case.known.get(SUBJECT, "")
    resting = _resting(work, case)
    if not subject or not (case.known.get(ENROLLED) or (not resting and _was_enrolled_by_booking(work, subject))):
        return False
    if resting:
        _enrol_another(work, resting)
    for digest in work.tx.exemplars(subject):
        work.tx.put_erasure(Erasure(ErasureKind.FILE, digest))
    work.tx.forget_prints(subject)
    # At once, so that the next search does not find them; with the list, so that their bytes leave the files too. A
    # command beside the party's process cannot: that process works the list off, and shows nobody what is forgotten.
    with _unless_elsewhere():
        work.services.matcher.delete(subject)
    work.tx.put_erasure(Erasure(ErasureKind.SUBJECT, subject))
    work.log("prints_removed", note="the prints of this booking left the gallery")
    return True


def forget_withdrawn_prints(work: Work, case: Case) -> bool:
    """Forget the prints of a booking that was taken back, unless another booking of the person rests on them."""
    return not _resting(work, case) and forget_prints(work, case)


def _resting(work: Work, case: Case) -> list[Case]:
    """Return the other bookings, oldest first, that rest on the prints that a booking was enrolled by or matched."""
    subject = case.known.get(SUBJECT, "")
    known_by = work.tx.cases_with(SUBJECT, subject) if subject else []
    return [one for one in known_by if one.case_id != case.case_id and _rests(one)]


def _rests(case: Case) -> bool:
    has_left = Kept.PRINTS in case.known.get(ERASED, {})
    return not (has_left or was_withdrawn(case) or is_to_be_forgotten(case))


def _was_enrolled_by_booking(work: Work, subject: str) -> bool:
    return any(one.known.get(ENROLLED) for one in work.tx.cases_with(SUBJECT, subject))


def _enrol_another(work: Work, resting: list[Case]) -> None:
    """Enrol the prints of the first of these bookings whose prints are kept, and have all of them rest on those.

    Where there is none (nobody asked to keep them, or the card is erased), nobody is enrolled.
    """
    for one in resting:
        booked = _submission(work, one)
        card = read_card(work.services, booked) if booked is not None else None
        if booked is None or card is None or not card.templates:
            continue
        kept = keep_prints(Work(work.tx, work.services, booked), one, card, REPOSITORIES[work.services.party.role], "")
        if not kept.known.get(ENROLLED):
            continue
        subject = str(kept.known[SUBJECT])
        with _unless_elsewhere():
            work.services.matcher.enroll(subject, card.templates)
        for other in resting:
            work.tx.save_case(kept if other is one else other.moved(subject=subject))
        return
    work.log("not_enrolled", count=len(resting), note="other bookings of the person stand; none of their cards is kept")


def _submission(work: Work, case: Case) -> Envelope | None:
    """Return the message that a booking came with, or None when it cannot be read any more."""
    heading = work.tx.heading(MessageKey(case.known[SUBMITTER], message_of(case, SUBMISSION)))
    if heading is None or isinstance(heading, ErasedHeading):
        return None
    try:
        return work.tx.message(heading.key)
    except StorageError:
        return None


@contextmanager
def _unless_elsewhere() -> Iterator[None]:
    """Leave a change of the gallery to the process that works on it, which does it from what the database says."""
    try:
        yield
    except StorageError as problem:
        if problem.code != GALLERY_ELSEWHERE:
            raise


def without_forgotten(work: Work, card: ReadCard) -> ReadCard:
    """Return a searched card without candidates whose record was expunged or sealed; each one dropped is logged."""
    if card.search is None or not card.search.candidates:
        return card
    gone = work.tx.forgotten(candidate.subject_id for candidate in card.search.candidates)
    if not gone:
        return card
    work.log("candidate_dropped", count=len(gone), note="a candidate's record is expunged, so it is not shown")
    kept = tuple(candidate for candidate in card.search.candidates if candidate.subject_id not in gone)
    return replace(card, search=replace(card.search, candidates=kept))
