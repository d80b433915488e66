"""Who lets the demo's time pass: pause, step, speed, and players for every role that nobody has taken.

The director knows no web. Pages ask it what stands where and tell it what to do; a thread calls `tick`. All that it
does on the network it does while it holds the desk, one event at a time, so that pages never wait long.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from tenprint.core.errors import SenderError, TenprintError
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import TaskKind
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.answers import person_key
from tenprint.studies.cards import CardShop, StoryCards
from tenprint.studies.stage import Stage, open_tasks
from tenprint.studies.story_file import Story, StoryAnswer
from tenprint.studies.story_state import Phase, StoryState, state_of
from tenprint.studies.troupe import Event, Troupe, What, waits_for_another

_log = logging.getLogger(__name__)

SKIPS_A_TASK = "STORY_SKIPS_TASK"
"""Code of the refusal to begin a story whose day comes after the time of a task that somebody holds."""
TICK_SECONDS = 0.25
PACE_SECONDS = 1.5
"""Real time between two events of `Mode.GO_ON`: slow enough to be followed."""
LONGEST_STRIDE_SECONDS = 2.0
"""Real time that one tick makes up for at most, however late it comes."""
MAX_EVENTS_A_TICK = 20
SECOND_KINDS = {TaskKind.EXAMINE_SECOND: TaskKind.EXAMINE, TaskKind.SECOND_LOOK: TaskKind.DECIDE}
"""Tasks that another person than the one of the first task must answer."""


class Mode(StrEnum):
    """How time passes: not at all; from event to event until somebody is asked; at a speed."""

    PAUSED = "paused"
    GO_ON = "go_on"
    RUNNING = "running"


SPEEDS: dict[str, timedelta] = {
    "minute": timedelta(minutes=1),
    "ten-minutes": timedelta(minutes=10),
    "hour": timedelta(hours=1),
}
"""Simulated time that passes in a real second."""


@dataclass(frozen=True)
class Seat:
    """A role that somebody has taken: at which party, under which name."""

    party: str
    person: str


AtWork = Callable[[], AbstractContextManager[Any]]
Seats = Callable[[], Iterable[Seat]]


class Director:
    """Directs the stories of a running network.

    Args:
        stage: the network.
        stories: in the order in which they are told.
        shop: makes the cards.
        others: answers where a newcomer has led a story elsewhere.
        seconds: real time; never goes back.
        pace: real seconds between two events of `Mode.GO_ON`.
    """

    def __init__(
        self,
        stage: Stage,
        stories: Sequence[Story],
        shop: CardShop,
        *,
        others: Sequence[StoryAnswer] = (),
        seconds: Callable[[], float] = time.monotonic,
        pace: float = PACE_SECONDS,
    ) -> None:
        self._stage, self._shop, self._seconds, self._pace = stage, shop, seconds, pace
        self._stories = {story.name: story for story in stories}
        self._troupe = Troupe(stage, others)
        self._own_lock = threading.Lock()
        self._at_work: AtWork = self._alone
        self._seats: Seats = tuple
        self._mode, self._speed = Mode.PAUSED, ""
        self._said = ""
        self._ticked = self._moved = seconds()
        self._wanted: list[str] = []
        self._skips: set[str] = set()
        self._failed: dict[str, str] = {}
        self._plays_all: set[str] = set()
        self._ended: dict[str, StoryState] = {}
        self._rings = threading.Event()

    def take_place(self, at_work: AtWork, seats: Seats) -> None:
        """Work from now on where the pages work: under their lock, and knowing who is signed in.

        Args:
            at_work: context in which the network is held.
            seats: returns the roles that somebody has taken.
        """
        self._at_work, self._seats = at_work, seats

    @property
    def now(self) -> datetime:
        """Return the network's time."""
        return self._stage.clock.now()

    @property
    def mode(self) -> Mode:
        """Return how time passes."""
        return self._mode

    @property
    def speed(self) -> str:
        """Return the name of the speed (`SPEEDS`) while time runs, or an empty text."""
        return self._speed

    @property
    def said(self) -> str:
        """Return a sentence on what happened last."""
        return self._said

    def coming(self) -> Event | None:
        """Return what happens next when time goes on, or None when nothing lies ahead."""
        with self._at_work():
            return next(iter(self._ahead()), None)

    def states(self) -> tuple[StoryState, ...]:
        """Return where every story stands."""
        with self._at_work():
            return tuple(self._state(story) for story in self._stories.values())

    def state(self, name: str) -> StoryState:
        """Return where a story stands.

        Raises:
            SenderError: ``STORY_UNKNOWN``.
        """
        story = self._named(name)
        with self._at_work():
            return self._state(story)

    def begin(self, name: str, *, skips_tasks: bool = False) -> None:
        """Begin a story, now or as soon as its card is made; a second time changes nothing. Time goes on with it.

        The clock runs to the story's day, through everything that lies before.

        Args:
            name: of the story.
            skips_tasks: run past the time of tasks that somebody holds, too.

        Raises:
            SenderError: ``STORY_UNKNOWN``; ``STORY_SKIPS_TASK`` when somebody holds a task whose time would run out
                on the way and `skips_tasks` is not set.
        """
        story = self._named(name)
        with self._at_work():
            self._failed.pop(name, None)
            if skips_tasks:
                self._skips.add(name)
            elif name not in self._wanted:  # who only presses again takes back nothing that was said before
                self._skips.discard(name)
            self._refuse_to_skip(story)
        kept = self._shop.kept(story.person.fingers)
        if kept is not None:
            self._open(story, kept)
            return
        if name not in self._wanted:
            self._wanted.append(name)
        self._rings.set()

    def pause(self) -> None:
        """Stop time; answers of people still run through the network."""
        self._set(Mode.PAUSED)

    def go_on(self) -> None:
        """Go on from event to event until somebody who is signed in is asked (with nobody signed in: any person)."""
        self._set(Mode.GO_ON)

    def run(self, speed: str) -> None:
        """Let time pass at a speed, whoever is asked.

        Raises:
            SenderError: ``SPEED_UNKNOWN``.
        """
        if speed not in SPEEDS:
            raise SenderError("SPEED_UNKNOWN", f"there is no speed {speed!r}", hint=f"one of {', '.join(SPEEDS)}")
        self._set(Mode.RUNNING, speed)

    def step(self) -> str:
        """Stop time, and let the next event happen: a clock, a message, a player's answer; return a sentence on it."""
        self._set(Mode.PAUSED)
        with self._at_work():
            events = self._ahead()
            if events:
                self._perform(events[0])
            else:
                self._said = "Nothing lies ahead: every story that has begun has ended, or waits for your own answer."
        return self._said

    def play_my_role(self, name: str, *, plays: bool) -> None:
        """Let the players answer in a story also for roles that somebody has taken, or no longer.

        Raises:
            SenderError: ``STORY_UNKNOWN``.
        """
        self._named(name)
        if plays:
            self._plays_all.add(name)
        else:
            self._plays_all.discard(name)

    def tick(self) -> None:
        """Let pass what has to pass since the last tick; a refusal stops time and is told as what was said last."""
        now = self._seconds()
        elapsed, self._ticked = min(now - self._ticked, LONGEST_STRIDE_SECONDS), now
        speed = SPEEDS.get(self._speed)  # read once: a page may stop time between two looks
        try:
            if self._mode == Mode.RUNNING and speed is not None:
                self._run_for(speed * elapsed)
            elif self._mode == Mode.GO_ON and now - self._moved >= self._pace:
                self._next_unless_asked()
        except TenprintError as problem:
            self._stop_time(f"Time was stopped: {problem.message}.")
        except Exception as problem:  # noqa: BLE001 - the edge of a thread: nobody else would hear of it
            # Its text may name a person, so its kind is told.
            _log.error("time was stopped by an error of the program: %s", _kind_and_place(problem))
            self._stop_time(
                f"Time was stopped by an error of this program ({type(problem).__name__}). What was written is kept: "
                "press Next step to try again, or stop the demo with Ctrl-C and start it again."
            )

    def _stop_time(self, sentence: str) -> None:
        self._set(Mode.PAUSED)
        self._said = sentence

    def serve(self, stop: threading.Event) -> None:
        """Tick until `stop` is set."""
        while not stop.wait(TICK_SECONDS):
            self.tick()

    def prepare(self, stop: threading.Event) -> None:
        """Make the cards of all stories until `stop` is set: first of those that wait to begin, then in their order."""
        while not stop.is_set():
            if not self.prepare_one():
                self._rings.wait(TICK_SECONDS * 4)
                self._rings.clear()

    def prepare_one(self) -> bool:
        """Make the card of one story, and begin the story if it waits for that; False when there is none to make."""
        wanted = self._wanted[0] if self._wanted else ""
        name = wanted or next((n for n in self._stories if n not in self._failed and not self._is_made(n)), "")
        if not name:
            return False
        story = self._stories[name]
        try:
            cards = self._shop.made(story.person.fingers, at_once=bool(wanted))
            if name in self._wanted:
                self._open(story, cards)
        except TenprintError as problem:
            if problem.code == SKIPS_A_TASK:
                self._said = f"'{story.title}' has not begun: {problem.message}."
            else:
                self._failed[name] = problem.message
        except Exception as problem:  # noqa: BLE001 - the edge of a thread: nobody else would hear of it
            _log.error("a story could not be made ready: %s", _kind_and_place(problem))
            self._failed[name] = f"an error of this program ({type(problem).__name__})"
        if name in self._wanted and (name == wanted or name in self._failed):
            self._wanted.remove(name)
        return True

    def _alone(self) -> AbstractContextManager[Any]:
        return self._own_lock

    def _named(self, name: str) -> Story:
        if name not in self._stories:
            raise SenderError("STORY_UNKNOWN", f"there is no story {name!r}")
        return self._stories[name]

    def _set(self, mode: Mode, speed: str = "") -> None:
        self._mode, self._speed = mode, speed
        self._ticked, self._moved = self._seconds(), self._seconds() - self._pace
        self._said = ""

    def _is_made(self, name: str) -> bool:
        return self._shop.kept(self._stories[name].person.fingers) is not None

    def _cards(self, story: Story) -> StoryCards:
        return self._shop.made(story.person.fingers)

    def _open(self, story: Story, cards: StoryCards) -> None:
        while self._comes_nearer(story, cards):
            pass  # pages get the network between two events

    def _comes_nearer(self, story: Story, cards: StoryCards) -> bool:
        """Let the next event before a story's day happen, and return True; when there is none, begin the story."""
        with self._at_work():
            if self._troupe.case_of(story) is not None:
                return False
            self._refuse_to_skip(story)  # the last event may have asked somebody, who is not passed by either
            events = self._ahead()
            if events and events[0].at <= story.booked:
                self._perform(events[0])
                return True
            self._troupe.begin(story, cards)
            self._set(Mode.GO_ON)
            self._moved = self._seconds()
            self._said = f"The story '{story.title}' has begun."
            return False

    def _refuse_to_skip(self, story: Story) -> None:
        """Refuse to begin a story whose day comes after the time of a task that somebody holds."""
        if story.name in self._skips or self._troupe.case_of(story) is not None:
            return
        for task in self._held_tasks():
            if task.due_at is not None and self.now <= task.due_at <= story.booked:
                raise SenderError(
                    SKIPS_A_TASK,
                    f"it begins on {_in_words(story.booked)}; before that, on {_in_words(task.due_at)}, the time runs "
                    "out for a task that somebody has taken in another story",
                    hint="answer that task first, or begin anyway",
                )

    def _held_tasks(self) -> Iterator[Task]:
        """Return the tasks of stories under way that somebody has claimed or has taken the role of."""
        for story in self._under_way():
            case = self._troupe.case_of(story)
            if case is None or story.name in self._plays_all:
                continue
            for node, task in open_tasks(self._stage.nodes, case.case_id, story.told):
                if task.claimed_by or self._is_held(node, task):
                    yield task

    def _state(self, story: Story) -> StoryState:
        if story.name in self._ended:
            return self._ended[story.name]
        case = self._troupe.case_of(story)
        if case is None:
            is_wanted, problem = story.name in self._wanted, self._failed.get(story.name, "")
            return StoryState(story, Phase.PREPARING if is_wanted else Phase.NOT_BEGUN, problem=problem)
        answers = [e for e in self._troupe.ahead([story], self._may_play) if e.what != What.NETWORK]
        state = state_of(self._stage, story, case, answers, plays_all=story.name in self._plays_all)
        if state.phase == Phase.ENDED:
            self._ended[story.name] = state  # nothing lies ahead of it any more
        return state

    def _under_way(self) -> list[Story]:
        return [story for name, story in self._stories.items() if name not in self._ended]

    def _ahead(self) -> list[Event]:
        return self._troupe.ahead(self._under_way(), self._may_play)

    def _may_play(self, story: Story, node: Node, task: Task) -> bool:
        return story.name in self._plays_all or not self._is_held(node, task)

    def _is_held(self, node: Node, task: Task) -> bool:
        """Tell whether somebody has taken the role that a task asks."""
        people = {person_key(seat.person) for seat in self._seats() if seat.party == node.party.id}
        first = SECOND_KINDS.get(task.kind)
        if people and first is not None:
            with node.store.transaction() as tx:
                people -= {person_key(t.decided_by) for t in tx.tasks(task.case_id) if t.kind == first}
        return bool(people)

    def _somebody_is_asked(self) -> bool:
        """Tell whether a task waits for somebody who is signed in; with nobody signed in, for any person."""
        nobody_is_in = not tuple(self._seats())
        for story in self._under_way():
            case = self._troupe.case_of(story)
            if case is None or story.name in self._plays_all:
                continue
            waiting = open_tasks(self._stage.nodes, case.case_id, story.told)
            kinds = {task.kind for _, task in waiting}
            asked = [(node, task) for node, task in waiting if not waits_for_another(task, kinds)]
            if any(nobody_is_in or self._is_held(node, task) for node, task in asked):
                return True
        return False

    def _perform(self, event: Event) -> None:
        self._troupe.perform(event, self._cards)
        self._moved = self._seconds()
        self._said = event.sentence

    def _run_for(self, span: timedelta) -> None:
        until = self.now + span
        for _ in range(MAX_EVENTS_A_TICK):
            with self._at_work():
                events = self._ahead()
                if not events or events[0].at > until:
                    self._stage.clock.jump_to(until)
                    return
                self._perform(events[0])

    def _next_unless_asked(self) -> None:
        with self._at_work():
            if self._somebody_is_asked():
                return
            events = self._ahead()
            if events:
                self._perform(events[0])
            else:
                self._set(Mode.PAUSED)
                self._said = "Nothing lies ahead any more, so time is paused."


def _in_words(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def _kind_and_place(problem: Exception) -> str:
    """Return an error's kind and where it was raised, without its text."""
    frames = traceback.extract_tb(problem.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown place"
    return f"{type(problem).__name__} at {place}"
