"""The facts behind a rule's decision, found again: in its sentence, in the message, in the case, in the directory.

A ledger holds no person's data, so it does not hold the facts; where they are kept elsewhere they are read from there,
each with the place it was read from. What is kept nowhere stays unknown, and is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tenprint.core.clock import from_wire
from tenprint.core.errors import TenprintError
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.known import message_of
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.copies import COPY_TO
from tenprint.exchange.tasks.periods import ENDED
from tenprint.exchange.tasks.prints import booking_of, threshold_of
from tenprint.exchange.tasks.results import CASCADE_FACTS, result_of
from tenprint.exchange.tasks.stated import stated_in
from tenprint.exchange.tasks.submissions import booked_on
from tenprint.ledger.entry import Entry
from tenprint.policy.evaluate import Decision, decide
from tenprint.policy.programme import PLACEHOLDER, Programme, Rule
from tenprint.policy.vocabulary import NOT_KNOWN, Fact, FactValue, Vocabulary
from tenprint.records.ident import IdentDataResponse
from tenprint.records.itl.ebts import SUBMISSIONS, Booking, missing_fingers, priority_of, read_booking
from tenprint.records.itl.reader import read
from tenprint.records.nlets.iar import Iar

GALLERIES = {
    Role.STATE_BUREAU: "state",
    Role.CRIMINAL_REPOSITORY: "criminal",
    Role.IMMIGRATION_REPOSITORY: "immigration",
}
SENTENCE, MESSAGE, CASE = "the rule's sentence on the ledger", "the message", "the case as the party keeps it"
TASK, LEDGER, ALWAYS = "what the person was shown", "an earlier entry of the ledger", "the same whenever this is asked"
SETTINGS = "the network's directory, as it is now"


@dataclass(frozen=True)
class Found:
    """A fact's value, and where it was read."""

    value: FactValue
    source: str


@dataclass
class Trail:
    """What is at hand to find facts again.

    Args:
        node: the party that asked its rules.
        entry: the decision's entry.
        entries: all of the case's at this party.
        case: as the party keeps it.
        message: the message at whose handling it was asked; None when it cannot be read.
        tasks: the case's at this party.
        found: facts by name.
    """

    node: Node
    entry: Entry
    entries: list[Entry]
    case: Case | None
    message: Envelope | None
    tasks: list[Task]
    found: dict[str, Found] = field(default_factory=dict)

    def note(self, source: str, facts: Mapping[str, Any]) -> None:
        """Keep facts with the place where they were read; what was found before stays."""
        for name, value in facts.items():
            self.found.setdefault(name, Found(value, source))

    def earlier(self, kind: str, **fields: str) -> Entry | None:
        """Return the entry of this kind about the same message, before this one, or None."""
        wanted = {"kind": kind, "message": self.entry.fields.get("message"), **fields}
        place = int(self.entry.fields.get("sequence", 0))
        before = [one for one in self.entries if int(one.fields.get("sequence", 0)) < place]
        return next((one for one in reversed(before) if wanted.items() <= one.fields.items()), None)


def find(trail: Trail, programme: Programme, rule: Rule) -> dict[str, Found]:
    """Return the facts that can be found again, by name; only those that the rules' vocabulary takes."""
    sentence = str(trail.entry.fields.get("note", ""))
    trail.note(SENTENCE, said_in(sentence, rule.sentence, programme.vocabulary))
    finder = _FINDERS.get(str(trail.entry.fields.get("question", "")))
    if finder is not None:
        # What cannot be read any more stays unknown, and the page says so.
        with suppress(TenprintError, KeyError, ValueError, TypeError, IndexError, StopIteration):
            finder(trail)
    facts = programme.vocabulary.facts
    return {name: one for name, one in trail.found.items() if name in facts and facts[name].accepts(one.value)}


def said_in(sentence: str, form: str, vocabulary: Vocabulary) -> dict[str, FactValue]:
    """Return the facts that a rendered sentence names: `policy.evaluate.render` turned round."""
    names = PLACEHOLDER.findall(form)
    pattern = "(.+?)".join(re.escape(part) for part in PLACEHOLDER.split(form)[::2])
    match = re.fullmatch(pattern, sentence)
    if match is None or not names:
        return {}
    values = ((name, _value(vocabulary.facts[name], text)) for name, text in zip(names, match.groups(), strict=True))
    return {name: value for name, value in values if value is not None}


