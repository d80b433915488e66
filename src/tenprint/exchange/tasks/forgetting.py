"""Prints that must be forgotten: taken out of the gallery with their rows, and never shown when they turn up again."""

from __future__ import annotations

from dataclasses import replace

from tenprint.core.errors import StorageError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.stored import Erasure, ErasureKind
from tenprint.exchange.model.withdrawal import was_withdrawn
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks.prints import ReadCard
from tenprint.exchange.tasks.submissions import SUBJECT

GALLERY_ELSEWHERE = "STORE_LOCKED"
"""Code of a gallery that another process of the same party works on."""


def forget_prints(work: Work, case: Case) -> bool:
    """Take the prints that were enrolled for this booking out of the gallery; tell whether there were any.

    A person who was in the gallery before the booking stays in it: those prints are another record's. The gallery is no
    database table: it is changed before the commit, and again when the message is handled again, which changes nothing.
    """
    subject = case.known.get(SUBJECT, "")
    if not subject or not case.known.get("enrolled"):
        return False
    for digest in work.tx.exemplars(subject):
        work.tx.put_erasure(Erasure(ErasureKind.FILE, digest))
    work.tx.forget_prints(subject)
    # At once, so that the next search does not find them; with the list, so that their bytes leave the files too. A
    # command beside the party's process cannot: that process works the list off, and shows nobody what is forgotten.
    try:
        work.services.matcher.delete(subject)
    except StorageError as problem:
        if problem.code != GALLERY_ELSEWHERE:
            raise
    work.tx.put_erasure(Erasure(ErasureKind.SUBJECT, subject))
    work.log("prints_removed", note="the prints of this booking left the gallery")
    return True


def forget_withdrawn_prints(work: Work, case: Case) -> bool:
    """Forget the prints of a booking that was taken back, unless another booking of the person rests on them."""
    subject = case.known.get(SUBJECT, "")
    others = work.tx.cases_with(SUBJECT, subject) if subject else []
    if any(one.case_id != case.case_id and not was_withdrawn(one) for one in others):
        return False
    return forget_prints(work, case)


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
