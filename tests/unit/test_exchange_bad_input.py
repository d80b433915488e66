"""Bad input has one outcome, with a code: seen where docs/guide/bad-input.md says, and by nobody else.

Everywhere the question is asked of all parties: whose ledger, messages, tasks and dead letters changed, and whose not.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from exchange_rig import BOOKING, START, Rig, card, fingers_of, run_through_retries
from post_rig import Door, doors

from tenprint import records
from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.directory import ALWAYS, UNDERWAY, Party, Term
from tenprint.exchange.model.envelope import EBTS_CONTENT, Envelope
from tenprint.exchange.model.health import Condition, Health
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.tasks import waits
from tenprint.ledger.checkpoint import Checkpoint, ledger_origin, sign_checkpoint, verify_checkpoint
from tenprint.ledger.keys import generate_key
from tenprint.ledger.tree import EMPTY_ROOT

pytestmark = pytest.mark.slow
AGENCY, STATE, FBI, IDENT = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY
LESC, ERO = Role.SUPPORT_CENTER, Role.FIELD_OFFICE
DAY = timedelta(days=1)
NEW_KEY = generate_key(SeededRandomSource("the agency's next key"))
OTHER_KEY = generate_key(SeededRandomSource("nobody's key"))


def known(rig: Rig, role: Role) -> tuple[int, int, int, int]:
    """Return how much a party knows: ledger entries, messages, questions to people, dead letters."""
    store = rig.nodes[role].store
    with store.reading() as reader:
        messages = sum(len(reader.messages(case_id)) for case_id in cases_of(rig, role))
        return reader.ledger_size(), messages, len(reader.tasks()), len(store.dead_letters())


def cases_of(rig: Rig, role: Role) -> list[str]:
    return [*dict.fromkeys(str(row["case"]) for row in rig.entries(role) if "case" in row)]


def all_known(rig: Rig) -> dict[Role, tuple[int, int, int, int]]:
    return {role: known(rig, role) for role in rig.nodes}


def who_learned(rig: Rig, before: dict[Role, tuple[int, int, int, int]]) -> set[Role]:
    """Return at whom anything changed since."""
    return {role for role in rig.nodes if known(rig, role) != before[role]}


def with_agency(rig: Rig, *, signer: object = None, **changes: object) -> None:
    """Let the network's directory say something else of the agency, and the agency sign with another key."""
    agency = replace(rig.nodes[AGENCY].party, **changes)
    for role, node in list(rig.nodes.items()):
        parties = tuple(agency if party.id == agency.id else party for party in node.services.directory.parties)
        services = replace(node.services, directory=replace(node.services.directory, parties=parties))
        if role == AGENCY:
            services = replace(services, party=agency, signer=signer or services.signer)
        rig.nodes[role] = replace(node, services=services)
    rig.post.connect(rig.all)


def over_the_door(rig: Rig, door: Door) -> None:
    """Let the agency post over its neighbour's socket instead of in the same process."""
    rig.nodes[AGENCY] = replace(rig.nodes[AGENCY], post=door.post())


