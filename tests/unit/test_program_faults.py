"""A bug that one message meets stops neither its party nor the messages beside it. All people are invented."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from exchange_rig import Rig, card, fingers_of
from test_adapters_drop import leave
from test_adapters_drop import opened as drop_folder
from test_bootstrap_party import SetClock, eventually, folder, one_round, opened, working
from typer.testing import CliRunner

from tenprint import bootstrap
from tenprint.cli.app import app
from tenprint.core.errors import RecordError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch import handling, wakes
from tenprint.exchange.dispatch.faults import ProgramFault
from tenprint.exchange.dispatch.retry import MAX_ATTEMPTS
from tenprint.exchange.model.bodies import Acknowledgement
from tenprint.exchange.model.case import Timer
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.observing import Event, Happening
from tenprint.exchange.model.stored import Queue
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.ports import Node
from tenprint.web.operations_view import view_of

__all__ = ["folder"]
AGENCY, STATE, IMMIGRATION = Role.AGENCY, Role.STATE_BUREAU, Role.IMMIGRATION_REPOSITORY
SECRET = "SAMPLESON, A NAME THAT NOBODY MAY READ"


@dataclass
class Bug:
    """Meets what `meets` tells of, as a bug in a handler would; the rest goes where it went."""

    then: Callable[..., Any]
    meets: Callable[..., bool]
    raises: BaseException = field(default_factory=lambda: ZeroDivisionError(SECRET))

    def __call__(self, *given: Any) -> Any:
        if self.meets(*given):
            raise self.raises
        return self.then(*given)


def acknowledgement(state: Node, recipient: str, case_id: str) -> bytes:
    body = Acknowledgement("TCN-2010-0000000", 10, {}).to_bytes()
    envelope = Envelope(
        id=f"ack-{case_id}", kind=Kind.ACK, sender=state.party.id, recipient=recipient, case_id=case_id,
        sent_at=state.services.clock.now(), body=body,
    )  # fmt: skip
    return envelope.signed(state.services.signer.sign(envelope.signed_bytes())).to_bytes()


def acknowledged(rig: Rig, *people: str) -> list[str]:
    """Let bookings be made and their acknowledgements arrive; nothing was handled yet."""
    cases = []
    for number, person in enumerate(people):
        cases.append(dispatch.submit(rig.nodes[AGENCY], card(person, tcn=f"TCN-2010-000000{number}")).case_id)
        dispatch.accept(rig.nodes[AGENCY], acknowledgement(rig.nodes[STATE], str(AGENCY), cases[-1]))
    return cases


def containing(rig: Rig, role: Role) -> tuple[Node, list[Happening]]:
    """Return a party's node as a process of its own has it, and what its observer hears."""
    heard: list[Happening] = []
    return replace(rig.nodes[role], contains_faults=True, observe=heard.append), heard


def faults(heard: list[Happening]) -> list[Happening]:
    return [each for each in heard if each.event == Event.PROGRAM_FAULT]


def broken(monkeypatch: pytest.MonkeyPatch, role: Role, kind: Kind, case_id: str, **more: Any) -> None:
    handlers = handling.PARTIES[role].HANDLERS
    bug = Bug(handlers[kind], lambda work, prepared: work.message.case_id == case_id, **more)
    monkeypatch.setitem(handlers, kind, bug)


def until_given_up(rig: Rig, work: Callable[[], object]) -> None:
    for _ in range(MAX_ATTEMPTS):
        work()
        rig.clock.advance(timedelta(hours=1))


