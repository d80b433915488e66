"""Who got a copy of an answer was told of the booking: news reaches it, and both ledgers show it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations

import pytest
from exchange_rig import GROUND, START, Rig, card, reopened, run_through_retries
from test_exchange_copies import ORI, OTHER, PARTIES, THIRD, THIRD_ORI, copies, given
from test_exchange_expunged import NEEDLES, assert_erased, on_disk

from tenprint.core.errors import StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.corrections import CORRECTIONS, Correction
from tenprint.exchange.model.withdrawal import Withdrawal
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.tasks import audit_report
from tenprint.exchange.tasks.spread import dispositions_of
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.reconcile import reconcile

AGENCY, STATE, FBI, IDENT, LESC, COURT = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER,
    Role.COURT,
)  # fmt: skip
ORDER = {"what": "an order (fictitious)", "reason": "arrested by mistake", "by": "CLERK GAVEL"}
DISMISSED = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}


@pytest.fixture
def net(make: Callable[..., Rig]) -> Rig:
    """Give a network with a court and two more agencies, one of another state."""
    return make(others=PARTIES, court=True)


def correct(rig: Rig, role: Role, case_id: str, kind: str) -> dict[str, str]:
    dispatch.correct(rig.nodes[role], case_id, kind=kind, **ORDER)
    rig.run()
    return dispatch.acknowledgements(rig.nodes[role], case_id)[-1].done


def kinds_of_corrections(rig: Rig, party: str, case_id: str) -> list[str]:
    return [one["correction_kind"] for one in rig.case(party, case_id).known.get(CORRECTIONS, {}).values()]


def signed(rig: Rig) -> None:
    for node in rig.all:
        node.store.sign_checkpoint(ledger_origin(node.party.id), rig.keys[node.party.id], rig.clock.now())


# --- news ---
@pytest.mark.parametrize(
    ("origin", "kind"), [(AGENCY, "corrected"), (STATE, "expunged"), (COURT, "sealed"), (IDENT, "corrected")]
)
def test_a_correction_reaches_whoever_got_copies_from_whomever_it_comes_and_is_acknowledged(
    net: Rig, origin: Role, kind: str
) -> None:
    case_id = net.book(card("P1", sco=(ORI, THIRD_ORI)))
    answered = correct(net, origin, case_id, kind)
    for party in (OTHER, THIRD):
        assert answered[party].startswith("noted")
        assert kinds_of_corrections(net, party, case_id) == [kind]
        assert [m.sender for m in net.messages(party, case_id, Kind.CORRECTION)] == ["state_bureau"]
    assert all(net.failures(role) == [] for role in net.nodes)


def test_what_a_court_says_reaches_whoever_got_copies_once(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    net.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **DISMISSED)
    assert [one["charge_outcome"] for one in dispositions_of(net.case(OTHER, case_id))] == ["dismissed"]
    assert [m.sender for m in net.messages(OTHER, case_id, Kind.DISPOSITION)] == ["state_bureau"]
    assert all(net.failures(role) == [] for role in net.nodes)


@pytest.mark.parametrize("forwards", [True, False])
def test_who_gets_the_first_copy_after_a_correction_gets_the_correction_with_it(
    make: Callable[..., Rig], forwards: bool
) -> None:
    net = make(others=PARTIES, settings={STATE: {"forwards": forwards}})
    case_id = net.book(card("P1", bad=(3, 4, 5, 6, 7, 8, 9), sco=(ORI,)))
    rejection = net.received(AGENCY, case_id, Kind.ERRT)
    correct(net, AGENCY, case_id, "corrected")
    net.book(card("P1", tcn="TCN-2010-0000002", tcr=rejection.tcn, sco=(THIRD_ORI,)))
    answers = (Kind.STATE_SRE, Kind.SRE) if forwards else (Kind.STATE_SRE,)
    assert copies(net, case_id, THIRD) == given(net, case_id, *answers)
    assert kinds_of_corrections(net, THIRD, case_id) == kinds_of_corrections(net, OTHER, case_id) == ["corrected"]


def test_an_expunged_booking_is_erased_where_its_copies_lie(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    assert NEEDLES[0] in on_disk(net, OTHER)
    assert correct(net, STATE, case_id, "expunged")[OTHER] == "noted to_be_erased"
    net.wait(timedelta(days=1))
    assert_erased(net, (OTHER, AGENCY, STATE), case_id)
    late = net.post.wires[[recipient for recipient, _ in net.post.wires].index(OTHER)][1]
    net.post.deliver(late, OTHER)
    assert_erased(net, (OTHER,), case_id)
    assert correct(net, STATE, case_id, "sealed")[OTHER] == "nothing_left"


def test_a_booking_that_is_taken_back_is_so_where_its_copies_lie_and_a_late_copy_changes_nothing(net: Rig) -> None:
    net.known_to_immigration("P7")
    case_id = net.book(card("P7", sco=(ORI,)))
    copy = net.received(OTHER, case_id, Kind.COPY)
    dispatch.withdraw(net.nodes[AGENCY], case_id, by="OFFICER BOOKING", reason="the wrong person")
    net.run()
    assert net.case(OTHER, case_id).state == CaseState.WITHDRAWN
    more = {"content_type": copy.content_type, "tcn": copy.tcn, "tcr": copy.tcr}
    before = net.case(OTHER, case_id)
    net.say(STATE, OTHER, Kind.COPY, copy.body, case_id, **more)
    assert [entry["message_kind"] for entry in net.entries(OTHER, "after_withdrawal")] == ["COPY"]
    assert net.case(OTHER, case_id) == before
    assert all(net.failures(role) == [] for role in net.nodes)


def test_a_state_takes_no_booking_back_that_is_its_agencys_own(net: Rig) -> None:
    net.known_to_immigration("P7")
    case_id = net.book(card("P7", sco=(ORI,)))
    said = Withdrawal(net.case(AGENCY, case_id).tcn, "a mistake", "OFFICER SAMPLE").to_bytes()
    before = net.case(AGENCY, case_id)
    net.say(STATE, AGENCY, Kind.WITHDRAWAL, said, case_id)
    net.say("state2", OTHER, Kind.WITHDRAWAL, said, case_id)
    run_through_retries(net)
    assert "NOT_ASKED" in net.failures(AGENCY)
    assert net.failures(OTHER) == ["NOT_ASKED"]
    assert net.case(AGENCY, case_id).state != CaseState.WITHDRAWN != net.case(OTHER, case_id).state
    assert before.state != CaseState.WITHDRAWN


def test_whoever_has_copies_takes_back_corrects_and_disposes_of_nothing_at_the_state(net: Rig) -> None:
    """It knows the case's id, and has answered in it; neither makes the booking its own."""
    net.known_to_immigration("P7")
    case_id = net.book(card("P7", sco=(THIRD_ORI,)))
    correct(net, AGENCY, case_id, "corrected")
    state = net.case(STATE, case_id)
    said = Withdrawal(state.tcn, "a mistake", "OFFICER SAMPLE").to_bytes()
    wrong = Correction("c-1", THIRD, state.tcn, "corrected", "a name", "misread", "OFFICER SAMPLE", START).to_bytes()
    assert [m.kind for m in net.messages(THIRD, case_id) if m.sender == THIRD] == [Kind.ACK]
    net.say(THIRD, STATE, Kind.WITHDRAWAL, said, case_id)
    net.say(THIRD, STATE, Kind.CORRECTION, wrong, case_id)
    run_through_retries(net)
    assert net.failures(STATE) == ["NOT_ASKED", "NOT_ASKED"]
    assert net.case(STATE, case_id).state != CaseState.WITHDRAWN
    assert kinds_of_corrections(net, AGENCY, case_id) == ["corrected"]