def _value(fact: Fact, text: str) -> FactValue | None:
    if text == NOT_KNOWN:
        return None
    if fact.type == "bool":
        return {"yes": True, "no": False}.get(text)
    if fact.type == "int":
        return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else None
    if fact.type == "date":
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    return {spoken: value for value, spoken in fact.words.items()}.get(text, text)


def _asked(trail: Trail, source: str, ask: Callable[[questions.Ask], Decision]) -> None:
    """Ask a question as the exchange does, and keep the facts that go with it."""

    def keep(question: str, facts: Mapping[str, Any]) -> Decision:
        trail.note(source, facts)
        return decide(trail.node.services.programme, question, facts)

    ask(keep)


def _accept(trail: Trail) -> None:
    trail.note(ALWAYS, {"unexplained_missing_fingers": 0})
    if trail.message is not None:
        booking = read_booking(read(trail.message.body))
        trail.note(MESSAGE, {"explained_missing_fingers": len(missing_fingers(booking))})


def _verify(trail: Trail) -> None:
    trail.note(ALWAYS, {"repository": GALLERIES[trail.node.party.role]})
    trail.note(SETTINGS, {"threshold_name": threshold_of(trail.node.party).name})
    shown = next((task.shown for task in trail.tasks if task.kind == TaskKind.EXAMINE), None)
    if shown:
        best = shown["candidates"][0]
        trail.note(TASK, {"score": best["score"], "threshold": best["threshold"]})


def _forward(trail: Trail) -> None:
    party, searched = trail.node.party, trail.earlier("searched")
    if searched is not None:
        trail.note(LEDGER, {"state_result": str(searched.fields["result"])})
    trail.note(SETTINGS, questions.state_facts(party, _booked_on(trail)))
    if trail.case is not None:
        charges = [literal for _, literal in booking_of(trail.case).charges]
        trail.note(CASE, questions.charge_facts(charges, _booked_on(trail)))


def _booked_on(trail: Trail) -> date:
    booking = booking_of(trail.case) if trail.case is not None else Booking()
    return booked_on(booking, from_wire(str(trail.entry.fields["time"])))


def _cascade(trail: Trail) -> None:
    if trail.case is not None:
        booking = booking_of(trail.case)
        directory = trail.node.services.directory
        trail.note(SETTINGS, {"ori_activated": directory.is_activated(booking.ori, _booked_on(trail))})
        trail.note(CASE, {"ndr_asks_immigration": not questions.IMMIGRATION_NDR.isdisjoint(booking.ndr)})
        told = trail.case.known.get(CASCADE_FACTS, {}).get(trail.entry.fields.get("message"))
        if told is not None:
            trail.note(CASE, {"disposition": told})


def _answer_within(trail: Trail) -> None:
    if trail.message is not None:
        trail.note(MESSAGE, {"priority": priority_of(read(trail.message.body))})


def _retention(trail: Trail) -> None:
    trail.note(ALWAYS, {"repository": GALLERIES[trail.node.party.role]})
    if trail.message is not None:
        booking = read_booking(read(trail.message.body))
        trail.note(MESSAGE, {"retain_requested": booking.ret == "Y"})
        keeps = trail.node.party.setting("keeps_searches", False, booked_on(booking, trail.message.sent_at))
        trail.note(SETTINGS, {"keeps_searches": bool(keeps)})


def _delivery(trail: Trail) -> None:
    if trail.case is not None:
        booking, directory = booking_of(trail.case), trail.node.services.directory
        state, agency = directory.party(trail.case.known["submitter"]), directory.with_ori(booking.ori)
        day = _booked_on(trail)
        _asked(trail, SETTINGS, lambda ask: questions.delivery(ask, trail.node.party, state, agency, day))


def _second_examiner(trail: Trail) -> None:
    if trail.message is not None:
        answer = TaskAnswer.from_bytes(trail.message.body)
        trail.note(MESSAGE, {"finding": answer.answer, "examiners_asked": 1 if answer.kind == TaskKind.EXAMINE else 2})


