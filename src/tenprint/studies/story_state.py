"""Where a story stands, read from the parties' databases: whose move it is, what comes next, what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tenprint.exchange.model.bodies import CustodyReport
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.words import FINAL_STATES, CaseState, Kind, Role
from tenprint.exchange.story import final_state
from tenprint.studies.stage import Stage, open_tasks
from tenprint.studies.story_file import Story
from tenprint.studies.troupe import Event, waits_for_another

LATE = timedelta(hours=1)
"""A booking that much after its day is called late."""


class Phase(StrEnum):
    """How far a story is."""

    NOT_BEGUN = "not_begun"
    PREPARING = "preparing"
    UNDER_WAY = "under_way"
    ENDED = "ended"


@dataclass(frozen=True)
class Waiting:
    """A task that waits for a person.

    Args:
        task: which.
        party: whose.
        plays_at: when a player answers it; None when it is left to whoever has taken the role, or to nobody.
        by: the player's name, or ``""``.
    """

    task: Task
    party: str
    plays_at: datetime | None = None
    by: str = ""


@dataclass(frozen=True)
class StoryState:
    """Where a story stands.

    Args:
        story, phase: which, and how far.
        case_id, state, begun_at: of its case, empty or None before it has begun.
        waits: tasks that wait for people.
        ahead: what players do next, earliest first.
        hold: how long the person was held, or None when nobody was (or still is).
        held_until: when a hold that is on ends by itself, or None.
        plays_all: the players answer also for roles that somebody has taken.
        problem: why its card could not be made, or ``""``.
    """

    story: Story
    phase: Phase
    case_id: str = ""
    state: CaseState | None = None
    begun_at: datetime | None = None
    waits: tuple[Waiting, ...] = ()
    ahead: tuple[Event, ...] = ()
    hold: timedelta | None = None
    held_until: datetime | None = None
    plays_all: bool = False
    problem: str = ""

    @property
    def is_late(self) -> bool:
        """Tell whether the person was booked after the story's day because the network's time had passed it."""
        return self.begun_at is not None and self.begun_at - self.story.booked > LATE

    @property
    def ends_otherwise(self) -> bool:
        """Tell whether people's answers have led it to another end than its file's."""
        return self.phase == Phase.ENDED and self.state != self.story.ends


def state_of(stage: Stage, story: Story, case: Case, answers: Sequence[Event], *, plays_all: bool) -> StoryState:
    """Return where a story that has begun stands.

    Args:
        stage: the network.
        story, case: which.
        answers: what its players do next.
        plays_all: as in `StoryState`.
    """
    nodes = list(stage.nodes.values())
    state = final_state(nodes, case.case_id)
    found = open_tasks(stage.nodes, case.case_id, story.told)
    kinds = {task.kind for _, task in found}
    waits = tuple(_waiting(node.party.id, task, answers) for node, task in found if not waits_for_another(task, kinds))
    is_over = state in FINAL_STATES or state == CaseState.ANSWERED
    hold, until = _hold(stage, case.case_id)
    return StoryState(
        story,
        Phase.ENDED if is_over and not waits and not answers else Phase.UNDER_WAY,
        case.case_id,
        state,
        case.opened_at,
        waits,
        tuple(answers),
        hold,
        until,
        plays_all,
    )


def _waiting(party: str, task: Task, answers: Sequence[Event]) -> Waiting:
    played = next((event for event in answers if event.task is not None and event.task.id == task.id), None)
    if played is None or played.answer is None:
        return Waiting(task, party)
    return Waiting(task, party, played.at, played.answer.by)


def _hold(stage: Stage, case_id: str) -> tuple[timedelta | None, datetime | None]:
    """Return how long a hold was that has ended, or when one that is on ends by itself."""
    jail = stage.with_role(Role.JAIL)
    with jail.store.transaction() as tx:
        case = tx.case(case_id)
        if case is None:
            return None, None
        reports = [CustodyReport.from_bytes(m.body) for m in tx.messages(case_id) if m.kind == Kind.CUSTODY]
        due = [task.due_at for task in tx.tasks(case_id, open_only=True) if task.due_at is not None]
    ended = next((report for report in reports if report.ended_at is not None), None)
    if ended is not None and ended.ended_at is not None:
        return (ended.ended_at - ended.held_from if ended.held_from else None), None
    return None, min(due, default=None) if case.state == CaseState.HELD else None
