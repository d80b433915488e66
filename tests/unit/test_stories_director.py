"""The director: time that stands, steps and runs, roles that are taken or played, cards that are still to be made."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from console_rig import Time
from exchange_rig import Rig
from stories_rig import STORIES, WordShop, director_of, seated

from tenprint.core.errors import SenderError
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.studies.director import LONGEST_STRIDE_SECONDS, SKIPS_A_TASK, Mode, Seat
from tenprint.studies.story_state import Phase

pytestmark = pytest.mark.slow
EXAMINER = Seat(Role.IMMIGRATION_REPOSITORY, "guest examiner")
OFFICER = Seat(Role.FIELD_OFFICE, "guest officer")


def waits(director, name: str) -> list[str]:
    return [waiting.task.kind for waiting in director.state(name).waits]


def ticked(director, times: int = 30) -> None:
    for _ in range(times):
        director.tick()


def test_nothing_moves_until_a_story_is_begun(rig: Rig) -> None:
    director = director_of(rig)
    before = director.now
    ticked(director)
    assert director.now == before
    assert director.mode == Mode.PAUSED
    assert {state.phase for state in director.states()} == {Phase.NOT_BEGUN}


def test_a_story_that_begins_goes_on_until_a_person_is_asked(rig: Rig) -> None:
    director = director_of(rig, None, "citizen")
    director.begin("citizen")
    ticked(director)
    state = director.state("citizen")
    assert waits(director, "citizen") == [TaskKind.EXAMINE]
    assert state.waits[0].plays_at == state.begun_at + timedelta(minutes=4)
    assert director.now == state.begun_at == STORIES["citizen"].booked


def test_beginning_twice_changes_nothing(rig: Rig) -> None:
    director = director_of(rig, None, "citizen")
    director.begin("citizen")
    sizes = [len(node.store.entries()) for node in rig.all]
    director.begin("citizen")
    assert [len(node.store.entries()) for node in rig.all] == sizes


def test_a_story_that_begins_later_runs_through_what_lies_before_it(rig: Rig) -> None:
    director = director_of(rig, None, "citizen", "holiday-hold")
    director.begin("citizen")
    director.begin("holiday-hold")
    assert director.state("citizen").phase == Phase.ENDED
    assert director.now == STORIES["holiday-hold"].booked
    assert not director.state("holiday-hold").is_late


def test_a_story_whose_day_is_past_begins_late_and_says_so(rig: Rig) -> None:
    director = director_of(rig, None, "citizen", "holiday-hold")
    director.begin("holiday-hold")
    director.begin("citizen")
    assert director.state("citizen").is_late


def test_a_step_lets_exactly_one_thing_happen_and_says_what(rig: Rig) -> None:
    director = director_of(rig, None, "citizen")
    director.begin("citizen")
    said = [director.step() for _ in range(4)]
    assert "EXAMINER LENS-FIXTURE answers 'identification'" in said[0]
    assert "no action" in " ".join(said)
    assert director.mode == Mode.PAUSED
    while director.state("citizen").phase != Phase.ENDED:
        director.step()
    assert "Nothing lies ahead" in director.step()
    assert director.state("citizen").state == "no_action"


def test_a_role_that_somebody_has_taken_is_not_played_and_all_others_are(rig: Rig) -> None:
    director = director_of(rig, None, "citizen")
    seated(director, EXAMINER)
    director.begin("citizen")
    ticked(director)
    assert waits(director, "citizen") == [TaskKind.EXAMINE]
    assert director.state("citizen").waits[0].plays_at is None
    case_id = director.state("citizen").case_id
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "identification", by="GUEST EXAMINER")
    ticked(director)
    state = director.state("citizen")
    assert (state.phase, state.state) == (Phase.ENDED, "no_action")
    assert rig.task(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id).decided_by == "GUEST EXAMINER"


def test_who_decided_first_is_not_the_second_officer_so_a_player_is(rig: Rig) -> None:
    director = director_of(rig, None, "dual-arrest")
    seated(director, OFFICER)
    director.begin("dual-arrest")
    ticked(director)
    assert waits(director, "dual-arrest") == [TaskKind.DECIDE]
    case_id = director.state("dual-arrest").case_id
    task = rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    form = {"evidence": "biometric_and_records", "citizenship_claim": "no", "victim_or_witness": "yes"}
    ground = task.shown["legal_ground"]
    rig.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "detainer", by="GUEST OFFICER", legal_ground=ground, **form)
    ticked(director)
    assert rig.task(Role.FIELD_OFFICE, TaskKind.SECOND_LOOK, case_id).answer == "disagree"
    assert waits(director, "dual-arrest") == [TaskKind.DECIDE]


def test_players_answer_for_a_taken_role_when_they_are_let(rig: Rig) -> None:
    director = director_of(rig, None, "citizen")
    seated(director, EXAMINER)
    director.begin("citizen")
    director.play_my_role("citizen", plays=True)
    director.play_my_role("citizen", plays=False)
    ticked(director)
    assert waits(director, "citizen") == [TaskKind.EXAMINE]
    director.play_my_role("citizen", plays=True)
    ticked(director)
    assert director.state("citizen").phase == Phase.ENDED


def test_while_paused_nothing_moves_but_an_answer_runs_through_the_network(rig: Rig) -> None:
    director = director_of(rig, None, "citizen")
    director.begin("citizen")
    director.pause()
    before = director.now
    ticked(director)
    case_id = director.state("citizen").case_id
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "identification")
    ticked(director)
    assert waits(director, "citizen") == [TaskKind.STATUS]
    assert director.now == before


def test_at_a_speed_time_runs_by_the_real_time_and_events_happen_when_they_are_due(rig: Rig) -> None:
    real = Time()
    director = director_of(rig, None, "citizen", time=real)
    director.begin("citizen")
    begun = director.now
    director.run("minute")
    for _ in range(3):
        real.now += 1
        director.tick()
    assert director.now == begun + timedelta(minutes=3)
    assert waits(director, "citizen") == [TaskKind.EXAMINE]
    real.now += 1
    director.tick()
    assert waits(director, "citizen") == [TaskKind.STATUS]
    assert rig.task(
        Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, director.state("citizen").case_id
    ).decided_at == begun + timedelta(minutes=4)


def test_at_a_speed_time_runs_past_a_task_that_waits_for_somebody(rig: Rig) -> None:
    real = Time()
    director = director_of(rig, None, "citizen", time=real)
    seated(director, EXAMINER)
    director.begin("citizen")
    begun = director.now
    director.run("hour")
    real.now += 1
    director.tick()
    assert director.now == begun + timedelta(hours=1)
    assert waits(director, "citizen") == [TaskKind.EXAMINE]


def test_a_machine_that_slept_does_not_make_up_for_its_sleep(rig: Rig) -> None:
    real = Time()
    director = director_of(rig, None, "citizen", time=real)
    before = director.now
    director.run("hour")
    real.now += 8 * 3600
    director.tick()
    assert director.now == before + timedelta(hours=LONGEST_STRIDE_SECONDS)


def test_a_story_whose_card_is_still_to_be_made_begins_when_it_is(rig: Rig) -> None:
    shop = WordShop(missing=(1, 2))
    director = director_of(rig, shop, "permanent-resident", "citizen")
    director.begin("citizen")
    assert director.state("citizen").phase == Phase.PREPARING
    assert director.prepare_one()
    assert director.state("citizen").phase == Phase.UNDER_WAY
    assert director.prepare_one()
    assert shop.made_now == [1, 2]
    assert director.state("permanent-resident").phase == Phase.NOT_BEGUN
    assert not director.prepare_one()


def test_a_card_that_cannot_be_made_is_told_and_may_be_tried_again(rig: Rig) -> None:
    shop = WordShop(broken=(1,))
    director = director_of(rig, shop, "citizen")
    director.begin("citizen")
    assert director.prepare_one()
    assert "ended" in director.state("citizen").problem
    assert not director.prepare_one()
    shop.broken.clear()
    director.begin("citizen")
    assert director.state("citizen").phase == Phase.UNDER_WAY


def test_after_the_end_the_hours_of_hold_are_counted(rig: Rig) -> None:
    director = director_of(rig, None, "holiday-hold", "citizen")
    director.begin("holiday-hold")
    director.play_my_role("holiday-hold", plays=True)
    while director.state("holiday-hold").state != "held":
        director.step()
    held = director.state("holiday-hold")
    assert held.hold is None
    assert held.held_until is not None
    ticked(director)
    director.go_on()
    ticked(director)
    ended = director.state("holiday-hold")
    assert (ended.phase, ended.hold, director.mode) == (Phase.ENDED, timedelta(hours=48), Mode.PAUSED)


def test_unknown_stories_and_speeds_are_refused(rig: Rig) -> None:
    director = director_of(rig)
    for work in (director.begin, director.state, lambda name: director.play_my_role(name, plays=True)):
        with pytest.raises(SenderError, match="STORY_UNKNOWN"):
            work("nobody")
    with pytest.raises(SenderError, match="SPEED_UNKNOWN"):
        director.run("light")


def test_a_pause_between_two_looks_at_the_mode_ends_no_thread(rig: Rig) -> None:
    director = director_of(rig)
    before = director.now
    director._mode = Mode.RUNNING  # what a tick has read while a page set "paused", which has no speed
    director.tick()
    assert director.now == before


def test_no_story_begins_past_the_time_of_a_task_that_somebody_holds_unless_told_to(rig: Rig) -> None:
    director = director_of(rig, None, "citizen", "holiday-hold")
    director.begin("citizen")
    seated(director, EXAMINER)
    before, sizes = director.now, [len(node.store.entries()) for node in rig.all]
    with pytest.raises(SenderError, match="time runs out for a task that somebody has taken in") as refusal:
        director.begin("holiday-hold")
    assert refusal.value.code == SKIPS_A_TASK
    assert director.now == before and [len(node.store.entries()) for node in rig.all] == sizes
    assert director.state("holiday-hold").phase == Phase.NOT_BEGUN
    director.begin("holiday-hold", skips_tasks=True)
    assert director.now == STORIES["holiday-hold"].booked


def test_a_story_that_waited_for_its_prints_skips_no_task_taken_meanwhile(rig: Rig) -> None:
    shop = WordShop(missing=(STORIES["holiday-hold"].person.fingers,))
    director = director_of(rig, shop, "citizen", "holiday-hold")
    director.begin("holiday-hold")
    director.begin("citizen")
    seated(director, EXAMINER)
    before = director.now
    assert director.prepare_one()
    assert director.now == before
    assert "has not begun: it begins on" in director.said
    assert director.state("holiday-hold").phase == Phase.NOT_BEGUN
    assert not director.state("holiday-hold").problem


def test_beginning_again_while_the_prints_are_made_takes_back_no_leave_to_skip(rig: Rig) -> None:
    shop = WordShop(missing=(STORIES["holiday-hold"].person.fingers,))
    director = director_of(rig, shop, "citizen", "holiday-hold")
    director.begin("citizen")
    seated(director, EXAMINER)
    director.begin("holiday-hold", skips_tasks=True)
    director.begin("holiday-hold")
    assert director.prepare_one()
    assert director.now == STORIES["holiday-hold"].booked


def test_pages_get_the_network_between_two_events_on_the_way_to_a_story(rig: Rig) -> None:
    director, lock, times = director_of(rig, None, "citizen", "holiday-hold"), threading.RLock(), []

    @contextmanager
    def at_work() -> Iterator[None]:
        with lock:
            times.append(director.now)
            yield

    director.begin("citizen")
    director.take_place(at_work, tuple)
    times.clear()
    director.begin("holiday-hold")
    assert len(set(times)) > 3  # whoever asked for a page in between saw time pass


def test_an_error_of_the_program_stops_time_is_told_by_its_kind_and_ends_no_thread(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    director = director_of(rig, None, "citizen")
    director.begin("citizen")

    def breaks(*_: object) -> None:
        raise ValueError("SAMPLESON,PERSON cannot be spelled")

    with monkeypatch.context() as broken:
        broken.setattr(director, "_ahead", breaks)
        director.run("hour")
        director._ticked -= 1
        director.tick()
    assert director.mode == Mode.PAUSED
    assert "Time was stopped by an error of this program (ValueError)" in director.said
    assert "ValueError at test_stories_director.py" in caplog.text
    assert "SAMPLESON" not in director.said + caplog.text
    director.step()
    assert director.state("citizen").phase == Phase.UNDER_WAY


def test_a_story_whose_prints_break_the_program_says_so_and_the_next_is_made(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizen, traffic = STORIES["citizen"].person.fingers, STORIES["traffic"].person.fingers
    shop = WordShop(missing=(citizen, traffic))
    whole = shop.made
    monkeypatch.setattr(shop, "made", lambda fingers, **how: 1 / 0 if fingers == citizen else whole(fingers, **how))
    director = director_of(rig, shop, "citizen", "traffic")
    director.begin("citizen")
    assert director.prepare_one()
    assert director.state("citizen").problem == "an error of this program (ZeroDivisionError)"
    assert director.prepare_one()
    assert shop.made_now == [traffic]