def refused_at_the_door(rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> tuple[str, dict[str, object]]:
    """Book over a socket what the state's door refuses; return the code on the agency's ledger, and the door's log."""
    before = all_known(rig)
    with doors(rig, tmp_path) as door, caplog.at_level(logging.WARNING, "tenprint.post"):
        over_the_door(rig, door)
        rig.book(card("P1"))
    assert who_learned(rig, before) == {AGENCY}
    health = health_of(rig, AGENCY)
    assert (health.condition, health.dead) == (Condition.STUCK, 1)
    assert health_of(rig, STATE).condition == Condition.OK
    (given_up,) = rig.entries(AGENCY, "undeliverable")
    assert "SAMPLESON" not in caplog.text
    (line,) = [record for record in caplog.records if record.name == "tenprint.post"]
    return str(given_up["note"]), json.loads(line.getMessage())


def health_of(rig: Rig, role: Role) -> Health:
    return rig.nodes[role].store.health(rig.clock.now())


# --- keys ---
def test_what_a_wrong_key_signed_is_a_dead_letter_at_its_sender_and_nothing_to_anybody_else(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig.keys[AGENCY] = OTHER_KEY
    with_agency(rig, signer=OTHER_KEY)
    code, line = refused_at_the_door(rig, tmp_path, caplog)
    assert (code, line["code"], line["sender"]) == ("SIGNATURE_INVALID", "SIGNATURE_INVALID", "")


@pytest.mark.parametrize(
    ("term", "code"), [(Term(ends=START), "KEY_EXPIRED"), (Term(begins=START + DAY), "KEY_NOT_YET_VALID")]
)
def test_what_a_key_signed_out_of_its_time_is_a_dead_letter_at_its_sender_and_nothing_to_anybody_else(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture, term: Term, code: str
) -> None:
    with_agency(rig, key_term=term)
    assert refused_at_the_door(rig, tmp_path, caplog)[0] == code


def test_a_message_of_a_key_that_has_ended_is_refused_without_a_door_too(rig: Rig) -> None:
    with_agency(rig, key_term=Term(ends=START))
    before = all_known(rig)
    rig.book(card("P1"))
    assert who_learned(rig, before) == {AGENCY}
    assert [row["note"] for row in rig.entries(AGENCY, "undeliverable")] == ["KEY_EXPIRED"]


def test_a_message_dated_back_into_an_ended_keys_time_is_taken_in_for_a_week_only(rig: Rig) -> None:
    with_agency(rig, key_term=Term(ends=START + DAY))
    for message_id, waited, is_taken in (("car-1", UNDERWAY, True), ("car-2", UNDERWAY + 2 * DAY, False)):
        early = Envelope(message_id, Kind.CAR, "agency", "state_bureau", "case-early", START, card("P1"), EBTS_CONTENT)
        early = early.signed(rig.keys[AGENCY].sign(early.signed_bytes()))
        rig.clock.jump_to(START + waited)
        before = all_known(rig)
        if is_taken:
            assert dispatch.accept(rig.nodes[STATE], early.to_bytes())
        else:
            with pytest.raises(SenderError, match="KEY_EXPIRED"):
                dispatch.accept(rig.nodes[STATE], early.to_bytes())
        assert who_learned(rig, before) == ({STATE} if is_taken else set())


def test_a_party_goes_on_under_a_new_key_and_what_the_old_one_signed_still_verifies(rig: Rig, tmp_path: Path) -> None:
    old = rig.keys[AGENCY]
    first = dispatch.submit(rig.nodes[AGENCY], card("P1")).case_id  # signed with the old key, not yet sent
    note = sign_checkpoint(Checkpoint(ledger_origin("agency"), 0, EMPTY_ROOT, START), old)
    rig.clock.advance(timedelta(hours=1))
    changed = rig.clock.now()
    ended = ((old.public.raw, Term(ends=changed)),)
    rig.keys[AGENCY] = NEW_KEY
    with_agency(rig, signer=NEW_KEY, public_key=NEW_KEY.public.raw, key_term=Term(changed), earlier_keys=ended)
    with doors(rig, tmp_path) as door:
        over_the_door(rig, door)
        second = rig.book(card("P2", tcn="TCN-2010-0000002"))
    assert {rig.case(STATE, first).state, rig.case(STATE, second).state} == {CaseState.NO_MATCH}
    agency = rig.nodes[STATE].services.directory.party("agency")
    assert verify_checkpoint(note, agency.verifier, ledger_origin("agency")).size == 0
    for envelope in (*rig.messages(STATE, first, Kind.CAR), *rig.messages(STATE, second, Kind.CAR)):
        signer = rig.nodes[STATE].services.directory.party(envelope.sender).verifier
        assert signer.verify(envelope.signed_bytes(), envelope.signature)


def test_a_receipt_of_a_key_that_has_ended_is_no_receipt(rig: Rig) -> None:
    case_id = dispatch.submit(rig.nodes[AGENCY], card("P1")).case_id
    state = replace(rig.nodes[STATE].party, key_term=Term(ends=START))
    services = rig.nodes[AGENCY].services
    parties = tuple(state if party.id == state.id else party for party in services.directory.parties)
    rig.nodes[AGENCY] = replace(
        rig.nodes[AGENCY], services=replace(services, directory=replace(services.directory, parties=parties))
    )
    run_through_retries(rig)
    assert [row["note"] for row in rig.entries(AGENCY, "undeliverable")] == ["KEY_EXPIRED"]
    assert rig.entries(AGENCY, "receipt") == []
    assert rig.case(STATE, case_id) is not None  # the message itself was good


def test_a_party_says_whose_signature_it_is_and_when_its_key_held() -> None:
    old, term = OTHER_KEY, Term(START, START + DAY)
    party = Party(
        "a", AGENCY, "", NEW_KEY.public.raw, key_term=Term(START + DAY), earlier_keys=((old.public.raw, term),)
    )
    assert party.ensure_signed(b"x", old.sign(b"x"), START) == term
    assert party.ensure_signed(b"x", NEW_KEY.sign(b"x"), START + DAY).ends is None
    for key, at, code in (
        (old, START + DAY, "KEY_EXPIRED"),
        (NEW_KEY, START, "KEY_NOT_YET_VALID"),
        (generate_key(SeededRandomSource("x")), START, "SIGNATURE_INVALID"),
    ):
        with pytest.raises(SenderError, match=code):
            party.ensure_signed(b"x", key.sign(b"x"), at)
    assert ALWAYS.ensure_holds(START) is None
    with pytest.raises(SenderError, match="UNKNOWN_SENDER"):
        replace(party, public_key=b"short").ensure_signed(b"x", old.sign(b"x"), START)


# --- envelopes ---
def test_a_replayed_envelope_changes_nothing_at_anybody_and_an_altered_one_neither(rig: Rig) -> None:
    rig.until_status("citizen", ground="")
    before = all_known(rig)
    for recipient, wire in list(rig.post.wires):
        node = rig.nodes[Role(recipient)]
        assert dispatch.accept(node, wire)
        head, _, body = wire.partition(b"\n")
        for altered in (
            head.replace(b'"tcn":"', b'"tcn":"X', 1),
            head.replace(b'"case_id":"case-', b'"case_id":"kase-'),
        ):
            with pytest.raises(SenderError, match="SIGNATURE_INVALID"):
                dispatch.accept(node, altered + b"\n" + body)
    run_through_retries(rig)
    assert who_learned(rig, before) == set()


# --- answers ---
def test_a_party_that_never_answers_is_a_breach_of_its_asker_alone(rig: Rig) -> None:
    rig.post.deliver = away(rig, "immigration_repository")  # type: ignore[method-assign]
    case_id = rig.book(card("P1"))
    rig.wait(DAY)
    assert rig.case(IDENT, case_id) is None
    assert {role for role in rig.nodes if rig.entries(role, "overdue")} >= {FBI}
    assert waits.breaches(rig.nodes[FBI]) >= 1
    assert {role: waits.breaches(rig.nodes[role]) for role in (IDENT, LESC, ERO)} == {IDENT: 0, LESC: 0, ERO: 0}
    told = rig.case(AGENCY, case_id).known["repositories"]["immigration"]
    assert told in {RepositoryState.PENDING, RepositoryState.ERROR}


def away(rig: Rig, party: str) -> Callable[[bytes, str], bytes]:
    deliver = rig.post.deliver

    def refuse(wire: bytes, recipient: str) -> bytes:
        if recipient == party:
            raise StorageError("PARTY_UNREACHABLE", "nobody is there")
        return deliver(wire, recipient)

    return refuse


TO_NOTHING = [(FBI, STATE, Kind.SRE, "UNKNOWN_CASE"), (IDENT, FBI, Kind.IDR, "UNKNOWN_CASE"),
              (LESC, FBI, Kind.IAR, "UNKNOWN_CASE"), (STATE, AGENCY, Kind.SRE, "UNKNOWN_CASE")]  # fmt: skip


@pytest.mark.parametrize(("sender", "recipient", "kind", "code"), TO_NOTHING)
def test_a_reply_to_nothing_is_a_dead_letter_at_who_got_it_and_nothing_to_anybody_else(
    rig: Rig, sender: Role, recipient: Role, kind: Kind, code: str
) -> None:
    body = answer_of(rig, recipient, kind)
    before = all_known(rig)
    rig.say(sender, recipient, kind, body, "case-nobody-knows")
    run_through_retries(rig)
    assert rig.failures(recipient) == [code]
    assert who_learned(rig, before) == {recipient}
    assert rig.case(recipient, "case-nobody-knows") is None
    health = health_of(rig, recipient)
    assert (health.condition, health.dead) == (Condition.STUCK, 1)


def answer_of(rig: Rig, recipient: Role, kind: Kind) -> bytes:
    """Return what a real answer of that kind said in another case."""
    return rig.received(recipient, rig.until_status("citizen", ground=""), kind).body


@pytest.mark.parametrize(("sender", "recipient", "kind"), [(IDENT, FBI, Kind.IDR), (LESC, FBI, Kind.IAR)])
def test_an_answer_for_another_partys_case_is_a_dead_letter_at_who_got_it_and_nothing_to_anybody_else(
    make: Callable[..., Rig], sender: Role, recipient: Role, kind: Kind
) -> None:
    rig = make()
    body = answer_of(rig, recipient, kind)
    switched_off = make(activated=())  # whose booking was never sent to the immigration repository
    case_id = switched_off.book(card("P1"))
    before, state = all_known(switched_off), switched_off.case(FBI, case_id)
    switched_off.say(sender, recipient, kind, body, case_id)
    run_through_retries(switched_off)
    assert switched_off.failures(recipient) == ["NOT_ASKED"]
    assert who_learned(switched_off, before) == {recipient}
    assert switched_off.case(FBI, case_id) == state


# --- bookings ---
@pytest.mark.parametrize("booking", [{"ori": "XX9990000"}, {"doa": "20101106"}, {"dob": "20201231", "doa": "20210101"}])
def test_an_unknown_ori_or_an_impossible_date_is_told_to_the_agency_and_goes_no_further(
    rig: Rig, booking: dict[str, str]
) -> None:
    before = all_known(rig)
    data = records.build_car(replace(BOOKING, **booking), list(records.read(card("P1")).images()), checked=False)
    case_id = rig.book(data)
    assert who_learned(rig, before) == {AGENCY, STATE}
    assert rig.case(AGENCY, case_id).state == CaseState.REJECTED
    assert len(rig.messages(AGENCY, case_id, Kind.ERRT)) == 1


def test_a_booking_withdrawn_while_its_search_runs_tells_nobody_what_the_search_found(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    matcher, search = rig.matcher(IDENT), rig.matcher(IDENT).search
    withdrawn: list[str] = []

    def withdrawing(probe: object, limit: int) -> object:
        if not withdrawn:
            (case_id,) = cases_of(rig, AGENCY)
            dispatch.withdraw(rig.nodes[AGENCY], case_id, by="OFFICER BOOKING", reason="the wrong person")
            withdrawn.append(case_id)
        return search(probe, limit)  # type: ignore[arg-type]

    matcher.search = withdrawing  # type: ignore[method-assign]
    case_id = rig.book(card("P7"))
    assert withdrawn == [case_id]
    assert {rig.case(role, case_id).state for role in (AGENCY, STATE, FBI, IDENT)} == {CaseState.WITHDRAWN}
    assert rig.tasks(IDENT, open_only=True) == []
    assert rig.messages(AGENCY, case_id, Kind.SRE) == rig.messages(AGENCY, case_id, Kind.SECOND_SRE) == []
    assert (rig.case(LESC, case_id), rig.case(ERO, case_id)) == (None, None)
    assert all(rig.failures(role) == [] for role in rig.nodes)


def test_an_expunged_record_that_matches_is_seen_by_its_own_repository_alone(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    subject = rig.case(FBI, case_id).known["subject"]
    dispatch.correct(
        rig.nodes[STATE],
        case_id,
        kind="expunged",
        what="order CR-2010-17 (fictitious)",
        reason="by mistake",
        by="CLERK",
    )
    rig.run()
    rig.matcher(FBI).enroll(subject, fingers_of("P1"))  # as a gallery restored from an old copy has it
    again, stranger = (rig.book(card(person, tcn=f"TCN-2010-000000{n}")) for n, person in ((2, "P1"), (3, "P2")))
    assert {role for role in rig.nodes if rig.entries(role, "candidate_dropped")} == {FBI}
    assert len(rig.entries(FBI, "candidate_dropped")) == 1
    for role in (AGENCY, STATE):
        assert rig.case(role, again).known["repositories"] == rig.case(role, stranger).known["repositories"]
        assert all(subject.encode() not in m.body for m in rig.messages(role, again))
    assert rig.tasks(FBI) == rig.tasks(IDENT) == []
