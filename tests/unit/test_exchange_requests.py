"""A city asks what was shared; a named person answers from the ledger, or refuses. What has not come is no no."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from exchange_rig import Rig, card, rigs

from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch.reviews import work_of
from tenprint.exchange.model.aftermath import OutcomeReport
from tenprint.exchange.model.bodies import MAX_BODY_BYTES
from tenprint.exchange.model.requests import MAX_LINES, MAX_QUESTION, Request, RequestAnswer
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.exchange.tasks.own_records import BROKEN, NOT_COVERED, PROVED, UNPROVED, Proof, check
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.trail import CaseTrail

pytestmark = pytest.mark.slow
CITY, STATE, FEDERAL, ERO = Role.JURISDICTION, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.FIELD_OFFICE
COUNTS = {
    "topic": "disclosed",
    "about": "agency",
    "question": "what was disclosed of our bookings",
    "by": "MAYOR FIXTURE",
}
RECORD = COUNTS | {"topic": "own_record", "tcn": "TCN-2010-0000001", "permission": "letter 17 (fictitious)"}
ENDED = {"happened_on": "2010-10-04", "legal_ground": "8 USC 1229a (fictitious)"}


@pytest.fixture
def city() -> Iterator[Rig]:
    with rigs() as make:
        yield make(court=True, jurisdiction=True)


def ask(rig: Rig, addressee: Role = STATE, **words: str) -> str:
    request_id = dispatch.ask(rig.nodes[CITY], str(addressee), **(COUNTS | words))
    rig.run()
    return request_id


def the(rig: Rig) -> dispatch.Asked:
    (one,) = dispatch.requests(rig.nodes[CITY])
    return one


def test_counts_of_what_was_disclosed_come_from_the_ledger_through_a_named_person(city: Rig) -> None:
    city.book(card("P1"))
    city.book(card("P2", tcn="TCN-2010-0000002"))
    request_id = ask(city)
    assert (the(city).answer, the(city).verdict) == (None, "waiting")
    city.decide(STATE, TaskKind.ANSWER_REQUEST, request_id, "answer", by="CHIEF CLERK")
    answer = the(city).answer
    assert answer is not None
    assert (answer.outcome, answer.by, the(city).verdict) == ("answer", "CHIEF CLERK", "in time")
    assert list(answer.found.values()) == [
        "bookings of agency known here: 2",
        "CAR sent to criminal_repository: 2",
        "SRE sent to agency: 2",
        "STATE_SRE sent to agency: 2",
    ]
    for role in (CITY, STATE):  # each side has both on its ledger
        told = {(row["kind"], row["message_kind"]) for row in city.entries(role) if row.get("case") == request_id}
        ways = ("sent", "received") if role == CITY else ("received", "sent")
        assert {(ways[0], "REQUEST"), (ways[1], "REQUEST_ANSWER")} <= told


def test_days_leave_out_what_lies_outside_them(city: Rig) -> None:
    city.book(card("P1"))
    city.wait(timedelta(days=3))
    request_id = ask(city, since="2010-10-05", until="2010-10-07")
    assert city.task(STATE, TaskKind.ANSWER_REQUEST, request_id).shown["found"] == ["bookings of agency known here: 0"]


def test_an_activation_is_answered_with_its_day_the_rule_and_the_notice(city: Rig) -> None:
    dispatch.notify(
        city.nodes[FEDERAL], what="XX0010000 is on the list", by="DIRECTOR FIXTURE", effective_from="2010-09-01",
        binds=["agency"],
    )  # fmt: skip
    city.run()
    request_id = ask(city, FEDERAL, topic="activation", question="may we decline, and since when do we take part")
    city.decide(FEDERAL, TaskKind.ANSWER_REQUEST, request_id, "answer")
    answer = the(city).answer
    assert answer is not None
    found = "\n".join(answer.found.values())
    assert "ORI XX0010000 is activated since a day that is not on record" in found
    assert "rule cascade-" in found
    assert "notice, from 2010-09-01: XX0010000 is on the list (decided by DIRECTOR FIXTURE)" in found


def test_a_refusal_is_an_answer_with_its_reason_and_nothing_else(city: Rig) -> None:
    city.book(card("P1"))
    request_id = ask(city, FEDERAL, topic="limit", question="stop the searches of our bookings")
    city.decide(FEDERAL, TaskKind.ANSWER_REQUEST, request_id, "refuse")
    answer = the(city).answer
    assert answer is not None
    assert (answer.outcome, answer.text, answer.found) == ("refuse", "as seen", {})
    assert city.nodes[FEDERAL].services.directory.activated_oris == {"XX0010000"}  # nothing changed by asking


def test_a_persons_own_record_is_told_by_its_number_without_a_name(city: Rig) -> None:
    city.book(card("P1"))
    request_id = ask(city, STATE, **RECORD)
    city.decide(STATE, TaskKind.ANSWER_REQUEST, request_id, "answer")
    answer = the(city).answer
    assert answer is not None
    lines = list(answer.found.values())
    assert lines[0].startswith("the booking is known here since 2010-10-04")
    assert any("CAR sent to criminal_repository (entry " in line for line in lines)
    assert "SAMPLESON" not in "".join(lines)


def signed(rig: Rig, *roles: Role) -> None:
    for role in roles:
        rig.nodes[role].store.sign_checkpoint(ledger_origin(str(role)), rig.keys[role], rig.clock.now())


def own_record(rig: Rig, addressee: Role = STATE) -> tuple[RequestAnswer, Proof]:
    """Ask for a person's own record, let it be answered, and return the answer with what it proves."""
    request_id = ask(rig, addressee, **RECORD)
    rig.decide(addressee, TaskKind.ANSWER_REQUEST, request_id, "answer")
    answer, proof = the(rig).answer, the(rig).proof
    assert answer is not None
    assert proof is not None
    return answer, proof


