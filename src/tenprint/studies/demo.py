"""The demo's driver: synthetic people are booked one after the other, people's roles are played from a script.

Each booking: enrol the person with the immigration repository when the scene says so, render the card, submit the file,
then let the network work, answer tasks when their time has come, and jump the clock to whatever is due next, until the
case stands still. A second run finds finished cases by their control number and goes on behind them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from tenprint.core.fingers import SINGLE_FINGERS
from tenprint.core.image import FingerImage
from tenprint.exchange import dispatch
from tenprint.exchange.capture import book_card
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.exchange.ports import Node
from tenprint.exchange.story import final_state
from tenprint.ledger.tree import leaf_hash, root
from tenprint.records import EncodedImage
from tenprint.studies.script import Scene, Script
from tenprint.synth.cards import render_card, render_rolled
from tenprint.synth.person import SyntheticPerson, make_person

ENROLMENT_SEED, BOOKING_SEED = 1, 2
MAX_STEPS_A_CASE = 200


class SteppingClock(Protocol):
    """A clock that can jump ahead."""

    def now(self) -> datetime:
        """Return the time at which it stands."""
        ...

    def jump_to(self, moment: datetime) -> datetime:
        """Move ahead to `moment`."""
        ...


@dataclass(frozen=True)
class Stage:
    """What the driver needs of the running network; `bootstrap` builds it.

    Args:
        nodes: running parties by id.
        clock: the network's clock.
        run: works until nothing is due now.
        encode: compresses an image for a record.
    """

    nodes: Mapping[str, Node]
    clock: SteppingClock
    run: Callable[[], Any]
    encode: Callable[[FingerImage], EncodedImage]

    def with_role(self, role: Role) -> Node:
        """Return the node of the first party with this role."""
        return next(node for node in self.nodes.values() if node.party.role == role)


@dataclass
class Booking:
    """One booking of the demo, as the live table shows it."""

    number: int
    scene: Scene
    name: str
    case_id: str = ""
    state: str = "waiting"
    waits_for: str = ""
    is_resumed: bool = False


@dataclass
class Tally:
    """What the demo counts; `as_json` is the object that `tenprint demo --json` prints."""

    cases: Counter[str] = field(default_factory=Counter)
    candidates: int = 0
    mates_missed: int = 0
    false_candidates: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    ledger: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, counts sorted by name."""
        return {
            "cases": dict(sorted(self.cases.items())),
            "candidates": self.candidates,
            "mates_missed": self.mates_missed,
            "false_candidates": self.false_candidates,
            "messages": dict(sorted(self.messages.items())),
            "seconds": {stage: round(spent, 2) for stage, spent in self.seconds.items()},
            "ledger": self.ledger,
        }


