"""What an SRE tells its receiver: which repository has answered what, and where the case stands by that."""

from __future__ import annotations

from collections.abc import Iterable

from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.known import (
    Repository,
    advanced,
    empty_file,
    message_of,
    reopened,
    repository_state,
    unsettled,
    with_message,
    with_repository,
)
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks.questions import IMMIGRATION_NDR
from tenprint.records import read
from tenprint.records.itl.ebts import IDENT, SubmissionResult, read_result
from tenprint.records.words import ExaminerFinding

KEPT_BY_STATE = "NOT FORWARDED TO THE CRIMINAL REPOSITORY"
"""Advice (2.071) in a state result after which no federal answer follows."""


CASCADE = "cascade"
"""In `Case.known`: why the immigration repository was searched, or was not."""


CASCADE_FACTS = "cascade_facts"
"""In `Case.known`: what was told of the charges when the rules were asked, by id of the message then at hand; only
under rules that ask for it."""
WAITS_FOR_CONVICTION = "NOT MADE YET, WAITS FOR A CONVICTION"
"""Why there was no search so far: a disposition may still bring one."""

LATE_HIT_FOLLOWS = frozenset({RepositoryState.NO_MATCH, RepositoryState.PARTIAL})
"""What the immigration repository may have answered before a late hit: who was told of a match needs none."""


FIRST_ANSWERS: dict[Kind, tuple[Kind, ...]] = {
    Kind.SRE: (Kind.SRE, Kind.ERRT),
    Kind.SECOND_SRE: (Kind.ERRT,),
    Kind.ERRT: (Kind.SRE, Kind.ERRT),
}
"""By kind of a federal answer, which ones before it make it a repeat: a booking is answered or rejected, and once."""


def advice(repository: Repository, result: RepositoryState, *, is_empty: bool = False) -> str:
    """Return the advice (2.071) that keeps an unsettled search from being read as a non-identification.

    SRF (2.059) knows only I and N in a ten-print answer (EBTS 8.001); `error` and `partial` go with N and this line. So
    does a search of an empty repository, which EBTS tells from a search with no results by L0010.
    """
    if result == RepositoryState.NO_MATCH and is_empty:
        return empty_file(repository)
    if result in (RepositoryState.MATCH, RepositoryState.NO_MATCH):
        return ""
    return f"{repository.upper()} SEARCH {result.upper()}: THIS IS NO NON-IDENTIFICATION"


def own_result(repository: Repository, answer: SubmissionResult) -> RepositoryState:
    """Return what the repository that wrote an SRE says of its own file: SRF, unless its advice takes that back."""
    unsettled = (RepositoryState.ERROR, RepositoryState.PARTIAL)
    taken_back = next((state for state in unsettled if advice(repository, state) in answer.acn), None)
    return taken_back or (RepositoryState.MATCH if answer.srf == IDENT else RepositoryState.NO_MATCH)


def cascade_reason(ndr: Iterable[str], *, searches: bool, is_activated: bool, since: str) -> str:
    """Return in one line of an SRE why the immigration repository was searched, or was not (2.098, activation list).

    Args:
        ndr: repositories that the submission names.
        searches: whether it is searched.
        is_activated: whether the agency was on the list on the booking's day.
        since: from which day it is on the list (YYYY-MM-DD), or ``""`` when no day is on record.
    """
    asked = " ".join(sorted(IMMIGRATION_NDR.intersection(ndr), key=int))
    listed = f"AGENCY ACTIVATED SINCE {since}" if since else "AGENCY ACTIVATED"
    if not searches:
        return (
            f"NOT MADE, AGENCY ACTIVATED ONLY FROM {since}" if since else "NOT MADE, AGENCY NOT ACTIVATED AND NOT ASKED"
        )
    if is_activated:
        return f"ASKED (NDR {asked}), {listed}" if asked else f"{listed}, WHATEVER IT ASKED"
    return f"SUBMISSION ASKED (NDR {asked})"


