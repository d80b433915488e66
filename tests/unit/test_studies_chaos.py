"""The comparison of two runs finds what it is for; faults and wrong clocks are what they say."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from tenprint.adapters.chaos_post import EVENTS, FURTHEST_SECONDS, EventLog, FaultyPost, drawn_skews
from tenprint.core.errors import StorageError
from tenprint.exchange.model.signed_request import WINDOW_SECONDS
from tenprint.studies import chaos_run
from tenprint.studies.chaos import Arrival, Difference, Life, PartyLife, arrivals, columns, compare

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


def test_parties_die_while_they_work_however_slow_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SETTLE_POLL_SECONDS", "CALM_SECONDS", "ARMED_SECONDS"):
        monkeypatch.setattr(chaos_run, name, 0.0)
    monkeypatch.setattr(chaos_run, "PAUSE_SECONDS", (0.0, 0.0))
    parties = SlowParties(looks=3)
    files = [Arrival(number, 0, b"") for number in range(1, 9)]
    ended = chaos_run.drive(files, parties, kills=4, seed=1, limit_seconds=60.0)
    assert (ended.kills, parties.calmed) == (4, True)
    assert parties.done_at_kills == [2, 4, 6, 8]
