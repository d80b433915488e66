"""A correction as everybody takes it who was told of the booking: noted, acted on, passed on, acknowledged.

Expunged and sealed records are forgotten: their prints leave the gallery, open questions are closed, a case that is
under way ends. An expunged one is erased besides, unless a rule keeps the record of a decision. A corrected record is a
note beside what was told, and whoever is being asked in the case is asked anew with what was corrected (`anew`). In all
cases an officer looks again at a detainer that stands; nothing is taken back by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tenprint.core.canonical import sha256_hex
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError, TenprintError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import CORRECTIONS, Correction, CorrectionDone, corrections_of
from tenprint.exchange.model.directory import Party
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.known import LATE, Wake, erased_number
from tenprint.exchange.model.routes import steps_of_news, way_of_news
from tenprint.exchange.model.words import CaseState, CorrectionKind, Kind, Role, TaskKind
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks import anew, detainers, periods, waits
from tenprint.exchange.tasks.answers import close_unanswered
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.dated import refuse_impossible
from tenprint.exchange.tasks.forgetting import forget_prints
from tenprint.exchange.tasks.news import NEWS, with_news
from tenprint.exchange.tasks.origin import refuse_unsigned
from tenprint.exchange.tasks.spread import refuse_changed, refuse_other_booking, refuse_stranger

FORGET = frozenset({CorrectionKind.EXPUNGED, CorrectionKind.SEALED})
ORIGINS: dict[Role, frozenset[CorrectionKind]] = {
    Role.AGENCY: frozenset({CorrectionKind.CORRECTED}),
    Role.STATE_BUREAU: FORGET,
    Role.COURT: FORGET,
    Role.IMMIGRATION_REPOSITORY: frozenset({CorrectionKind.CORRECTED}),
    Role.SUPPORT_CENTER: frozenset({CorrectionKind.CORRECTED}),
    Role.JAIL: frozenset({CorrectionKind.CORRECTED}),
    Role.FIELD_OFFICE: frozenset({CorrectionKind.CORRECTED}),
}
"""Who may correct what: a booking error is the agency's, an order the state's or the court's, a record its keeper's, a
report of custody the jail's, an outcome the field office's."""
STAYS_OPEN = frozenset({TaskKind.REVIEW, TaskKind.REPORT_OUTCOME})
"""What a field office is asked all the same when a booking is forgotten."""
NOTED, PRINTS_REMOVED, TASKS_CLOSED, CASE_ENDED, ASKED_AGAIN, ASKED_ANEW = (
    "noted", "prints_removed", "tasks_closed", "case_ended", "officer_asked", "asked_anew",
)  # fmt: skip
NOTHING_LEFT = "nothing_left"
"""What a party says of a correction of a case that it has erased."""
TO_BE_ERASED, DECISION_KEPT = "to_be_erased", "decision_kept"
"""What a party says of an expunged booking: it erases what it keeps of the case at the end of the day, or a dated rule
of the programme keeps the record of what was decided about the person (question ``erase_expunged``)."""
UNKNOWN_CASE = "unknown_case"
"""What a party says of a correction of a case that never came to it."""


@dataclass(frozen=True)
class Acknowledged:
    """Who has answered a correction.

    Args:
        correction_id, correction_kind, what, origin: the correction, and whose it is.
        done: per party that it was sent to, what it did about it; ``""`` while it has not answered.
        reason, person, made_at: why, by whom at the origin, and when; without words once the case is erased.
    """

    correction_id: str
    correction_kind: str
    what: str
    origin: str
    done: dict[str, str]
    reason: str = ""
    person: str = ""
    made_at: str = ""


def on_correction(work: Work, _: None) -> None:
    """Take a correction: note it, act on it, pass it on, say back what was done. A repeat changes nothing.

    Raises:
        RecordError: ``BODY_INVALID``.
        SenderError: ``CORRECTION_NOT_YOURS``, ``NOT_ASKED``, ``NEWS_UNSIGNED``, ``NEWS_SIGNATURE_INVALID``,
            ``KEY_EXPIRED``, ``KEY_NOT_YET_VALID``, ``OTHER_BOOKING``, ``NEWS_CHANGED``, ``TIME_IN_FUTURE``.
        StorageError: ``UNKNOWN_CASE``.
    """
    said = Correction.from_bytes(work.message.body)
    case = work.case()
    kind = CorrectionKind(said.correction_kind)
    may_say = frozenset(role for role, kinds in ORIGINS.items() if kind in kinds)
    refuse_stranger(work, case, said.origin, may_say, "CORRECTION_NOT_YOURS")
    refuse_unsigned(work, said, said.origin, said.made_at)
    _refuse_others_words(work, said)
    refuse_other_booking(case, said.tcn)
    refuse_impossible(work, None, said.made_at)
    known = case.known.get(CORRECTIONS, {})
    if said.correction_id in known:
        refuse_changed(known[said.correction_id]["sha256"], work.message.body)
        work.log("repeat", note="this correction was noted before")
        return
    keep(work, take_correction(work, case, said, work.message, came_from=work.message.sender))


def take_correction(work: Work, case: Case, said: Correction, message: Envelope, *, came_from: str) -> Case:
    """Return the case with a correction noted and acted on, to be saved with `keep`.

    Args:
        work, case: at hand.
        said: the correction.
        message: that brought it, or the first of those that carry it away.
        came_from: who told this party, or ``""`` at its origin.
    """
    noted = asdict(said) | {"made_at": to_wire(said.made_at), "sha256": sha256_hex(message.body)}
    done = [NOTED]
    case = with_correction(case, said.correction_id, noted)
    if said.correction_kind in FORGET:
        case, more = _forgotten(work, case, said)
        done += more
    case, is_asked_anew = _asked_anew(work, case, said)
    done += [ASKED_ANEW] if is_asked_anew else []
    if work.services.party.role == Role.FIELD_OFFICE and detainers.stands(case):
        look_again_after(work, case, noted)
        done.append(ASKED_AGAIN)
    if said.correction_kind == CorrectionKind.EXPUNGED:
        is_erased = periods.is_erased_by_order(work.decide, work.services.party.role, case)
        done.append(TO_BE_ERASED if is_erased else DECISION_KEPT)
        # At the end of the day: by then this news has gone on, and whoever was told has had time to answer.
        periods.wake_at(work, periods.end_of_day(work.now), periods.EXPUNGED)
    words = " ".join(done)
    work.log("correction", counterpart=came_from, outcome=said.correction_kind, note=words)
    case = with_correction(case, said.correction_id, noted | {"done": words, "acknowledged": {}, "sent_to": []})
    return with_news(case, said.correction_id, message, origin=said.origin, came_from=came_from, done=words)


def take_correction_of_erased(work: Work, case: Case) -> None:
    """Take a correction of a case that was erased: there is nothing left to correct; say that, and pass it on.

    Raises:
        RecordError, SenderError: as `on_correction`.
    """
    said = Correction.from_bytes(work.message.body)
    may_say = frozenset(role for role, kinds in ORIGINS.items() if said.correction_kind in kinds)
    refuse_stranger(work, case, said.origin, may_say, "CORRECTION_NOT_YOURS")
    refuse_unsigned(work, said, said.origin, said.made_at)
    _refuse_others_words(work, said)
    if case.tcn and case.tcn not in (erased_number(case.ori, said.tcn), said.tcn):
        raise SenderError("OTHER_BOOKING", "this names another booking than this case's")
    known = case.known.get(CORRECTIONS, {})
    if said.correction_id in known:
        refuse_changed(known[said.correction_id]["sha256"], work.message.body)
        work.log("repeat", note="this correction was noted before")
        return
    noted = asdict(said) | {"made_at": to_wire(said.made_at), "sha256": sha256_hex(work.message.body)}
    noted |= {"done": NOTHING_LEFT, "acknowledged": {}, "sent_to": []}
    case = with_correction(case, said.correction_id, without_words(noted))
    work.log("correction", counterpart=work.message.sender, outcome=said.correction_kind, note=NOTHING_LEFT)
    sender, origin = work.message.sender, said.origin
    keep(work, with_news(case, said.correction_id, work.message, origin=origin, came_from=sender, done=NOTHING_LEFT))


def without_words(noted: dict[str, Any]) -> dict[str, Any]:
    """Return a noted correction without what leads to the booking or the person: for a case that was erased."""
    return noted | dict.fromkeys(("tcn", "what", "reason", "by", "status", "legal_ground"), "")


def on_correction_done(work: Work, _: None) -> None:
    """Note what another party did about a correction, and pass it back the way that the correction came.

    Raises:
        RecordError: ``BODY_INVALID``.
        SenderError: ``UNKNOWN_CORRECTION``, ``NOT_ASKED``, ``UNKNOWN_PARTY``, ``NOT_ON_THE_WAY``.
        StorageError: ``UNKNOWN_CASE``.
    """
    said = CorrectionDone.from_bytes(work.message.body)
    case = work.case()
    item = case.known.get(CORRECTIONS, {}).get(said.correction_id)
    if item is None:
        raise SenderError("UNKNOWN_CORRECTION", "no such correction was sent in this case")
    news = case.known[NEWS][said.correction_id]
    if work.message.sender not in news["told"]:
        raise SenderError("NOT_ASKED", f"{work.message.sender} was not sent this correction")
    _refuse_off_the_way(work, case, item["origin"], said)
    sent_to = dict.fromkeys([*item["sent_to"], *said.passed_on_to.split()])
    more = {"acknowledged": item["acknowledged"] | {said.party: said.done}, "sent_to": list(sent_to)}
    work.log("acknowledged", counterpart=work.message.sender, note=f"{said.party}: {said.done}")
    waits.end_if_all_answered(work, case, Wake.CORRECTION_OVERDUE)
    keep(work, with_correction(case, said.correction_id, item | more))
    if news["from"]:
        work.send(Kind.ACK, news["from"], work.message.body, in_reply_to=news["message"])


def _refuse_off_the_way(work: Work, case: Case, origin: str, said: CorrectionDone) -> None:
    """Refuse what a neighbour says for a party that does not hear this correction by way of that neighbour.

    It speaks for itself and for those beyond it, and each of these passes a correction on to those next to it only.

    Raises:
        SenderError: ``UNKNOWN_PARTY``, ``NOT_ON_THE_WAY``.
    """
    directory, sender = work.services.directory, work.message.sender
    way, about = way_of_news(directory.party(origin).role), directory.party(said.party).role
    if said.party != sender and directory.party(sender).role not in _steps_to(directory.party(said.party), case, way):
        raise SenderError("NOT_ON_THE_WAY", f"{said.party} does not hear of this correction by way of {sender}")
    for party in said.passed_on_to.split():
        if _steps_to(directory.party(party), case, way)[:1] != (about,):
            raise SenderError("NOT_ON_THE_WAY", f"{party} does not hear of this correction from {said.party}")


def _steps_to(party: Party, case: Case, way: Mapping[Role, Role]) -> tuple[Role, ...]:
    """Return the roles by way of which a correction reaches a party, the nearest first."""
    if party.role == Role.AGENCY and party.ori != case.ori:  # it has copies of the answers, from the state bureau
        return (Role.STATE_BUREAU, *steps_of_news(way, Role.STATE_BUREAU))
    return steps_of_news(way, party.role)


def on_correction_given_up(work: Work, problem: TenprintError) -> None:
    """Say back that the case never came here, so that whoever corrects need not wait for this party."""
    if problem.code != "UNKNOWN_CASE":
        return
    said = Correction.from_bytes(work.message.body)
    done = CorrectionDone(said.correction_id, work.services.party.id, UNKNOWN_CASE)
    work.send(Kind.ACK, work.message.sender, done.to_bytes())


def acknowledgements(case: Case, own: str) -> list[Acknowledged]:
    """Return, for every correction that a party knows, who has acknowledged it to this party and who has not.

    Args:
        case: as that party knows it. The origin sees everybody; a party on the way, whom it passed the correction to.
        own: the party's id.
    """
    found = []
    for item in corrections_of(case):
        name = item["correction_id"]
        told = case.known[NEWS][name]["told"]
        expected = dict.fromkeys(party for party in [*told, *item["sent_to"]] if party not in (own, item["origin"]))
        done = {party: str(item["acknowledged"].get(party, "")) for party in expected}
        said = (item["reason"], item["by"], item["made_at"])
        found.append(Acknowledged(name, item["correction_kind"], item["what"], item["origin"], done, *said))
    return found


def look_again_after(work: Work, case: Case, said: Mapping[str, Any]) -> None:
    """Put a detainer that stands before an officer again, because of a correction."""
    new = {"correction": said["correction_kind"], "correction_says": said["what"], "corrected_by": said["origin"]}
    detainers.ask_again(work, case, f"a record was {said['correction_kind']}", said["correction_id"], **new)


def with_correction(case: Case, correction_id: str, noted: dict[str, Any]) -> Case:
    """Return the case with a correction noted."""
    return case.moved(**{CORRECTIONS: case.known.get(CORRECTIONS, {}) | {correction_id: noted}})


def _asked_anew(work: Work, case: Case, said: Correction) -> tuple[Case, bool]:
    """Ask anew who is being asked; a proposed detainer goes back to who proposed it. Tell whether anybody was asked."""
    why = f"a record was {said.correction_kind}"
    for look in work.tx.tasks(case.case_id, open_only=True):
        if look.kind == TaskKind.SECOND_LOOK:
            anew.close_as_replaced(work, look, why)
    successors = anew.ask_anew(work, case, anew.BY_CORRECTION, why, said.correction_id)
    late = case.known.get(LATE, {})
    about = {successors[task]: subject for task, subject in late.items() if task in successors}
    return (case.moved(**{LATE: late | about}) if about else case), bool(successors)


def _refuse_others_words(work: Work, said: Correction) -> None:
    """Refuse a status of whoever does not find any, and an outcome of whoever does not report any.

    Raises:
        SenderError: ``CORRECTION_NOT_YOURS``.
    """
    role = work.services.directory.party(said.origin).role
    if said.status and role != Role.SUPPORT_CENTER:
        raise SenderError("CORRECTION_NOT_YOURS", "what somebody's status is, a support center alone says")
    if bool(said.outcome) != (role == Role.FIELD_OFFICE):
        raise SenderError("CORRECTION_NOT_YOURS", "a field office corrects outcomes, and nobody else does")


def _forgotten(work: Work, case: Case, said: Correction) -> tuple[Case, list[str]]:
    """Forget a booking as far as this party can; return the case, and what was done."""
    done = []
    if forget_prints(work, case):
        done.append(PRINTS_REMOVED)
    if work.services.party.role != Role.JAIL:  # whom a jail holds, the field office has to release
        waiting = {t.kind for t in work.tx.tasks(case.case_id, open_only=True)} - STAYS_OPEN
        for kind in sorted(waiting):
            close_unanswered(work, kind, said.correction_kind, f"the record was {said.correction_kind}")
        done += [TASKS_CLOSED] if waiting else []
    is_under_way = not case.is_final and case.state not in (CaseState.ANSWERED, CaseState.HELD)
    if is_under_way and work.services.party.role != Role.JAIL and not detainers.stands(case):
        work.tx.cancel_timers(case.case_id, Wake.ANSWER_DUE)
        return case.moved(CaseState.WITHDRAWN), [*done, CASE_ENDED]
    return case, done