def _iaq(trail: Trail) -> None:
    if trail.message is not None:
        trail.note(MESSAGE, {"immigration_result": str(IdentDataResponse.from_bytes(trail.message.body).result)})


def _who_receives(trail: Trail) -> None:
    if trail.case is not None:
        agency = trail.node.services.directory.party(trail.case.known["submitter"])
        day = _booked_on(trail)
        _asked(trail, SETTINGS, lambda ask: questions.who_receives_iar(ask, trail.node.party, agency, day))


def _copy_answer(trail: Trail) -> None:
    if trail.message is not None and trail.message.kind in SUBMISSIONS:
        trail.note(ALWAYS, {"answer_has_status": False})  # the state's own answer or rejection
    elif trail.message is not None:
        has_status = trail.message.kind != Kind.ERRT and bool(result_of(trail.message).response.iar)
        trail.note(MESSAGE, {"answer_copied": trail.message.kind.lower(), "answer_has_status": has_status})
    if trail.case is not None:
        _who_receives(trail)
        agencies = [trail.node.services.directory.party(name) for name in trail.case.known[COPY_TO]]
        takes = {bool(agency.setting("receives_answer", True, _booked_on(trail))) for agency in agencies}
        if len(takes) == 1:  # where they differ, the entry does not say about which one it is
            trail.note(SETTINGS, {"copy_party_receives_answer": takes.pop()})


def _offence_level(trail: Trail) -> None:
    if trail.message is not None:
        trail.note(MESSAGE, stated_in(TaskAnswer.from_bytes(trail.message.body).details))


def _priority(trail: Trail) -> None:
    level = trail.earlier("decision", question="offence_level")
    if level is not None:
        trail.note(LEDGER, {"offence_level": str(level.fields["outcome"])})
    if trail.message is not None:
        trail.note(MESSAGE, {"status": str(Iar.from_bytes(trail.message.body).status)})


def _detainer(trail: Trail) -> None:
    if trail.message is None:
        return
    answer = TaskAnswer.from_bytes(trail.message.body)
    task = next(task for task in trail.tasks if task.id == answer.task_id)
    is_second = task.kind == TaskKind.SECOND_LOOK
    details = task.shown["proposal"]["details"] if is_second else answer.details
    source = f"{TASK}, and what that person answered"
    _asked(trail, source, lambda ask: questions.detainer(ask, task.shown, details, is_looked_at=is_second))


def _hold_hours(trail: Trail) -> None:
    trail.note(ALWAYS, {"detainer_accepted": True})


def _keep_days(trail: Trail) -> None:
    kept = str(trail.entry.fields.get("note", "")).partition(":")[0]
    trail.note(ALWAYS, {"keeper": str(trail.node.party.role), "kept": kept})
    if trail.case is not None:
        trail.note(CASE, {"case_ended": str(trail.case.state)})
        if "booking" in trail.case.known:
            trail.note(CASE, {"retain_requested": booking_of(trail.case).ret == "Y"})


def _erase_expunged(trail: Trail) -> None:
    trail.note(ALWAYS, {"keeper": str(trail.node.party.role)})
    if trail.case is not None:
        trail.note(CASE, {"hold_requested": bool(message_of(trail.case, Kind.DETAINER))})
        if trail.case.state in ENDED:
            trail.note(CASE, {"case_ended": str(trail.case.state)})


_FINDERS: dict[str, Callable[[Trail], None]] = {
    "accept_submission": _accept,
    "verify_candidate": _verify,
    "forward_to_criminal": _forward,
    "cascade_to_immigration": _cascade,
    "answer_within_seconds": _answer_within,
    "retention": _retention,
    "delivery": _delivery,
    "keep_days": _keep_days,
    "erase_expunged": _erase_expunged,
    "second_examiner": _second_examiner,
    "iaq_on_match": _iaq,
    "who_receives_iar": _who_receives,
    "copy_answer": _copy_answer,
    "offence_level": _offence_level,
    "priority": _priority,
    "detainer": _detainer,
    "hold_hours": _hold_hours,
}