def test_each_disclosure_of_an_own_record_is_proved_against_the_checkpoint_that_its_party_signed(city: Rig) -> None:
    case_id = city.book(card("P1"))
    signed(city, STATE)
    answer, proof = own_record(city)
    sent = [line for line in answer.found.values() if " sent to " in line]
    assert proof.states == dict.fromkeys(sent, PROVED)
    assert (len(sent), proof.is_good, proof.problem) == (3, True, "")
    trail = CaseTrail.from_bytes(answer.trail.encode())
    assert {field.value for one in trail.disclosures for field in one.opened if field.name == "case"} == {case_id}
    assert "SAMPLESON" not in answer.trail
    assert [row["note"] for row in city.entries(CITY, "request_answered")] == ["3 of 3 disclosures proved"]


def test_an_own_record_that_was_erased_is_still_proved(city: Rig) -> None:
    case_id = city.book(card("P1"))
    dispatch.correct(
        city.nodes[STATE], case_id, kind="expunged", what="an order (fictitious)", reason="so", by="CLERK GAVEL"
    )
    city.run()
    city.wait(timedelta(days=1))
    assert city.entries(STATE, "erased")
    signed(city, STATE)
    answer, proof = own_record(city)
    assert any("were erased" in line for line in answer.found.values())
    assert (proof.is_good, proof.proved) == (True, len(proof.states))
    assert proof.proved > 3


def test_what_no_checkpoint_covers_yet_is_said_to_be_so_and_is_no_lie(city: Rig) -> None:
    signed(city, STATE)
    city.book(card("P1"))
    answer, proof = own_record(city)
    assert set(proof.states.values()) == {NOT_COVERED}
    assert (proof.is_good, proof.proved, CaseTrail.from_bytes(answer.trail.encode()).beyond) == (True, 0, 3)


