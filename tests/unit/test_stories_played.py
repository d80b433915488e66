"""Stories played by their players on a whole network: each ends as its file says, and a restart loses nothing."""

from collections import Counter

import pytest
from exchange_rig import Rig, reopened
from stories_rig import STORIES, cards_of, stage_of, troupe_of

from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.exchange.story import final_state
from tenprint.exchange.tasks.spread import dispositions_of
from tenprint.studies.tally import count
from tenprint.studies.troupe import ending, played

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_in_its_state(rig: Rig, name: str) -> None:
    story = STORIES[name]
    case = troupe_of(rig).play(story, cards_of)
    assert ending(stage_of(rig), story, case.case_id) == ""
    tally = count(stage_of(rig), [case], {}).as_json()
    assert tally["cases"] == {str(story.ends): 1}
    assert (tally["mates_missed"], tally["false_candidates"]) == (0, 0)
    assert tally["candidates"] == (story.known is not None)
    assert list(tally) == [
        "cases", "candidates", "mates_missed", "false_candidates", "messages", "seconds", "ledger",
    ]  # fmt: skip


def test_all_stories_in_turn_are_booked_on_their_days(rig: Rig) -> None:
    troupe = troupe_of(rig)
    for story in STORIES.values():
        troupe.play(story, cards_of)
    for story in STORIES.values():
        assert troupe.case_of(story).opened_at == story.booked, story.name


def test_a_court_has_the_last_word_in_one_story_and_everybody_who_was_told_hears_it(make) -> None:
    rig, story = make(court=True), STORIES["dismissed"]
    case = troupe_of(rig).play(story, cards_of)
    assert ending(stage_of(rig), story, case.case_id) == ""
    handed_over = rig.task(Role.JAIL, TaskKind.REPORT_CUSTODY, case.case_id).decided_at
    assert rig.task(Role.COURT, TaskKind.DISPOSE, case.case_id).decided_at > handed_over
    for node in rig.all:
        said = dispositions_of(rig.case(node.party.role, case.case_id))
        assert [(one["charge_number"], one["charge_outcome"]) for one in said] == [("1", "dismissed")], node.party.id
    assert all(not rig.failures(role) for role in rig.nodes)


def test_beside_a_court_all_stories_end_as_their_files_say_on_their_days_whatever_it_is_still_asked(make) -> None:
    rig = make(court=True)
    troupe = troupe_of(rig)
    for story in STORIES.values():
        assert ending(troupe.stage, story, troupe.play(story, cards_of).case_id) == "", story.name
    assert [troupe.case_of(story).opened_at for story in STORIES.values()] == [s.booked for s in STORIES.values()]
    answered = {task.case_id: task.answer for task in rig.tasks(Role.COURT)}
    assert answered.pop(troupe.case_of(STORIES["dismissed"]).case_id) == "dismissed"
    assert answered and set(answered.values()) == {""}


def test_a_dual_arrest_opens_a_second_look_and_the_first_officer_waits_for_it(rig: Rig) -> None:
    troupe, story = troupe_of(rig), STORIES["dual-arrest"]
    case_id = troupe.begin(story, cards_of(story))
    while (events := troupe.ahead([story])) and not rig.tasks(Role.JAIL):
        troupe.perform(events[0], cards_of)
    look, decide = (rig.task(Role.FIELD_OFFICE, kind, case_id) for kind in (TaskKind.SECOND_LOOK, TaskKind.DECIDE))
    assert (look.answer, decide.answer, decide.findings) == ("disagree", "no_action", 2)
    assert decide.decided_at > look.decided_at
    assert not rig.messages(Role.FIELD_OFFICE, case_id, Kind.DETAINER)


def test_nothing_happens_after_the_later_enrolment_of_a_late_hit(rig: Rig) -> None:
    troupe, story = troupe_of(rig), STORIES["late-hit"]
    case = troupe.play(story, cards_of)
    repository = rig.nodes[Role.IMMIGRATION_REPOSITORY]
    assert repository.store.exemplars(story.later.subject)
    assert not rig.messages(Role.IMMIGRATION_REPOSITORY, case.case_id, Kind.LATE_HIT)
    assert final_state(rig.all, case.case_id) == story.ends
    assert troupe.ahead([story]) == []


def test_a_hold_over_the_long_weekend_lapses_after_48_plain_hours(rig: Rig) -> None:
    story = STORIES["holiday-hold"]
    case = troupe_of(rig).play(story, cards_of)
    jail = rig.case(Role.JAIL, case.case_id)
    assert jail.known["held_from"].startswith("2010-10-08")
    assert rig.clock.now().strftime("%A %d %H") == "Sunday 10 16"


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4])
def test_a_run_that_ended_anywhere_goes_on_where_it_was(rig: Rig, make, steps: int) -> None:
    story = STORIES["traffic"]
    whole = troupe_of(make())
    undisturbed = count(whole.stage, [whole.play(story, cards_of)], {})

    first = troupe_of(rig)
    first.begin(story, cards_of(story))
    for _ in range(steps):
        first.perform(first.ahead([story])[0], cards_of)
    for role in Role:
        if role in rig.nodes:
            reopened(rig, role)
    again = troupe_of(rig)
    resumed = count(again.stage, [again.play(story, cards_of)], {})
    assert resumed.cases == undisturbed.cases
    assert resumed.messages == undisturbed.messages
    assert {p: log["size"] for p, log in resumed.ledger.items()} == {
        p: log["size"] for p, log in undisturbed.ledger.items()
    }


def test_playing_an_ended_story_again_changes_nothing(rig: Rig) -> None:
    troupe, story = troupe_of(rig), STORIES["citizen"]
    first = troupe.play(story, cards_of)
    sizes = [len(node.store.entries()) for node in rig.all]
    assert troupe.play(story, cards_of) == first == played(story, first.case_id)
    assert [len(node.store.entries()) for node in rig.all] == sizes


def test_a_story_led_elsewhere_by_a_persons_answer_still_ends(rig: Rig) -> None:
    troupe, story = troupe_of(rig), STORIES["traffic"]
    case_id = troupe.begin(story, cards_of(story))
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "inconclusive", by="GUEST EXAMINER")
    case = troupe.play(story, cards_of)
    assert "stands at no_match" in ending(troupe.stage, story, case.case_id)
    assert Counter(t.kind for t in rig.tasks(Role.IMMIGRATION_REPOSITORY)) == {
        TaskKind.EXAMINE: 1, TaskKind.EXAMINE_SECOND: 1,
    }  # fmt: skip


def test_an_officer_whom_the_rules_forbid_the_files_answer_asks_for_nothing(rig: Rig) -> None:
    troupe, story = troupe_of(rig), STORIES["traffic"]
    case_id = troupe.begin(story, cards_of(story))
    troupe.perform(troupe.ahead([story])[0], cards_of)
    rig.decide(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id, "citizen", by="GUEST SPECIALIST")
    case = troupe.play(story, cards_of)
    assert final_state(rig.all, case.case_id) == "no_action"
    assert "do not allow" in rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id).reason
