"""A case's story: everything that was written down, in order, told from all parties' ledgers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from exchange_rig import Rig, card, fingers_of

from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.words import CaseState, Role, TaskKind


def test_a_story_is_in_the_order_of_time_and_nothing_is_received_before_it_was_sent(rig: Rig) -> None:
    case_id = rig.until_held()
    rig.wait(timedelta(hours=48))
    lines = story.case_story(rig.all, case_id)
    assert [line.time for line in lines] == sorted(line.time for line in lines)
    sent: set[tuple[str, str, str]] = set()
    for line in lines:
        if line.direction == "sent":
            sent.add((line.party, line.counterpart, line.message_kind))
        if line.direction == "received":
            assert (line.counterpart, line.party, line.message_kind) in sent
    way = [line.message_kind for line in lines if line.direction == "sent"]
    assert way.index("CAR") < way.index("ACK") < way.index("IDENT_SEARCH") < way.index("IDR") < way.index("SRE")
    assert way.index("IAR") < way.index("DETAINER") < way.index("DETAINER_ANSWER") < way.index("CUSTODY")


def test_a_story_names_rules_people_and_sentences_for_a_layperson(rig: Rig) -> None:
    case_id = rig.until_held()
    lines = story.case_story(rig.all, case_id)
    assert {line.person for line in lines if line.person} == {
        f"OFFICIAL {kind}" for kind in ("examine", "status", "decide", "answer_detainer", "report_release")
    }
    assert {"cascade-activated", "detainer-permitted", "hold-48-hours"} <= {line.rule for line in lines}
    sentences = [line.sentence for line in lines]
    assert "agency" in {line.party for line in lines}
    assert "sends the booking with its prints to state bureau" in sentences
    assert any("a named officer may ask the jail" in text.lower() for text in sentences)
    assert all(sentences)


def test_a_party_that_is_not_at_hand_leaves_a_gap_not_an_error(rig: Rig) -> None:
    case_id = rig.until_held()
    some = [rig.nodes[Role.AGENCY], rig.nodes[Role.CRIMINAL_REPOSITORY]]
    lines = story.case_story(some, case_id)
    assert {line.party for line in lines} == {"agency", "criminal_repository"}


def test_an_unknown_case_has_no_story_and_no_state(rig: Rig) -> None:
    assert story.case_story(rig.all, "case-nowhere") == ()
    with pytest.raises(SenderError, match="UNKNOWN_CASE"):
        story.final_state(rig.all, "case-nowhere")


def test_the_party_nearest_to_the_person_says_where_a_case_stands(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = dispatch.submit(rig.nodes[Role.AGENCY], card("P7")).case_id
    seen = [story.final_state(rig.all, case_id)]
    rig.run()
    seen.append(story.final_state(rig.all, case_id))
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "identification")
    seen.append(story.final_state(rig.all, case_id))
    rig.decide(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id, "other_lawful")
    seen.append(story.final_state(rig.all, case_id))
    assert seen == [
        CaseState.SUBMITTED,
        CaseState.AWAITING_EXAMINER,
        CaseState.AWAITING_STATUS,
        CaseState.AWAITING_DECISION,
    ]


def test_the_agency_s_answers_say_what_they_say(rig: Rig) -> None:
    for role in (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY):
        rig.matcher(role).enroll("SOMEBODY", fingers_of("P5"))
    case_id = rig.book(card("P1"))
    told = [(line.message_kind, line.sentence) for line in story.answers(rig.nodes[Role.AGENCY], case_id)]
    assert told == [
        ("ACK", "taken in by the state bureau"),
        ("STATE_SRE", "state file: not found"),
        ("SRE", "criminal file: not found; immigration: no match; search: agency activated, whatever it asked"),
    ]
    rejected = rig.book(b"garbage")
    (line,) = story.answers(rig.nodes[Role.AGENCY], rejected)
    assert line.sentence.startswith("E0004: ")


def test_cases_and_tasks_are_listed_once_each(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    first = rig.book(card("P7"))
    rig.clock.advance(timedelta(minutes=1))
    second = rig.book(card("P2", tcn="TCN-2010-0000002"))
    assert [case.case_id for case in story.all_cases(rig.all)] == [first, second]
    assert [(task.case_id, task.kind) for task in story.open_tasks(rig.all, first)] == [(first, TaskKind.EXAMINE)]