@dataclass(frozen=True)
class Demo:
    """A demo run.

    Args:
        stage: the running network.
        script: human roles.
        seed: of the people; equal seeds give equal counts.
        on_change: called whenever a booking's row changed.
        plays_people: False leaves people's tasks open, for whoever wants to answer them; a later run plays the rest.
    """

    stage: Stage
    script: Script
    seed: int
    on_change: Callable[[Booking], None] = lambda booking: None
    plays_people: bool = True
    _seconds: dict[str, float] = field(default_factory=dict)

    def run(self, bookings: int) -> Tally:
        """Book `bookings` people and return what was counted over all of them."""
        started = time.perf_counter()
        played = [self._play(number) for number in range(bookings)]
        self._seconds["total"] = time.perf_counter() - started
        return self._count(played)

    def _play(self, number: int) -> Booking:
        scene = self.script.scene(number)
        person = self._person(number)
        booking = Booking(number, scene, person.biography.name)
        self.on_change(booking)
        agency = self.stage.with_role(Role.AGENCY)
        with agency.store.transaction() as tx:
            known = tx.case_by_tcn(agency.party.ori, _tcn(self.seed, number))
        if known is None:
            booking.case_id = self._submit(booking, person, agency)
        else:
            booking.case_id, booking.is_resumed = known.case_id, True
        self._until_it_stands(booking)
        return booking

    def _person(self, number: int) -> SyntheticPerson:
        # The scene says whether the repository knows the person; the biography must agree.
        return make_person(self.seed, number, float(self.script.scene(number).known))

    def _submit(self, booking: Booking, person: SyntheticPerson, agency: Node) -> str:
        if booking.scene.known:
            self._show(booking, "being enrolled")
            self._enrol(person)
        self._show(booking, "being printed")
        with self._timed("render"):
            card = render_card(person, self.seed + BOOKING_SEED)
            images = card.images()
        with self._timed("encode"):
            encoded = [self.stage.encode(image) for image in images]
        now = self.stage.clock.now()
        data = book_card(booking_fields(person), encoded, agency.party.ori, _tcn(self.seed, booking.number), now)
        if booking.scene.cut:
            data = data[: len(data) * 2 // 3]
        else:
            # Warms the memo that every repository's search uses, so that the exchange's own time can be told apart.
            with self._timed("extract"):
                agency.services.matcher.extract(encoded)
        return dispatch.submit(agency, data).case_id

    def _enrol(self, person: SyntheticPerson) -> None:
        with self._timed("render"):
            rolled = [render_rolled(person, self.seed + ENROLMENT_SEED, finger).image for finger in SINGLE_FINGERS]
        with self._timed("encode"):
            encoded = [self.stage.encode(image) for image in rolled]
        matcher = self.stage.with_role(Role.IMMIGRATION_REPOSITORY).services.matcher
        with self._timed("extract"):
            extraction = matcher.extract(encoded)
        matcher.enroll(subject_of(person), extraction.templates)

    def _until_it_stands(self, booking: Booking) -> None:
        """Run, answer, jump, until nobody will ever answer and nothing is due."""
        for _ in range(MAX_STEPS_A_CASE):
            with self._timed("exchange"):
                self.stage.run()
            self._show(booking)
            due_at = self._next_moment(booking) if self.plays_people else None
            if due_at is None:
                return
            self.stage.clock.jump_to(due_at)
            self._answer_due(booking)

    def _next_moment(self, booking: Booking) -> datetime | None:
        human = [at for at, _, _ in self._answers(booking)]
        system = dispatch.next_due(list(self.stage.nodes.values()))
        return min([*human, *([system] if system else [])], default=None)

    def _answer_due(self, booking: Booking) -> None:
        for at, node, task in self._answers(booking):
            answer = self.script.answer(booking.scene, task)
            if answer is not None and at <= self.stage.clock.now():
                dispatch.decide_task(
                    node, task.id, answer=answer.answer, reason=answer.reason, by=answer.by, details=answer.details
                )

    def _answers(self, booking: Booking) -> list[tuple[datetime, Node, Task]]:
        waiting = []
        for node, task in _open_tasks(self.stage.nodes, booking.case_id):
            answer = self.script.answer(booking.scene, task)
            if answer is not None:
                waiting.append((task.opened_at + answer.after, node, task))
        return sorted(waiting, key=lambda row: (row[0], row[2].id))

    def _show(self, booking: Booking, state: str = "") -> None:
        booking.state = state or str(final_state(list(self.stage.nodes.values()), booking.case_id))
        open_tasks = _open_tasks(self.stage.nodes, booking.case_id) if booking.case_id else []
        booking.waits_for = ", ".join(f"{task.kind} ({node.party.id})" for node, task in open_tasks)
        self.on_change(booking)

    def _count(self, played: list[Booking]) -> Tally:
        nodes = list(self.stage.nodes.values())
        tally = Tally(seconds=dict(self._seconds))
        for booking in played:
            tally.cases[str(final_state(nodes, booking.case_id))] += 1
            for node in nodes:
                with node.store.transaction() as tx:
                    sent = [m.kind for m in tx.headings(booking.case_id) if m.sender == node.party.id]
                tally.messages.update(str(kind) for kind in sent)
            self._count_candidates(booking, tally)
        for node in nodes:
            leaves = [leaf_hash(entry.leaf()) for entry in node.store.entries()]
            tally.ledger[node.party.id] = {"size": len(leaves), "root": root(leaves).hex()}
        return tally

    def _count_candidates(self, booking: Booking, tally: Tally) -> None:
        node = self.stage.with_role(Role.IMMIGRATION_REPOSITORY)
        with node.store.transaction() as tx:
            tasks = [t for t in tx.tasks(booking.case_id) if t.kind == TaskKind.EXAMINE]
            searched = tx.case(booking.case_id) is not None
        found = [c["subject_id"] for task in tasks for c in task.shown["candidates"]]
        mate = subject_of(self._person(booking.number))
        tally.candidates += len(found)
        tally.false_candidates += sum(subject != mate for subject in found)
        tally.mates_missed += searched and booking.scene.known and mate not in found

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + time.perf_counter() - started


def subject_of(person: SyntheticPerson) -> str:
    """Return the identifier under which the immigration repository enrolled a synthetic person."""
    record = person.biography.immigration
    return f"FIN-{record.fin}" if record else f"FIN-none-{person.person_id}"


def booking_fields(person: SyntheticPerson) -> dict[str, Any]:
    """Return a synthetic person's data as fields of an EBTS booking, by mnemonic."""
    life = person.biography
    return {
        "nam": life.name,
        "dob": life.dob,
        "sex": life.sex,
        "rac": life.race,
        "hgt": life.height,
        "wgt": life.weight,
        "eye": life.eyes,
        "hai": life.hair,
        "pob": life.birthplace,
        "ctz": life.citizenship,
        "charges": tuple((c.offense_date, f"{c.code} {c.literal}") for c in life.charges),
    }


def _open_tasks(nodes: Mapping[str, Node], case_id: str) -> list[tuple[Node, Task]]:
    found = []
    for node in nodes.values():
        with node.store.transaction() as tx:
            found += [(node, task) for task in tx.tasks(case_id, open_only=True)]
    return found


def _tcn(seed: int, number: int) -> str:
    return f"DEMO{seed:06d}{number:06d}"