def test_news_from_a_court_itself_is_refused_by_whoever_has_copies_only(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    net.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **DISMISSED)
    said = net.received(AGENCY, case_id, Kind.DISPOSITION)
    other = net.book(card("P2", tcn="TCN-2010-0000002", sco=(ORI,)))
    net.say(COURT, OTHER, Kind.DISPOSITION, said.body, other)
    run_through_retries(net)
    assert net.failures(OTHER) == ["NOT_ASKED"]


# --- evidence, keeping, faults ---
def test_copies_stand_on_both_ledgers_and_no_two_ledgers_differ(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI, THIRD_ORI)))
    correct(net, STATE, case_id, "sealed")
    sent = [e for e in net.entries(STATE, "sent") if e["message_kind"] == "COPY" and e["counterpart"] == OTHER]
    received = [e for e in net.entries(OTHER, "received") if e["message_kind"] == "COPY"]
    assert [e["message_hash"] for e in sent] == [e["message_hash"] for e in received]
    assert len(sent) == 2
    assert len([e for e in net.entries(STATE, "receipt") if e["message_kind"] == "COPY"]) == 4
    ledgers = {node.party.id: node.store.entries() for node in net.all}
    for a, b in combinations(ledgers, 2):
        assert not reconcile(a, ledgers[a], b, ledgers[b])