def test_an_answer_without_any_checkpoint_says_that_it_proves_nothing(city: Rig) -> None:
    city.book(card("P1"))
    answer, proof = own_record(city)
    assert (answer.trail, set(proof.states.values()), proof.is_good) == ("", {UNPROVED}, False)
    assert [row["note"] for row in city.entries(CITY, "request_answered")] == ["0 of 3 disclosures proved"]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda said: replace(said, trail=said.trail.replace("criminal_repository", "agency_of_nobody")), UNPROVED),
        (lambda said: replace(said, trail=re.sub('"salt":"....', '"salt":"abcd', said.trail)), BROKEN),
        (lambda said: replace(said, trail=re.sub('"path":."....', '"path":["abcd', said.trail)), BROKEN),
        (lambda said: replace(said, found=said.found | {"3": said.found["3"].replace("CAR", "NOTICE")}), UNPROVED),
        (lambda said: replace(said, trail=said.trail.replace('"v":1}', '"v":2}')), BROKEN),
        (lambda said: replace(said, trail="no trail"), BROKEN),
        (lambda said: replace(said, trail=""), UNPROVED),
    ],
)
def test_an_answer_that_was_changed_does_not_verify(city: Rig, change: Callable, state: str) -> None:
    city.book(card("P1"))
    signed(city, STATE)
    answer, _ = own_record(city)
    proof = check(change(answer), city.nodes[STATE].party)
    assert proof is not None
    assert state in proof.states.values()
    assert not proof.is_good


def test_proofs_by_another_party_than_answered_prove_nothing(city: Rig) -> None:
    city.book(card("P1"))
    signed(city, STATE)
    answer, _ = own_record(city)
    proof = check(answer, city.nodes[FEDERAL].party)
    assert proof is not None
    assert set(proof.states.values()) == {BROKEN}
    assert proof.problem.startswith("CHECKPOINT_")


def test_counts_and_refusals_name_no_disclosure_and_carry_no_proof(city: Rig) -> None:
    city.book(card("P1"))
    signed(city, STATE)
    city.decide(STATE, TaskKind.ANSWER_REQUEST, ask(city), "answer")
    city.decide(STATE, TaskKind.ANSWER_REQUEST, ask(city, **RECORD), "refuse")
    for one in dispatch.requests(city.nodes[CITY]):
        assert one.answer is not None
        assert (one.proof, one.answer.trail) == (None, "")