def test_a_bug_in_one_message_of_a_process_s_batch_puts_that_message_off_and_no_other(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = acknowledged(rig, "P1", "P2", "P3")
    node, heard = containing(rig, AGENCY)
    broken(monkeypatch, AGENCY, Kind.ACK, cases[1])
    assert dispatch.handle_due(node, 32) == 3
    states = [rig.case(AGENCY, case).state for case in cases]
    assert states == [CaseState.SEARCHING, CaseState.SUBMITTED, CaseState.SEARCHING]
    (fault,) = faults(heard)
    assert (fault.message, fault.case, fault.code) == (f"ack-{cases[1]}", cases[1], "PROGRAM_FAULT")
    assert fault.error == "ZeroDivisionError"
    assert fault.where[-1].startswith("test_program_faults:__call__:")
    assert SECRET not in str(heard)


def test_what_met_a_bug_is_tried_as_often_as_usual_then_given_up_shown_and_revived(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case_id,) = acknowledged(rig, "P1")
    node, _ = containing(rig, AGENCY)
    with monkeypatch.context() as patched:
        broken(patched, AGENCY, Kind.ACK, case_id)
        until_given_up(rig, lambda: dispatch.handle_due(node, 32))
    (letter,) = node.store.dead_letters()
    assert (letter.queue, letter.kind, letter.failure, letter.attempts) == ("inbox", "ACK", "PROGRAM_FAULT", 12)
    assert [row["note"] for row in rig.entries(AGENCY, "dead_letter")] == ["PROGRAM_FAULT"]
    view = view_of(node)
    assert (view.condition, view.letters[0].code) == ("stuck", "PROGRAM_FAULT")
    assert "fault" in view.letters[0].why and "update" in view.letters[0].advice
    assert dispatch.revive(node, [letter], person="OPERATOR OLE EXAMPLE") == 1
    assert dispatch.handle_due(node, 32) == 1
    assert node.store.dead_letters() == []
    assert rig.case(AGENCY, case_id).state == CaseState.SEARCHING


def test_a_booking_that_met_a_bug_until_it_was_given_up_is_answered_with_a_rejection(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = dispatch.submit(rig.nodes[AGENCY], card("P1")).case_id
    dispatch.relay_due(rig.nodes[AGENCY], 32)
    node, _ = containing(rig, STATE)
    broken(monkeypatch, STATE, Kind.CAR, case_id)
    until_given_up(rig, lambda: dispatch.handle_due(node, 32))
    assert [letter.failure for letter in node.store.dead_letters()] == ["PROGRAM_FAULT"]
    rig.run()
    assert [message.recipient for message in rig.messages(STATE, case_id, Kind.ERRT)] == [str(AGENCY)]
    assert rig.case(AGENCY, case_id).state == CaseState.REJECTED


def test_a_failure_handler_with_a_bug_leaves_a_dead_letter_that_says_so(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = dispatch.submit(rig.nodes[AGENCY], card("P1")).case_id
    dispatch.relay_due(rig.nodes[AGENCY], 32)
    node, heard = containing(rig, STATE)
    refused = RecordError("NO_USE", "cannot be used")
    broken(monkeypatch, STATE, Kind.CAR, case_id, raises=refused)
    monkeypatch.setitem(handling.PARTIES[STATE].FAILED, Kind.CAR, Bug(print, lambda *_: True))
    assert dispatch.handle_due(node, 32) == 1
    assert [letter.failure for letter in node.store.dead_letters()] == ["NO_USE"]
    assert [row["note"] for row in rig.entries(STATE, "failure_not_told")] == ["PROGRAM_FAULT"]
    assert [fault.error for fault in faults(heard)] == ["ZeroDivisionError"]


def test_a_message_that_cannot_be_read_for_a_bug_keeps_no_other_from_being_handled(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = acknowledged(rig, "P1", "P2")
    node, heard = containing(rig, AGENCY)
    poisonous = f"ack-{cases[0]}"
    load = type(node.store).load

    def buggy(store: object, keys: list[MessageKey], most: int) -> object:
        if poisonous in {key.id for key in keys}:
            raise RecursionError(SECRET)
        return load(store, keys, most)  # type: ignore[arg-type]

    monkeypatch.setattr(type(node.store), "load", buggy)
    assert dispatch.handle_due(node, 32) == 2
    assert [rig.case(AGENCY, case).state for case in cases] == [CaseState.SUBMITTED, CaseState.SEARCHING]
    assert [fault.message for fault in faults(heard)] == [poisonous]


def test_a_delivery_that_meets_a_bug_is_put_off_and_the_others_arrive(rig: Rig) -> None:
    cases = [dispatch.submit(rig.nodes[AGENCY], card(f"P{n}", tcn=f"TCN-2010-000000{n}")).case_id for n in (1, 2, 3)]
    node, heard = containing(rig, AGENCY)

    class BuggyPost:
        def deliver(self, wire: bytes, recipient: str) -> bytes:
            if Envelope.from_bytes(wire).case_id == cases[1]:
                raise KeyError(SECRET)
            return rig.post.deliver(wire, recipient)

    node = replace(node, post=BuggyPost())
    assert dispatch.relay_due(node, 32) == 3
    assert [row["case"] for row in rig.entries(AGENCY, "receipt")] == [cases[0], cases[2]]
    assert [(fault.case, fault.error) for fault in faults(heard)] == [("", "KeyError")]
    until_given_up(rig, lambda: dispatch.relay_due(node, 32))
    assert [(letter.queue, letter.failure) for letter in node.store.dead_letters()] == [("outbox", "PROGRAM_FAULT")]
    assert [row["note"] for row in rig.entries(AGENCY, "undeliverable")] == ["PROGRAM_FAULT"]


def test_an_enrolment_that_meets_a_bug_is_put_off_and_the_others_are_enrolled(rig: Rig) -> None:
    node, heard = containing(rig, IMMIGRATION)
    with node.store.transaction() as tx:
        for person in ("P8", "P9"):
            tx.put_enrolment(f"FIN-{person}", fingers_of(person), rig.clock.now())
    enroll = node.services.matcher.enroll
    node.services.matcher.enroll = Bug(enroll, lambda subject, templates: subject == "FIN-P8")  # type: ignore
    assert dispatch.enrol_due(node) == 2
    assert "FIN-P9" in rig.matcher(IMMIGRATION).gallery
    assert [fault.code for fault in faults(heard)] == ["PROGRAM_FAULT"]
    assert "FIN-P8" not in str(heard)  # the number of a person's record
    until_given_up(rig, lambda: dispatch.enrol_due(node))
    assert [(each.queue, each.failure) for each in node.store.dead_letters()] == [("enrolments", "PROGRAM_FAULT")]


def test_a_timer_that_meets_a_bug_stays_due_and_the_others_and_all_messages_go_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case_id,) = acknowledged(rig, "P1")
    node, heard = containing(rig, AGENCY)
    with node.store.transaction() as tx:
        for name in ("bad", "good"):
            tx.set_timer(Timer(f"wake-{name}", case_id, f"purpose_{name}", rig.clock.now()))
    with monkeypatch.context() as patched:
        patched.setattr(wakes, "_body_of", Bug(wakes._body_of, lambda timer: timer.id == "wake-bad"))
        with pytest.raises(ProgramFault):
            dispatch.run_round(node)
    assert [fault.kind for fault in faults(heard)] == ["purpose_bad"]
    assert [each.kind for each in heard if each.event == Event.TIMER_FIRED] == ["purpose_good"]
    assert rig.case(AGENCY, case_id).state == CaseState.SEARCHING
    assert node.store.health(rig.clock.now() + timedelta(seconds=1)).timers.overdue == 1
    dispatch.run_round(node)
    assert [each.kind for each in heard if each.event == Event.TIMER_FIRED] == ["purpose_good", "purpose_bad"]


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), SystemExit(), MemoryError()], ids=repr)
def test_what_is_no_rows_fault_propagates_from_a_process_too(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, ending: BaseException
) -> None:
    (case_id,) = acknowledged(rig, "P1")
    node, heard = containing(rig, AGENCY)
    broken(monkeypatch, AGENCY, Kind.ACK, case_id, raises=ending)
    with pytest.raises(type(ending)):
        dispatch.run_round(node)
    assert faults(heard) == []
    with node.store.transaction() as tx:
        assert tx.failures_of(Queue.INBOX, node.store.due_inbox(rig.clock.now(), 1)[0]) == 0