def test_the_booking_agency_finds_its_copies_in_the_trail_and_their_receiver_learns_nothing_more(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    signed(net)
    dispatch.ask_for_trail(net.nodes[AGENCY], case_id)
    dispatch.ask_for_trail(net.nodes[OTHER], case_id, first="state_bureau")
    net.run()
    trails = {trail.party: trail for trail in audit_report.trails_of(net.nodes[AGENCY], case_id)}
    told = [(line.fields["message_kind"], line.fields["counterpart"]) for line in trails["state_bureau"].lines]
    assert told.count(("COPY", OTHER)) == 2
    assert all(line.is_proved for line in trails["state_bureau"].lines)
    (refused,) = audit_report.trails_of(net.nodes[OTHER], case_id)
    assert (refused.lines, refused.problem.partition(":")[0]) == ((), "UNKNOWN_CASE")


@pytest.mark.parametrize(("bad", "days"), [((3, 4, 5, 6, 7, 8, 9), 90), ((), 1825)])
def test_copies_are_kept_as_long_as_a_dated_rule_says(net: Rig, bad: tuple[int, ...], days: int) -> None:
    net.book(card("P1", bad=bad, sco=(ORI,)))
    (ending,) = dispatch.endings(net.nodes[OTHER])
    assert {period.days for period in ending.periods} == {days}
    net.wait(timedelta(days=days - 1))
    assert NEEDLES[0] in on_disk(net, OTHER) or bad
    net.wait(timedelta(days=2))
    assert net.entries(OTHER, "erased")
    assert NEEDLES[0] not in on_disk(net, OTHER)


def test_a_submission_that_a_fault_ends_is_rejected_by_copy_too(net: Rig) -> None:
    def lost(*_: object) -> object:
        raise StorageError("STORE_BLOB_MISSING", "not there")

    net.nodes[STATE].services.matcher.search = lost
    case_id = dispatch.submit(net.nodes[AGENCY], card("P1", sco=(ORI,))).case_id
    run_through_retries(net)
    assert copies(net, case_id) == given(net, case_id, Kind.ERRT)


def test_a_state_that_is_opened_anew_in_the_middle_sends_each_copy_once(net: Rig) -> None:
    net.known_to_immigration("P7")
    case_id = net.book(card("P7", sco=(ORI,)))
    reopened(net, STATE)
    net.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    reopened(net, STATE)
    reopened(net, OTHER)
    net.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground=GROUND)
    assert copies(net, case_id) == given(net, case_id, Kind.STATE_SRE, Kind.SRE, Kind.SECOND_SRE)


def test_an_agency_that_has_left_the_network_gets_no_further_copy_and_that_is_put_down(net: Rig) -> None:
    from dataclasses import replace

    net.known_to_immigration("P7")
    case_id = net.book(card("P7", sco=(ORI,)))
    node = net.nodes[STATE]
    stay = tuple(party for party in node.services.directory.parties if party.id != OTHER)
    services = replace(node.services, directory=replace(node.services.directory, parties=stay))
    net.nodes[STATE] = replace(node, services=services)
    net.post.connect(net.all)
    net.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    assert len(copies(net, case_id)) == 1
    assert [e["note"] for e in net.entries(STATE, "copy_not_sent")] == ["agency2 is no agency of this network any more"]
    assert net.received(AGENCY, case_id, Kind.SRE)
    correct(net, AGENCY, case_id, "corrected")
    dispatch.withdraw(net.nodes[AGENCY], case_id, by="OFFICER BOOKING", reason="the wrong person")
    net.run()
    assert net.case(STATE, case_id).state == CaseState.WITHDRAWN
    assert [m.kind for m in net.messages(STATE, case_id) if m.recipient == OTHER] == [Kind.COPY]
