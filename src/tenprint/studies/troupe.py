"""The players of the stories: they begin a story, answer its tasks as its file says, and say what lies ahead.

Nothing is remembered here. Which stories have begun, what was answered and who is enrolled stands in the parties'
databases, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from tenprint.core.errors import PolicyRefusal, SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.capture import book_card
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.words import ExaminerFinding, OfficerDecision, Role, TaskKind
from tenprint.exchange.ports import Node
from tenprint.exchange.story import final_state
from tenprint.studies.cards import StoryCards
from tenprint.studies.stage import Stage, open_tasks
from tenprint.studies.story_file import Story, StoryAnswer
from tenprint.studies.tally import Played

MAX_STEPS_A_STORY = 200
EXAMINATIONS = frozenset({TaskKind.EXAMINE, TaskKind.EXAMINE_SECOND})
NOT_ALLOWED = "The rules in force do not allow what the story's file says here, so nothing is asked of the jail."
NOT_THE_MATE = "The person's record is not among the candidates shown; none of them agrees."

MayPlay = Callable[[Story, Node, Task], bool]


class What(IntEnum):
    """What lies ahead; at one time the network goes first."""

    NETWORK = 0
    ENROLMENT = 1
    ANSWER = 2


@dataclass(frozen=True)
class Event:
    """Something that lies ahead: when, what, and for an answer or enrolment of which story."""

    at: datetime
    what: What
    story: Story | None = None
    node: Node | None = None
    task: Task | None = None
    answer: StoryAnswer | None = None

    @property
    def sentence(self) -> str:
        """Return what happens, as a sentence."""
        if self.answer is not None and self.story is not None:
            said = self.answer.answer.replace("_", " ")
            return f"{self.answer.by} answers '{said}' in '{self.story.title}'."
        if self.what == What.ENROLMENT and self.story is not None:
            return f"The person of '{self.story.title}' is enrolled in the immigration repository."
        return "A clock has run out, or a message was due: the network has worked."


def always(story: Story, node: Node, task: Task) -> bool:
    """Let the players answer every task."""
    del story, node, task
    return True


@dataclass(frozen=True)
class Troupe:
    """Plays stories on a running network. Its caller sees to it that nobody else works on the network meanwhile.

    Args:
        stage: the network.
        others: answers where a newcomer has led a story elsewhere than its file.
    """

    stage: Stage
    others: Sequence[StoryAnswer] = ()
    _left_to_people: set[str] = field(default_factory=set)

    def case_of(self, story: Story) -> Case | None:
        """Return the booking agency's case of a story, or None when it has not begun."""
        agency = self.stage.with_role(Role.AGENCY)
        with agency.store.transaction() as tx:
            return tx.case_by_tcn(agency.party.ori, story.tcn)

    def begin(self, story: Story, cards: StoryCards) -> str:
        """Enrol the person where they are known, book them, and return the case's id; a second time changes nothing.

        The clock moves to the story's day; when that is past already, the booking is late.
        """
        known = self.case_of(story)
        if known is not None:
            return known.case_id
        self.stage.clock.jump_to(story.booked)
        if story.known is not None:
            dispatch.enrol(self.stage.with_role(Role.IMMIGRATION_REPOSITORY), story.known.subject, cards.exemplar)
        agency = self.stage.with_role(Role.AGENCY)
        now = self.stage.clock.now()
        data = book_card(booking_fields(story), cards.booking, agency.party.ori, story.tcn, now)
        case_id = dispatch.submit(agency, data).case_id
        self.stage.run()
        return case_id

    def ahead(self, stories: Iterable[Story], may_play: MayPlay = always) -> list[Event]:
        """Return what lies ahead, earliest first: what is due in the network, and what players of these stories do.

        Args:
            stories: which are played; those that have not begun are passed over.
            may_play: tells whether the players answer a task.
        """
        due = dispatch.next_due(list(self.stage.nodes.values()))
        events = [Event(due, What.NETWORK)] if due is not None else []
        for story in stories:
            case = self.case_of(story)
            if case is not None:
                events += self._answers(story, case.case_id, may_play)
                events += self._enrolment(story, case)
        return sorted(events, key=lambda event: (event.at, event.what, event.story.name if event.story else ""))

    def perform(self, event: Event, cards: Callable[[Story], StoryCards]) -> None:
        """Move the clock to an event, let it happen, and let the network work."""
        self.stage.clock.jump_to(event.at)
        if event.node is not None and event.task is not None and event.answer is not None and event.story is not None:
            self._answer(event.node, event.task, event.answer, event.story)
        elif event.story is not None and event.story.later is not None:
            repository = self.stage.with_role(Role.IMMIGRATION_REPOSITORY)
            dispatch.enrol(repository, event.story.later.subject, cards(event.story).exemplar)
        self.stage.run()

    def play(self, story: Story, cards: Callable[[Story], StoryCards]) -> Played:
        """Play a story, or what is left of it, until nothing lies ahead.

        Raises:
            SenderError: ``STORY_ENDLESS`` when it does not come to an end.
        """
        case_id = self.begin(story, cards(story))
        for _ in range(MAX_STEPS_A_STORY):
            self.stage.run()
            events = self.ahead([story])
            if not events:
                return played(story, case_id)
            self.perform(events[0], cards)
        raise SenderError("STORY_ENDLESS", f"the story {story.name} does not end after {MAX_STEPS_A_STORY} steps")

    def _answers(self, story: Story, case_id: str, may_play: MayPlay) -> list[Event]:
        waiting = open_tasks(self.stage.nodes, case_id, story.told)
        kinds = {task.kind for _, task in waiting}
        events = []
        for node, task in waiting:
            if task.id in self._left_to_people or task.claimed_by or not may_play(story, node, task):
                continue
            if waits_for_another(task, kinds):
                continue
            answer = self._scripted(story, task)
            if answer is not None:
                begins = self._begins(node, task, answer)
                events.append(Event(begins + answer.after, What.ANSWER, story, node, task, answer))
        return events

    def _scripted(self, story: Story, task: Task) -> StoryAnswer | None:
        own = story.answers_to(task.kind)
        if own:
            return own[min(task.findings, len(own) - 1)]
        return next((answer for answer in self.others if answer.task == task.kind), None)

    def _begins(self, node: Node, task: Task, answer: StoryAnswer) -> datetime:
        if not answer.waits_for:
            return task.opened_at
        with node.store.transaction() as tx:
            closed = [t.decided_at for t in tx.tasks(task.case_id) if t.kind == answer.waits_for]
        return max((at for at in closed if at is not None), default=task.opened_at)

    def _enrolment(self, story: Story, case: Case) -> list[Event]:
        if story.later is None:
            return []
        repository = self.stage.with_role(Role.IMMIGRATION_REPOSITORY)
        if repository.store.exemplars(story.later.subject):
            return []
        return [Event(case.opened_at + story.later.after, What.ENROLMENT, story)]

    def _answer(self, node: Node, task: Task, answer: StoryAnswer, story: Story) -> None:
        said, reason, details = _spoken(task, answer, story)
        try:
            dispatch.decide_task(node, task.id, answer=said, reason=reason, by=answer.by, details=details)
        except (SenderError, PolicyRefusal):
            # A newcomer's answer has changed what is allowed: the officer then asks for nothing.
            self._left_to_people.add(task.id)
            nothing = OfficerDecision.NO_ACTION
            if nothing in task.answers:
                with suppress(SenderError, PolicyRefusal):
                    dispatch.decide_task(node, task.id, answer=nothing, reason=NOT_ALLOWED, by=answer.by)