@pytest.mark.slow
def test_a_file_in_a_drop_folder_that_meets_a_bug_keeps_no_other_file_waiting_and_is_tried_again(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.nodes[AGENCY], heard = containing(rig, AGENCY)
    (tmp_path / "drop").mkdir()
    bad, good = card("P1"), card("P2", tcn="TCN-2010-0000002")
    leave(tmp_path / "drop", "a.eft", bad)
    leave(tmp_path / "drop", "b.eft", good)
    drop = drop_folder(rig, tmp_path / "drop")
    turns = iter([False])
    monkeypatch.setattr("tenprint.adapters.drop.FAULT_SECONDS", 0)
    with monkeypatch.context() as patched:
        patched.setattr(dispatch, "submit", Bug(dispatch.submit, lambda node, data: data == bad))
        drop.work(lambda: next(turns, True))
    assert [path.name for path in sorted((tmp_path / "drop" / "taken").glob("*.eft"))] == ["b.eft"]
    assert [fault.error for fault in faults(heard)] == ["ZeroDivisionError"]
    with closing(drop_folder(rig, tmp_path / "drop")) as drop:
        drop.poll()
    assert (tmp_path / "drop" / "taken" / "a.eft").exists()


def codes_of(data: Path) -> set[str]:
    """Return why something waits at the agency, as `tenprint network status` tells it beside the process."""
    said = CliRunner().invoke(app, ["network", "status", "--json", "--data", str(data)])
    assert said.exit_code in (0, 1), said.output  # 1: the other parties do not run
    (health,) = [each["health"] for each in json.loads(said.output) if each["party"] == "agency-1"]
    return {retry["code"] for retry in health["retries"]}


def states_of(node: Node, cases: list[str]) -> list[CaseState]:
    with node.store.transaction() as tx:
        return [case.state for case_id in cases if (case := tx.case(case_id))]


@pytest.mark.slow
def test_a_party_s_process_survives_a_poisonous_message_and_goes_on_with_the_next(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, clock = tmp_path / "party.log", SetClock(datetime.now(UTC))
    watch = bootstrap.Watch()
    with bootstrap.logging_to(log, "info"), opened(folder, "state-1") as state:
        with opened(folder, "agency-1", clock=clock, observe=watch) as party:
            watch.begin([party.node])
            cases = [dispatch.submit(party.node, content).case_id for content in (b"no card at all", b"nor this")]
            broken(monkeypatch, AGENCY, Kind.ACK, cases[0])
            for case_id in cases:
                dispatch.accept(party.node, acknowledgement(state.node, "agency-1", case_id))
            with working(party):
                eventually(lambda: states_of(party.node, cases) == [CaseState.SUBMITTED, CaseState.SEARCHING])
                eventually(lambda: codes_of(folder) >= {"PROGRAM_FAULT"})
        with opened(folder, "agency-1", clock=clock, observe=watch) as party:  # a start meets it again, and survives
            for _ in range(MAX_ATTEMPTS):
                clock.at += timedelta(hours=1)
                one_round(party)
            assert ("inbox", "PROGRAM_FAULT") in [
                (each.queue, each.failure) for each in party.node.store.dead_letters()
            ]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    told = [line for line in lines if line["event"] == "program_fault"]
    assert len(told) == MAX_ATTEMPTS
    assert told[0]["message"] == f"ack-{cases[0]}" and told[0]["level"] == "error"
    assert all(row.count(":") == 2 for row in told[0]["where"])
    assert "SAMPLESON" not in log.read_text()
    assert b'tenprint_events_total{event="program_fault",kind="ACK",party="agency-1"} 12.0' in watch.metrics()