def reason_by_disposition(*, searches: bool, waits: bool, standing: str, decided_on: str) -> str:
    """Return in one line of an SRE why there is a search, or none, where the rules ask how the charges ended.

    Args:
        searches, waits: what the rules said.
        standing, decided_on: how the charges ended, and on which day.
    """
    if waits:
        return WAITS_FOR_CONVICTION
    if searches:
        return f"MADE AFTER CONVICTION OF {decided_on}"
    return f"NOT MADE, NO CONVICTION ({standing.replace('_', ' ').upper()} {decided_on})"


def result_of(message: Envelope) -> SubmissionResult:
    """Return what an SRE says, leniently."""
    return read_result(read(message.body))


def noted_answer(case: Case, message: Envelope) -> Case:
    """Return the case with a federal SRE noted: repository states, message, control number, state of the case.

    An answer that says `pending` leaves the case open; `match` in a first answer means that a specialist is asked; a
    second answer closes what was open. Answers may come in any order and end in the same: one that was said before
    what is known already (a first one after a second one or a late hit; after a late hit, a second one that knows of
    no match) changes nothing of it.
    """
    answer = result_of(message)
    immigration = RepositoryState(answer.response.immigration)
    is_second, has_second = message.kind == Kind.SECOND_SRE, bool(message_of(case, Kind.SECOND_SRE))
    brings_match = is_second and immigration == RepositoryState.MATCH
    if has_second and not is_second:
        return with_message(case, message.kind, message.id, answer.tcn)
    if has_second and _has_match(case) and not brings_match:
        return case
    case = with_repository(case, Repository.CRIMINAL, own_result(Repository.CRIMINAL, answer))
    if answer.response.cascade:
        case = case.moved(cascade=answer.response.cascade)
    case = with_message(case, message.kind, message.id, answer.tcn)
    if message_of(case, Kind.LATE_HIT) and not brings_match:
        return case
    before = repository_state(case, Repository.IMMIGRATION)
    case = with_repository(case, Repository.IMMIGRATION, immigration)
    # A first answer that carries the specialist's words is a combined one: nothing follows it.
    is_last = is_second or bool(answer.response.iar)
    state = _state_after(case, immigration, answer.response.finding, is_last=is_last)
    if brings_match and before in LATE_HIT_FOLLOWS:
        return reopened(case, state)  # by a late hit, which is under way
    return advanced(case, state)


def noted_late_hit(work: Work, case: Case) -> Case:
    """Return the case opened again by a late hit: what was no match is one now, and a specialist is asked.

    When the second answer that follows it was here before, nothing is asked any more: that one stands.

    Raises:
        SenderError: ``CASE_NOT_REOPENED``.
    """
    is_answered = bool(message_of(case, Kind.SECOND_SRE)) and _has_match(case)
    case = with_message(case, Kind.LATE_HIT, work.message.id, work.message.tcn)
    if is_answered:
        work.log("overtaken", note="the answer that follows this late hit was here before it")
        return case
    case = with_repository(case, Repository.IMMIGRATION, RepositoryState.MATCH)
    before, case = case.state, reopened(case, CaseState.AWAITING_STATUS)
    work.log("reopened", note=f"a late hit: the case was {before} and waits for the status now")
    return case


def end_of(case: Case, immigration: RepositoryState, finding: ExaminerFinding) -> CaseState:
    """Return how a case ends for a party that expects nothing more after the immigration repository's answer.

    `no_match` only when no repository that was asked is unsettled; examiners who could not tell are `not_confirmed`.
    """
    if finding == ExaminerFinding.INCONCLUSIVE:
        return CaseState.NOT_CONFIRMED
    if immigration == RepositoryState.NO_MATCH and not unsettled(case):
        return CaseState.NO_MATCH
    return CaseState.ANSWERED


def _has_match(case: Case) -> bool:
    return repository_state(case, Repository.IMMIGRATION) == RepositoryState.MATCH


def _state_after(case: Case, immigration: RepositoryState, finding: ExaminerFinding, *, is_last: bool) -> CaseState:
    if immigration == RepositoryState.PENDING:
        return CaseState.SEARCHING
    if immigration == RepositoryState.MATCH and not is_last:
        return CaseState.AWAITING_STATUS
    return end_of(case, immigration, finding)