def test_a_field_office_tells_what_it_asked_of_the_citys_jail_and_what_became_of_people(city: Rig) -> None:
    case_id = city.until_held()
    city.decide(Role.JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    city.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", **ENDED)
    case = city.case(CITY, case_id)
    assert case is not None
    assert [one["outcome"] for one in case.known["outcomes"]] == ["removed"]  # the outcome reached the city
    request_id = ask(city, ERO, about="jail")
    found = city.task(ERO, TaskKind.ANSWER_REQUEST, request_id).shown["found"]
    assert found == [
        "bookings of jail known here: 1", "DETAINER sent to jail: 1", "OUTCOME sent to jail: 1",
        "OUTCOME sent to jurisdiction: 1",
    ]  # fmt: skip
    assert city.failures(CITY) == []


@pytest.mark.parametrize(("jails", "is_told"), [(("jail",), True), (("jail9", "jail"), True), (("jail9",), False)])
def test_a_city_is_told_of_outcomes_after_its_own_jails_only(
    make: Callable[..., Rig], jails: tuple[str, ...], is_told: bool
) -> None:
    rig = make(jurisdiction=True, own_jails=jails)
    case_id = rig.until_held()
    rig.decide(Role.JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", **ENDED)
    assert rig.received(Role.JAIL, case_id, Kind.OUTCOME)
    assert (rig.case(CITY, case_id) is not None) == is_told


def test_an_answer_that_does_not_come_is_a_breach_and_never_a_no(city: Rig) -> None:
    request_id = ask(city)
    city.wait(timedelta(days=29))
    assert (the(city).answer, the(city).verdict) == (None, "overdue")
    assert [row["case"] for row in city.entries(CITY, "overdue")] == [request_id]
    city.decide(STATE, TaskKind.ANSWER_REQUEST, request_id, "answer")
    assert the(city).verdict == "late"


def test_the_same_request_of_one_day_is_asked_once(city: Rig) -> None:
    assert ask(city) == ask(city)
    assert len(city.messages(STATE, the(city).request_id, Kind.REQUEST)) == 1
    city.wait(timedelta(days=1))
    ask(city)
    assert len(dispatch.requests(city.nodes[CITY])) == 2


@pytest.mark.parametrize(
    ("role", "addressee", "words", "code"),
    [
        (Role.AGENCY, STATE, {}, "NOT_A_JURISDICTION"),
        (CITY, Role.SUPPORT_CENTER, {}, "NOT_ASKABLE"),
        (CITY, STATE, {"topic": "stop"}, "TOPIC_UNKNOWN"),
        (CITY, STATE, {"about": "nobody"}, "NOT_ENTITLED"),
        (CITY, STATE, {"about": "court"}, "NOT_ENTITLED"),
        (CITY, STATE, {"since": "2010-02-30"}, "DAY_IMPOSSIBLE"),
        (CITY, STATE, {"until": "2010-12-01"}, "DAY_IN_FUTURE"),
        (CITY, STATE, {"since": "2010-10-02", "until": "2010-10-01"}, "DAY_TOO_EARLY"),
        (CITY, STATE, {"by": "me"}, "PERSON_MISSING"),
        (CITY, STATE, {"question": ""}, "REASON_MISSING"),
        (CITY, STATE, {"question": "x" * (MAX_QUESTION + 1)}, "TEXT_INVALID"),
        (CITY, STATE, {"tcn": "TCN-1"}, "TEXT_INVALID"),
        (CITY, STATE, RECORD | {"tcn": ""}, "BOOKING_MISSING"),
        (CITY, STATE, RECORD | {"permission": " "}, "PERMISSION_MISSING"),
        (CITY, STATE, RECORD | {"permission": "x" * 200}, "TEXT_INVALID"),
    ],
)
def test_a_request_that_cannot_be_is_refused_and_changes_nothing(
    city: Rig, role: Role, addressee: Role, words: dict[str, str], code: str
) -> None:
    before = len(city.entries(role))
    with pytest.raises(SenderError) as caught:
        dispatch.ask(city.nodes[role], str(addressee), **(COUNTS | words))
    assert (caught.value.code, len(city.entries(role))) == (code, before)


def request_of(rig: Rig, **changes: object) -> Request:
    asked = Request("disclosed", "agency", "what was disclosed", "", "", "", "", "MAYOR FIXTURE", rig.clock.now())
    return replace(asked, **changes)


def test_a_request_about_another_citys_agency_or_under_a_booking_is_refused_by_who_is_asked(city: Rig) -> None:
    case_id = city.book(card("P1"))
    city.say(CITY, STATE, Kind.REQUEST, request_of(city, about="court").to_bytes(), "request-1")
    city.say(CITY, STATE, Kind.REQUEST, request_of(city).to_bytes(), case_id)
    assert city.failures(STATE) == ["NOT_ENTITLED", "CASE_TAKEN"]
    assert city.tasks(STATE) == []


def test_a_request_by_a_party_without_the_right_does_not_come_in(city: Rig) -> None:
    with pytest.raises(SenderError) as caught:
        city.say(Role.AGENCY, STATE, Kind.REQUEST, request_of(city).to_bytes(), "request-1")
    assert caught.value.code == "KIND_NOT_ACCEPTED"


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b'"disclosed"', b'"everything"'),
        lambda body: body.replace(b'"since":""', b'"since":"2010-02-30"'),
        lambda body: body.replace(b'"question":"what', b'"question":"' + b"x" * MAX_QUESTION),
        lambda body: body.replace(b'"tcn":""', b'"tcn":"TCN-1"'),
        lambda body: body.replace(b'"v":1', b'"v":2'),
        lambda body: body[:-1],
        lambda body: body + b" ",
    ],
)
def test_an_altered_body_is_refused_and_opens_no_task(city: Rig, change: Callable[[bytes], bytes]) -> None:
    city.say(CITY, STATE, Kind.REQUEST, change(request_of(city).to_bytes()), "request-1")
    assert (city.failures(STATE), city.tasks(STATE)) == (["BODY_INVALID"], [])


