"""The demo's driver: synthetic people are booked one after the other, people's roles are played from a script.

Each booking: enrol the person with the immigration repository when the scene says so, render the card, submit the file,
then let the network work, answer tasks when their time has come, and jump the clock to whatever is due next, until the
case stands still. A second run finds finished cases by their control number and goes on behind them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tenprint.core.fingers import SINGLE_FINGERS
from tenprint.exchange import dispatch
from tenprint.exchange.capture import book_card
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Node
from tenprint.exchange.story import final_state
from tenprint.studies.script import Scene, Script
from tenprint.studies.stage import Stage, open_tasks
from tenprint.studies.tally import Played, Stopwatch, Tally, count
from tenprint.synth.cards import render_card, render_rolled
from tenprint.synth.person import SyntheticPerson, make_person

ENROLMENT_SEED, BOOKING_SEED = 1, 2
MAX_STEPS_A_CASE = 200


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
    _watch: Stopwatch = field(default_factory=Stopwatch)

    def run(self, bookings: int) -> Tally:
        """Book `bookings` people and return what was counted over all of them."""
        started = time.perf_counter()
        played = [self._play(number) for number in range(bookings)]
        self._watch.add({"total": time.perf_counter() - started})
        return count(self.stage, [self._played(booking) for booking in played], self._watch.seconds)

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
        with self._watch.timed("render"):
            card = render_card(person, self.seed + BOOKING_SEED)
            images = card.images()
        with self._watch.timed("encode"):
            encoded = [self.stage.encode(image) for image in images]
        now = self.stage.clock.now()
        data = book_card(booking_fields(person), encoded, agency.party.ori, _tcn(self.seed, booking.number), now)
        if booking.scene.cut:
            data = data[: len(data) * 2 // 3]
        else:
            # Warms the memo that every repository's search uses, so that the exchange's own time can be told apart.
            with self._watch.timed("extract"):
                agency.services.matcher.extract(encoded)
        return dispatch.submit(agency, data).case_id

    def _enrol(self, person: SyntheticPerson) -> None:
        with self._watch.timed("render"):
            rolled = [render_rolled(person, self.seed + ENROLMENT_SEED, finger).image for finger in SINGLE_FINGERS]
        with self._watch.timed("encode"):
            encoded = [self.stage.encode(image) for image in rolled]
        matcher = self.stage.with_role(Role.IMMIGRATION_REPOSITORY).services.matcher
        with self._watch.timed("extract"):
            extraction = matcher.extract(encoded)
        matcher.enroll(subject_of(person), extraction.templates)

    def _until_it_stands(self, booking: Booking) -> None:
        """Run, answer, jump, until nobody will ever answer and nothing is due."""
        for _ in range(MAX_STEPS_A_CASE):
            with self._watch.timed("exchange"):
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
        for node, task in open_tasks(self.stage.nodes, booking.case_id):
            answer = self.script.answer(booking.scene, task)
            if answer is not None:
                waiting.append((task.opened_at + answer.after, node, task))
        return sorted(waiting, key=lambda row: (row[0], row[2].id))

    def _show(self, booking: Booking, state: str = "") -> None:
        booking.state = state or str(final_state(list(self.stage.nodes.values()), booking.case_id))
        waiting = open_tasks(self.stage.nodes, booking.case_id) if booking.case_id else []
        booking.waits_for = ", ".join(f"{task.kind} ({node.party.id})" for node, task in waiting)
        self.on_change(booking)

    def _played(self, booking: Booking) -> Played:
        return Played(booking.case_id, subject_of(self._person(booking.number)), booking.scene.known)


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


def _tcn(seed: int, number: int) -> str:
    return f"DEMO{seed:06d}{number:06d}"
