"""The comparison of two runs finds what it is for; faults and wrong clocks are what they say."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exchange_rig import Rig

from tenprint.adapters.chaos_post import EVENTS, FURTHEST_SECONDS, EventLog, FaultyPost, drawn_skews
from tenprint.core.errors import PolicyRefusal, StorageError
from tenprint.exchange.model.signed_request import WINDOW_SECONDS
from tenprint.exchange.model.words import CaseState, Role, TaskKind
from tenprint.exchange.ports import Node
from tenprint.studies import chaos_run
from tenprint.studies.chaos import (
    Arrival,
    Difference,
    Life,
    PartyLife,
    Staff,
    answer_to,
    arrivals,
    columns,
    compare,
)
from tenprint.studies.chaos_run import Fall

PARTIES = ("agency", "jail")
ORIS = ("XX0010000", "XX0020000")


def life(*, state: str = "transferred", handled: int = 2, cases: int = 1, answer: str = "accept") -> Life:
    jail = PartyLife(
        state, (("answer_detainer", answer),), Counter(DETAINER=handled), Counter({"received DETAINER": 1})
    )
    return Life(1, cases, {"jail": jail})


def counted(other: Life) -> tuple[int, int, int]:
    found = compare([life()], [other], PARTIES)
    return found.lost, found.repeated, found.diverged


def test_equal_runs_differ_in_nothing() -> None:
    assert compare([life()], [life()], PARTIES) == Difference(0, 0, 0)


def test_a_message_that_was_never_handled_is_lost() -> None:
    assert counted(life(handled=1)) == (1, 0, 1)


def test_a_message_that_was_handled_twice_is_repeated() -> None:
    assert counted(life(handled=3)) == (0, 1, 1)


def test_a_second_case_of_one_booking_is_repeated() -> None:
    assert counted(life(cases=2)) == (0, 1, 1)


def test_a_booking_without_case_is_lost_with_all_its_effects() -> None:
    assert counted(Life(1, 0)) == (6, 0, 1)


def test_another_end_or_another_answer_diverges() -> None:
    assert counted(life(state="lapsed"))[2] == 1
    assert counted(life(answer="decline"))[2] == 1


def test_a_row_has_a_value_for_each_column() -> None:
    row = life().row(PARTIES, PARTIES)
    assert dict(zip(columns(PARTIES), row, strict=True)) == {
        "booking": "1", "final_state": "transferred", "decisions": "answer_detainer=accept",
        "agency messages": "0", "agency entries": "0", "jail messages": "2", "jail entries": "1",
    }  # fmt: skip


def test_bookings_are_a_function_of_the_seed_and_some_come_twice() -> None:
    first, second = arrivals(40, 1, ORIS), arrivals(40, 1, ORIS)
    assert first == second
    assert first != arrivals(40, 2, ORIS)
    assert len(first) > len({arrival.number for arrival in first}) == 40


class Receiver:
    def __init__(self) -> None:
        self.got = list[bytes]()

    def deliver(self, wire: bytes, recipient: str) -> bytes:
        self.got.append(wire)
        return b"receipt of " + recipient.encode()

    def cosign(self, request: bytes, witness: str) -> bytes:
        return request + witness.encode()


def delivered(folder: Path, count: int) -> tuple[Receiver, EventLog, int]:
    receiver, events, failed = Receiver(), EventLog(folder / "events"), 0
    post = FaultyPost(receiver, random.Random(1), events, folder / "calm")
    for number in range(count):
        try:
            post.deliver(b"%d" % number, f"party-{number}")
        except StorageError:
            failed += 1
    return receiver, events, failed


def test_a_bad_network_does_all_that_can_go_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenprint.adapters.chaos_post.DELAY_SECONDS", 0.0)
    receiver, events, failed = delivered(tmp_path, 400)
    counts = {event: events.count(event) for event in EVENTS}
    assert all(counts.values())
    assert failed == sum(counts[event] for event in ("dropped", "unconfirmed", "reordered", "refused"))
    assert max(Counter(receiver.got).values()) == 2
    assert receiver.got != sorted(receiver.got, key=int)
    assert len(set(receiver.got)) < 400


def test_a_calm_network_delivers_everything_once_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "calm").touch()
    receiver, _, failed = delivered(tmp_path, 50)
    assert (receiver.got, failed) == ([b"%d" % number for number in range(50)], 0)


def test_two_wrong_clocks_are_never_further_apart_than_a_signature_lives() -> None:
    skews = [skew for seed in range(20) for _, skew in drawn_skews(random.Random(seed), 1000.0)]
    assert max(skews) - min(skews) <= 2 * FURTHEST_SECONDS < WINDOW_SECONDS


class SlowParties:
    """Parties that get their files late: for so many looks nothing of a file is done, then all at once."""

    ids = ("agency", "jail")

    def __init__(self, looks: int) -> None:
        self._looks, self._left = looks, looks
        self._files, self._done, self.calmed = 0, 0, False
        self.done_at_kills = list[int]()

    def start(self, party: str) -> None:
        pass

    def is_running(self, party: str) -> bool:
        return True

    def kill(self, party: str) -> None:
        self.done_at_kills.append(self._done)

    def fall_of(self, party: str) -> Fall:
        raise AssertionError(f"{party} has not fallen")

    def arm(self, party: str, point: str) -> None:
        pass

    def hand_in(self, arrival: Arrival) -> None:
        self._files += 1

    def calm(self) -> None:
        self.calmed = True

    def standing(self) -> tuple[bool, int, int]:
        self._left -= 1
        if not self._left:
            self._done, self._left = self._files, self._looks
        return self._done == self._files, self._done, 50 * self._done


class FallingParties(SlowParties):
    """Parties of which the jail falls at each of its first starts; whoever is armed kills itself at once."""

    def __init__(self, falls: int, looks: int = 1) -> None:
        super().__init__(looks)
        self._falls = falls
        self._dead = dict[str, Fall]()
        self.started = Counter[str]()

    def start(self, party: str) -> None:
        self.started[party] += 1
        self._dead.pop(party, None)
        if party == "jail" and self.started[party] <= self._falls:
            self._dead[party] = Fall(party, "exit 1", (f"start {self.started[party]}",))

    def is_running(self, party: str) -> bool:
        return party not in self._dead

    def arm(self, party: str, point: str) -> None:
        if point:
            self._dead.setdefault(party, Fall(party, "SIGKILL"))

    def fall_of(self, party: str) -> Fall:
        return self._dead[party]


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SETTLE_POLL_SECONDS", "CALM_SECONDS", "ARMED_SECONDS", "_WATCH_SECONDS"):
        monkeypatch.setattr(chaos_run, name, 0.0)
    monkeypatch.setattr(chaos_run, "PAUSE_SECONDS", (0.0, 0.0))


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("falls", [2, chaos_run.MOST_FALLEN + 5])
def test_what_falls_by_itself_is_counted_and_started_again_and_how_it_fell_is_kept_for_some(falls: int) -> None:
    parties = FallingParties(falls)
    files = [Arrival(number, 0, b"") for number in range(1, 9)]
    ended = chaos_run.drive(files, parties, kills=20, seed=1, limit_seconds=60.0)
    assert (ended.kills, ended.fell) == (20, falls)
    assert parties.started["jail"] > falls
    assert ended.falls == tuple(
        Fall("jail", "exit 1", (f"start {n}",)) for n in range(1, 1 + min(falls, chaos_run.MOST_FALLEN))
    )


@pytest.mark.usefixtures("no_pauses")
def test_a_run_whose_time_is_up_says_what_fell() -> None:
    files = [Arrival(1, 0, b"")]
    with pytest.raises(StorageError, match=r"0 of 1 bookings .* that of jail \(exit 1\): start 1$"):
        chaos_run.drive(files, FallingParties(1 << 30, looks=1 << 30), kills=1, seed=1, limit_seconds=0.0)


class HandledBetween:
    """A store whose worker has its turn when a transaction was refused, as where writers wait in a row."""

    def __init__(self, store: Any, work: Callable[[], object]) -> None:
        self._store, self._work = store, work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        try:
            with self._store.transaction() as tx:
                yield tx
        except PolicyRefusal:
            self._work()
            raise


def work_once(node: Node, cases: Path) -> None:
    Staff(node, 1, cases / "files", cases).work(iter([False, True]).__next__)


def test_an_answer_that_was_handled_before_it_is_given_again_ends_nobodys_work(rig: Rig, tmp_path: Path) -> None:
    case_id = rig.until_status("citizen", ground="")
    node, task = rig.nodes[Role.FIELD_OFFICE], rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    number = next(n for n in range(1, 99) if answer_to(1, n, task)[0] == "detainer")
    (tmp_path / case_id).write_text(str(number))
    work_once(node, tmp_path)  # a rule forbids the detainer, so that an interview is answered; it waits to be handled
    work_once(replace(node, store=HandledBetween(node.store, rig.run)), tmp_path)
    assert rig.case(Role.FIELD_OFFICE, case_id).state == CaseState.INTERVIEWED
    assert rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id).findings == 1


@pytest.mark.usefixtures("no_pauses")
def test_parties_die_while_they_work_however_slow_the_machine_is() -> None:
    parties = SlowParties(looks=3)
    files = [Arrival(number, 0, b"") for number in range(1, 9)]
    ended = chaos_run.drive(files, parties, kills=4, seed=1, limit_seconds=60.0)
    assert (ended.kills, parties.calmed) == (4, True)
    assert parties.done_at_kills == [2, 4, 6, 8]
