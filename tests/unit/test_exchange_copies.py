"""Copies of answers for the agencies that a booking names (EBTS 2.007, SCO): who gets them, and what they do there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from exchange_rig import GROUND, Rig, card, run_through_retries

from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.known import is_copy
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.records import read
from tenprint.records.itl.ebts import read_error

AGENCY, STATE, FBI, IDENT, LESC = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER,
)  # fmt: skip
OTHER, THIRD, OTHER_STATE = "agency2", "agency3", "state2"
ORI, THIRD_ORI = "XX0020000", "XX0030000"
PARTIES = {
    OTHER_STATE: (STATE, "XXSIB0002", ""),
    OTHER: (AGENCY, ORI, OTHER_STATE),
    THIRD: (AGENCY, THIRD_ORI, "state_bureau"),
}
TOO_FEW = (3, 4, 5, 6, 7, 8, 9)


@pytest.fixture
def net(make: Callable[..., Rig]) -> Rig:
    """Give a network with two more agencies: one of the same state, one of another state."""
    return make(others=PARTIES)


def copies(rig: Rig, case_id: str, party: str = OTHER) -> list[bytes]:
    return [message.body for message in rig.messages(party, case_id, Kind.COPY) if message.recipient == party]


def given(rig: Rig, case_id: str, *kinds: Kind) -> list[bytes]:
    """Return what the booking agency got."""
    return [rig.received(AGENCY, case_id, kind).body for kind in kinds]


def not_sent(rig: Rig) -> list[str]:
    return [str(entry["note"]) for entry in rig.entries(STATE, "copy_not_sent")]


def asked(rig: Rig) -> list[tuple[str, str]]:
    decisions = [entry for entry in rig.entries(STATE, "decision") if entry["question"] == "copy_answer"]
    return [(str(entry["outcome"]), str(entry["rule"])) for entry in decisions]


def untouched(rig: Rig) -> None:
    assert all(rig.failures(role) == [] for role in rig.nodes)


# --- each kind of answer ---
def test_the_states_and_the_first_federal_answer_come_as_copies_with_the_same_bytes(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    assert copies(net, case_id) == given(net, case_id, Kind.STATE_SRE, Kind.SRE)
    assert asked(net) == [("copy", "copy-as-asked")] * 2
    untouched(net)


def test_a_second_answer_comes_as_a_copy_with_the_specialists_words(net: Rig) -> None:
    net.known_to_immigration("P7")
    case_id = net.book(card("P7", sco=(ORI,)))
    net.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    net.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground=GROUND)
    assert copies(net, case_id) == given(net, case_id, Kind.STATE_SRE, Kind.SRE, Kind.SECOND_SRE)
    assert net.case(OTHER, case_id).known["repositories"] == net.case(AGENCY, case_id).known["repositories"]
    untouched(net)


def test_a_late_hit_comes_as_a_copy(make: Callable[..., Rig]) -> None:
    net = make(others=PARTIES, settings={IDENT: {"keeps_searches": True}})
    case_id = net.book(card("P7", sco=(ORI,)))
    net.known_to_immigration("P7")
    dispatch.enrol(net.nodes[IDENT], "FIN-P7", card("P7"))
    net.run()
    net.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    assert copies(net, case_id) == given(net, case_id, Kind.STATE_SRE, Kind.SRE, Kind.LATE_HIT)
    assert net.case(OTHER, case_id).known["repositories"]["immigration"] == "match"
    assert net.tasks(OTHER) == []


def test_a_rejection_by_the_state_comes_as_a_copy(net: Rig) -> None:
    case_id = net.book(card("P1", bad=TOO_FEW, sco=(ORI,)))
    assert copies(net, case_id) == given(net, case_id, Kind.ERRT)
    assert net.case(OTHER, case_id).state == CaseState.REJECTED
    untouched(net)


def test_a_rejection_by_the_criminal_repository_comes_as_a_copy(net: Rig) -> None:
    net.nodes[FBI].services.matcher.extract = lambda images: net.matcher(STATE).extract(list(images)[:2])
    case_id = net.book(card("P1", sco=(ORI,)))
    assert copies(net, case_id) == given(net, case_id, Kind.STATE_SRE, Kind.ERRT)
    assert net.entries(FBI, "sent")[-1]["message_kind"] == "ERRT"


def test_a_rejection_of_a_booking_that_is_faulty_elsewhere_comes_as_a_copy(net: Rig) -> None:
    good = card("P1", tot="CNA", sco=(ORI,))
    case_id = net.book(good.replace(b"2.005:Y", b"2.005:N"))
    assert copies(net, case_id) == given(net, case_id, Kind.ERRT)
    assert [one.field for one in read_error(read(copies(net, case_id)[0])).messages] == ["2.005"]


def test_a_booking_without_sco_is_copied_to_nobody_and_no_rule_is_asked(net: Rig) -> None:
    case_id = net.book(card("P1"))
    assert net.case(OTHER, case_id) is None
    assert asked(net) == not_sent(net) == []


# --- who gets one ---
@pytest.mark.parametrize(("role", "rule"), [(AGENCY, "copy-agency-declines"), (OTHER, "copy-receiver-declines")])
def test_a_specialists_answer_goes_to_nobody_by_copy_whom_it_would_not_reach_otherwise(
    make: Callable[..., Rig], role: str, rule: str
) -> None:
    net = make(others=PARTIES, settings={role: {"receives_answer": False}})
    net.known_to_immigration("P7")
    case_id = net.book(card("P7", sco=(ORI,)))
    net.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    net.decide(LESC, TaskKind.STATUS, case_id, "citizen")
    assert copies(net, case_id) == given(net, case_id, Kind.STATE_SRE, Kind.SRE)
    assert asked(net)[-1] == ("do_not_copy", rule)
    assert net.messages(STATE, case_id, Kind.SECOND_SRE)
    assert any(line.sentence.startswith("copy answer: do not copy. ") for line in story.case_story(net.all, case_id))


def test_a_state_that_does_not_relay_the_specialists_answer_copies_it_to_nobody(make: Callable[..., Rig]) -> None:
    net = make(others=PARTIES, settings={STATE: {"relays_answer": False}})
    net.known_to_immigration("P7")
    case_id = net.book(card("P7", sco=(ORI,)))
    net.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    net.decide(LESC, TaskKind.STATUS, case_id, "citizen")
    assert len(copies(net, case_id)) == 2
    assert asked(net)[-1] == ("do_not_copy", "copy-state-does-not-relay")


@pytest.mark.parametrize("ori", ["XX0990000", "XXLESC001"])
def test_an_ori_of_nobody_and_one_of_no_agency_are_put_down_and_nothing_is_sent(net: Rig, ori: str) -> None:
    case_id = net.book(card("P1", sco=(ori,)))
    assert net.case(AGENCY, case_id).state == CaseState.NO_MATCH
    assert not_sent(net) == [f"{ori} is no agency of this network"]
    told = [line.sentence for line in story.case_story(net.all, case_id)]
    assert f"copy not sent: {ori} is no agency of this network" in told
    assert net.messages(STATE, case_id, Kind.COPY) == []


def test_words_that_are_no_ori_are_not_repeated_on_the_ledger(net: Rig) -> None:
    net.book(card("P1", sco=("SAMPLESON",)))
    assert not_sent(net) == ["what stands in 2.007 is no agency of this network"]


def test_each_agency_gets_one_copy_whatever_its_routing_extension_and_the_booking_agency_none(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(f"{ORI}/JAIL", ORI, f"{ORI}/DESK2", THIRD_ORI, "XX0010000")))
    assert copies(net, case_id) == copies(net, case_id, THIRD) == given(net, case_id, Kind.STATE_SRE, Kind.SRE)
    assert net.messages(AGENCY, case_id, Kind.COPY) == []
    assert asked(net) == [("copy", "copy-as-asked")] * 4
    assert not_sent(net) == ["XX0010000 is the booking agency, which gets the answers themselves"]


def test_a_booking_that_asks_for_no_answer_and_is_taken_in_is_copied_to_nobody(net: Rig) -> None:
    case_id = net.book(card("P1", tot="CNA", sco=(ORI,)))
    assert net.case(OTHER, case_id) is None


def test_a_booking_under_another_agencys_name_is_copied_to_nobody(net: Rig) -> None:
    case_id = net.book(card("P1", ori=THIRD_ORI, cri=(THIRD_ORI,), sco=(ORI,)))
    assert given(net, case_id, Kind.ERRT)
    assert net.case(OTHER, case_id) is None


# --- once ---
def test_a_repeat_of_the_booking_of_the_answers_and_of_the_copies_changes_nothing(net: Rig) -> None:
    data = card("P1", sco=(ORI,))
    case_id = net.book(data)
    before, state = copies(net, case_id), net.case(OTHER, case_id)
    for recipient, wire in list(net.post.wires):
        net.post.deliver(wire, recipient)
    booked = net.received(STATE, case_id, Kind.CAR)
    net.say(AGENCY, STATE, Kind.CAR, booked.body, "another-case", content_type=booked.content_type, tcn=booked.tcn)
    answer = net.received(STATE, case_id, Kind.SRE)
    more = {"content_type": answer.content_type, "tcn": answer.tcn, "tcr": answer.tcr}
    net.say(FBI, STATE, Kind.SRE, answer.body, case_id, **more)
    assert net.entries(STATE, "repeat")
    assert (copies(net, case_id), net.case(OTHER, case_id)) == (before, state)
    assert len(net.messages(OTHER, "another-case")) == 0


def test_a_state_that_copies_an_answer_once_more_in_other_words_changes_nothing(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    before, first = net.case(OTHER, case_id), net.received(OTHER, case_id, Kind.COPY)
    other = first.body.replace(b"2.059:N", b"2.059:I")
    assert other != first.body
    net.say(STATE, OTHER, Kind.COPY, other, case_id, content_type=first.content_type, tcn=first.tcn, tcr=first.tcr)
    assert net.entries(OTHER, "repeat")
    assert net.case(OTHER, case_id) == before


def test_where_a_case_stands_is_not_said_by_whoever_has_a_copy_of_its_first_rejection_only(
    make: Callable[..., Rig],
) -> None:
    net = make(others=PARTIES, activated=())
    case_id = net.book(card("P1", bad=TOO_FEW, sco=(ORI,)))
    rejection = net.received(AGENCY, case_id, Kind.ERRT)
    net.book(card("P1", tcn="TCN-2010-0000002", tcr=rejection.tcn))
    assert copies(net, case_id) == [rejection.body]
    assert net.case(OTHER, case_id).state == CaseState.REJECTED
    assert story.final_state(net.all, case_id) == CaseState.ANSWERED


def test_a_resubmission_is_copied_to_whom_the_mended_file_names(net: Rig) -> None:
    case_id = net.book(card("P1", bad=TOO_FEW, sco=(ORI,)))
    rejection = net.received(AGENCY, case_id, Kind.ERRT)
    mended = card("P1", tcn="TCN-2010-0000002", tcr=rejection.tcn, sco=(ORI, THIRD_ORI))
    assert net.book(mended) == case_id
    answers = given(net, case_id, Kind.STATE_SRE, Kind.SRE)
    assert copies(net, case_id) == [rejection.body, *answers]
    assert copies(net, case_id, THIRD) == answers
    assert [net.case(party, case_id).state for party in (OTHER, THIRD)] == [CaseState.ANSWERED] * 2
    dispatch.correct(net.nodes[STATE], case_id, kind="sealed", what="an order", reason="as ordered", by="CLERK GAVEL")
    net.run()
    assert net.failures(OTHER) == net.failures(THIRD) == []


# --- the agency that gets copies ---
def test_a_copys_case_says_whose_answers_it_holds_and_asks_nobody(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    case = net.case(OTHER, case_id)
    assert (is_copy(case), case.known["copied_by"], case.ori) == (True, "state_bureau", "XX0010000")
    assert (case.tcn, case.state) == (net.case(AGENCY, case_id).tcn, CaseState.ANSWERED)
    assert net.tasks(OTHER) == []
    assert [m for m in net.messages(OTHER, case_id) if m.sender == OTHER] == []
    states = [(entry["state"], entry["note"]) for entry in net.entries(OTHER, "state")]
    assert states == [("answered", "copies of the answers to another agency's booking")]
    told = [line.sentence for line in story.answers(net.nodes[OTHER], case_id)]
    assert told[0] == "state file: not found, for nobody was on file to be compared with"
    assert told[1].startswith("criminal file: not found")
    lines = [f"{line.message_kind}: {line.sentence}" for line in story.case_story(net.all, case_id)]
    assert "COPY: sends a copy of an answer to another agency's booking to agency2" in lines
    assert "COPY: receives a copy of an answer to another agency's booking from state bureau" in lines
    assert story.final_state(net.all, case_id) == CaseState.NO_MATCH


def test_copies_that_come_in_another_order_give_the_same_case(net: Rig) -> None:
    net.known_to_immigration("P7")
    case_id = net.book(card("P7", sco=(ORI,)))
    net.wait(timedelta(hours=3))  # the first answer says that the immigration repository has not answered
    net.decide(IDENT, TaskKind.EXAMINE, case_id, "exclusion")
    plain = net.case(OTHER, case_id)
    assert plain.known["repositories"]["immigration"] == "no_match"
    sent = [m for m in net.messages(STATE, case_id, Kind.COPY) if m.recipient == OTHER]
    for place, message in enumerate(reversed(sent)):
        more = {"content_type": message.content_type, "tcn": message.tcn, "tcr": message.tcr, "id": f"again-{place}"}
        net.say(STATE, THIRD, Kind.COPY, message.body, case_id, **more)
    assert net.failures(THIRD) == []
    other = net.case(THIRD, case_id)
    assert (other.state, other.ori, other.tcn) == (plain.state, plain.ori, plain.tcn)
    assert other.known["repositories"] == plain.known["repositories"]


def test_a_copy_under_the_id_of_an_own_case_changes_nothing_of_it(net: Rig) -> None:
    own = net.book(card("P1"))
    case_id = net.book(card("P2", tcn="TCN-2010-0000002", sco=(ORI,)))
    before = net.case(AGENCY, own)
    message = net.received(OTHER, case_id, Kind.COPY)
    more = {"content_type": message.content_type, "tcn": message.tcn, "tcr": before.tcn}
    net.say(STATE, AGENCY, Kind.COPY, message.body, own, **more)
    run_through_retries(net)
    assert (net.failures(AGENCY), net.case(AGENCY, own)) == (["CASE_TAKEN"], before)


def test_a_copy_of_a_booking_of_its_receiver_is_refused_and_takes_no_number(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    message = net.received(OTHER, case_id, Kind.COPY)
    more = {"content_type": message.content_type, "tcn": message.tcn, "tcr": "TCN-2010-0000009"}
    net.say(STATE, AGENCY, Kind.COPY, message.body, "a-new-case", **more)
    run_through_retries(net)
    assert net.failures(AGENCY) == ["OTHER_BOOKING"]
    assert net.case(AGENCY, "a-new-case") is None
    assert net.case(AGENCY, net.book(card("P1", tcn="TCN-2010-0000009"))).state == CaseState.NO_MATCH


@pytest.mark.parametrize("sender", [FBI, AGENCY, IDENT])
def test_a_copy_from_somebody_who_is_no_state_bureau_is_refused_at_the_door(net: Rig, sender: Role) -> None:
    with pytest.raises(SenderError) as caught:
        net.say(sender, OTHER, Kind.COPY, b"anything", "case-x")
    assert caught.value.code == "KIND_NOT_ACCEPTED"


def test_a_copy_from_another_state_in_the_same_case_is_refused(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    before = net.case(OTHER, case_id)
    body = net.received(OTHER, case_id, Kind.COPY)
    more = {"content_type": body.content_type, "tcn": body.tcn, "tcr": body.tcr}
    net.say(OTHER_STATE, OTHER, Kind.COPY, body.body, case_id, **more)
    run_through_retries(net)
    assert (net.failures(OTHER), net.case(OTHER, case_id)) == (["CASE_TAKEN"], before)


@pytest.mark.parametrize("body", [b"", b"\xff" * 400, b"{}", card("P1")])
def test_bytes_that_are_no_answer_are_refused_as_a_copy(net: Rig, body: bytes) -> None:
    net.say(STATE, OTHER, Kind.COPY, body, "case-x", content_type="application/vnd.tenprint.ebts", tcn="NUMBER-0001")
    run_through_retries(net)
    assert net.failures(OTHER) == ["BODY_INVALID"]
    assert net.case(OTHER, "case-x") is None


def test_a_copy_that_names_no_booking_agency_in_its_form_is_nobodys_booking(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    message = net.received(OTHER, case_id, Kind.COPY)
    body = message.body.replace(b"1.007:XX0010000", b"1.007:XX 010000")
    assert body != message.body
    net.say(STATE, OTHER, Kind.COPY, body, "case-x", content_type=message.content_type, tcn=message.tcn)
    assert (net.case(OTHER, "case-x").ori, net.failures(OTHER)) == ("", [])


def test_an_agency_with_copies_can_neither_withdraw_the_booking_nor_correct_nor_file_it(net: Rig) -> None:
    data = card("P1", sco=(ORI,))
    case_id = net.book(data)
    before = net.case(OTHER, case_id)
    who = {"by": "OFFICER BOOKING", "reason": "a mistake"}
    for code, forbidden in (
        ("OTHER_BOOKING", lambda: dispatch.withdraw(net.nodes[OTHER], case_id, **who)),
        ("NOBODY_TOLD", lambda: dispatch.correct(net.nodes[OTHER], case_id, kind="corrected", what="a name", **who)),
        ("OTHER_BOOKING", lambda: dispatch.submit(net.nodes[OTHER], data)),
    ):
        with pytest.raises(SenderError) as caught:
            forbidden()
        assert caught.value.code == code
    assert net.case(OTHER, case_id) == before