def answer_of(rig: Rig, request_id: str, **changes: object) -> RequestAnswer:
    now = rig.clock.now()
    return replace(RequestAnswer(request_id, "answer", "so it is", now, "CHIEF CLERK", now, {"1": "a line"}), **changes)


def test_an_answer_by_who_was_not_asked_to_nothing_or_a_second_one_changes_nothing(city: Rig) -> None:
    case_id = ask(city)
    sent = city.messages(CITY, case_id, Kind.REQUEST)[0].id
    city.say(FEDERAL, CITY, Kind.REQUEST_ANSWER, answer_of(city, sent).to_bytes(), case_id)
    city.say(STATE, CITY, Kind.REQUEST_ANSWER, answer_of(city, "request-of-nobody").to_bytes(), case_id, id="said-2")
    assert (city.failures(CITY), the(city).answer) == (["NOT_ASKED", "UNKNOWN_REQUEST"], None)
    city.decide(STATE, TaskKind.ANSWER_REQUEST, case_id, "refuse")
    city.say(STATE, CITY, Kind.REQUEST_ANSWER, answer_of(city, sent).to_bytes(), case_id, id="said-3")
    answer = the(city).answer
    assert answer is not None
    assert (city.failures(CITY)[-1], answer.outcome) == ("ANSWER_CHANGED", "refuse")


def test_an_answer_in_a_case_that_nobody_knows_is_put_off_and_then_given_up(city: Rig) -> None:
    city.say(STATE, CITY, Kind.REQUEST_ANSWER, answer_of(city, "request-1").to_bytes(), "case-of-nobody")
    city.wait(timedelta(hours=3))
    for _ in range(20):
        due = dispatch.next_due(city.all)
        if due is None:
            break
        city.clock.jump_to(due)
        city.run()
    assert city.failures(CITY) == ["UNKNOWN_CASE"]


def test_an_answer_without_proofs_is_written_as_it_always_was_and_an_empty_field_is_refused(city: Rig) -> None:
    plain = answer_of(city, "request-1").to_bytes()
    assert b"trail" not in plain
    assert RequestAnswer.from_bytes(plain) == answer_of(city, "request-1")
    with pytest.raises(RecordError, match="BODY_INVALID"):
        RequestAnswer.from_bytes(plain.replace(b'"type"', b'"trail":"","type"'))
    with pytest.raises(RecordError, match="BODY_INVALID"):
        RequestAnswer.from_bytes(plain.replace(b'"text":"so it is",', b""))
    with pytest.raises(RecordError):
        answer_of(city, "request-1", found={}, trail="a proof of nothing")


def test_an_answer_of_as_many_lines_as_fit_carries_all_their_proofs(city: Rig) -> None:
    case_id = city.book(card("P1"))
    node = city.nodes[STATE]
    with node.store.transaction() as tx:
        for number in range(MAX_LINES + 5):
            work_of(tx, node, Kind.CAR, case_id).send(Kind.STATE_SRE, "agency", f"result {number}".encode())
    signed(city, STATE)
    answer, proof = own_record(city)
    assert len(answer.trail) > MAX_BODY_BYTES
    assert (len(proof.states), proof.proved, proof.is_good) == (MAX_LINES - 1, MAX_LINES - 1, True)


def test_a_refusal_that_carries_lines_cannot_be_written(city: Rig) -> None:
    with pytest.raises(RecordError):
        answer_of(city, "request-1", outcome="refuse")


def test_an_outcome_by_another_office_or_under_a_request_is_refused(city: Rig) -> None:
    request_id = ask(city)
    city.until_held()
    report = OutcomeReport(
        "removed", "2010-10-04", "8 USC 1229a (fictitious)", "1", "level-rule", "1", "priority-rule", "v1", "OFFICER X",
        "so", is_last=True,
    )  # fmt: skip
    city.say(ERO, CITY, Kind.OUTCOME, report.to_bytes(), request_id)
    assert city.failures(CITY) == ["CASE_TAKEN"]