def waits_for_another(task: Task, open_kinds: Container[str]) -> bool:
    """Tell whether a task is open but not asked: the first officer waits for the second one's look."""
    return task.kind == TaskKind.DECIDE and task.findings > 0 and TaskKind.SECOND_LOOK in open_kinds


def played(story: Story, case_id: str) -> Played:
    """Return a story's case as it is counted."""
    subject = story.known.subject if story.known else f"FIN-none-{story.name}"
    return Played(case_id, subject, story.known is not None)


def ending(stage: Stage, story: Story, case_id: str) -> str:
    """Return a sentence when a story stands elsewhere than its file says, or an empty text."""
    state = final_state(list(stage.nodes.values()), case_id)
    return "" if state == story.ends else f"the story {story.name} stands at {state}; its file says {story.ends}"


def booking_fields(story: Story) -> dict[str, Any]:
    """Return a story's person and charges as fields of an EBTS booking, by mnemonic."""
    person = story.person
    return {
        "nam": person.name,
        "dob": f"{person.born:%Y%m%d}",
        "sex": person.sex,
        "rac": person.race,
        "hgt": person.height,
        "wgt": person.weight,
        "eye": person.eyes,
        "hai": person.hair,
        "pob": person.birthplace,
        "ctz": person.citizenship,
        "charges": tuple((f"{c.date:%Y%m%d}", f"{c.code} {c.literal}") for c in story.charges),
    }


def _spoken(task: Task, answer: StoryAnswer, story: Story) -> tuple[str, str, Mapping[str, str]]:
    """Return what is answered to this very task: answer, reason, details."""
    details = dict(answer.details)
    if task.kind in EXAMINATIONS:
        shown = [candidate["subject_id"] for candidate in task.shown["candidates"]]
        if answer.answer != ExaminerFinding.IDENTIFICATION:
            return answer.answer, answer.reason, details
        if story.known is None or story.known.subject not in shown:
            return ExaminerFinding.EXCLUSION, NOT_THE_MATE, details
        return answer.answer, answer.reason, details | {"candidate": story.known.subject}
    if task.kind == TaskKind.DECIDE:
        # An officer repeats the ground of the specialist's answer, whoever the specialist was.
        details.pop("legal_ground", None)
        ground = str(task.shown.get("legal_ground", ""))
        details |= {"legal_ground": ground} if ground else {}
    return answer.answer, answer.reason, details
