"""Bad, doubtful and repeated submissions: what is rejected, with which code, and what a second copy gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from exchange_rig import BOOKING, Rig, blob_file, card, run_through_retries

from tenprint import records
from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import EngineError, SenderError
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.bodies import Acknowledgement
from tenprint.exchange.model.envelope import EBTS_CONTENT, Envelope
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.records.ident import IdentDataResponse

pytestmark = pytest.mark.slow


def error(rig: Rig, case_id: str) -> records.ErrorAnswer:
    return records.read_error(records.read(rig.received(Role.AGENCY, case_id, Kind.ERRT).body))


def without_name() -> bytes:
    images = records.read(card("P1")).images()
    return records.build_car(replace(BOOKING, nam=""), images, checked=False)


def of_type(tot: bytes) -> bytes:
    return card("P1").replace(b"1.004:CAR", b"1.004:" + tot, 1)


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        (card("P1")[: len(card("P1")) * 2 // 3], "E0012", ""),
        (b"no transaction at all", "E0004", "1.001"),
        (b"", "E0004", "1.001"),
        (of_type(b"MAP"), "A0004", "1.004"),
        (of_type(b"SRE"), "A0004", "1.004"),
        (without_name(), "E0001", "2.018"),
        (card("P1", bad=range(4, 11)), "L0008", ""),
    ],
    ids=["truncated", "malformed", "empty", "unknown type", "an answer", "name missing", "too few fingers"],
)
def test_a_bad_submission_is_answered_with_code_and_field_and_its_bytes_are_kept(
    rig: Rig, data: bytes, code: str, field: str
) -> None:
    case_id = rig.book(data)
    answer = error(rig, case_id)
    assert code in {message.code for message in answer.messages}
    assert not field or (code, field) in {(message.code, message.field) for message in answer.messages}
    assert story.final_state(rig.all, case_id) == CaseState.REJECTED
    for role in (Role.AGENCY, Role.STATE_BUREAU):
        assert rig.case(role, case_id).state == CaseState.REJECTED
        assert rig.nodes[role].services.blobs.get(sha256_hex(data)) == data
    assert rig.case(Role.CRIMINAL_REPOSITORY, case_id) is None


def test_a_rejection_refers_to_the_submission_when_that_can_be_read(rig: Rig) -> None:
    data = card("P1", bad=range(4, 11))
    case_id = rig.book(data)
    assert error(rig, case_id).tcr == "TCN-2010-0000001"
    assert rig.received(Role.AGENCY, case_id, Kind.ERRT).tcr == "TCN-2010-0000001"
    assert error(rig, case_id).dai == "XX0010000"


def test_images_that_cannot_be_decoded_fail_alone_with_their_reason(rig: Rig) -> None:
    case_id = rig.book(card("P1", bad=(2, 9)))
    assert story.final_state(rig.all, case_id) == CaseState.NO_MATCH
    said = Acknowledgement.from_bytes(rig.received(Role.AGENCY, case_id, Kind.ACK).body)
    reason = "L0009: the image cannot be decompressed"
    assert (said.usable_fingers, said.failures) == (8, {"2": reason, "9": reason})
    assert rig.case(Role.STATE_BUREAU, case_id).known["failures"] == said.failures
    assert [row["note"] for row in rig.entries(Role.STATE_BUREAU, "image_failed")] == [
        f"finger 2: {reason}",
        f"finger 9: {reason}",
    ]


def test_an_image_record_with_an_impossible_header_fails_that_image_only(rig: Rig) -> None:
    images = records.read(card("P1")).images()
    data = records.build_car(BOOKING, images)
    broken = data.replace(b"14.011:NONE", b"14.011:LENS", 1)
    assert broken != data
    case_id = rig.book(broken)
    assert story.final_state(rig.all, case_id) == CaseState.NO_MATCH
    assert list(rig.case(Role.STATE_BUREAU, case_id).known["failures"]) == ["1"]


def test_fingers_that_are_missing_with_a_reason_do_not_send_a_person_back(rig: Rig) -> None:
    hands = set(range(1, 15)) - {1, 11}
    images = [image for image in records.read(card("P1")).images() if int(image.fgp) not in hands]
    missing = tuple((n, "XX") for n in range(2, 11))
    case_id = rig.book(records.build_car(replace(BOOKING, amp=missing), images))
    assert story.final_state(rig.all, case_id) == CaseState.NO_MATCH


def test_a_second_copy_makes_no_second_case(rig: Rig) -> None:
    first = dispatch.submit(rig.nodes[Role.AGENCY], card("P1"))
    rig.run()
    rows = len(rig.entries(Role.AGENCY))
    second = dispatch.submit(rig.nodes[Role.AGENCY], card("P1"))
    assert (second.case_id, second.tcn, second.is_repeat) == (first.case_id, "TCN-2010-0000001", True)
    assert rig.run() == 0
    assert len(rig.entries(Role.AGENCY)) == rows


def test_equal_bytes_without_a_readable_header_are_known_again_by_their_content(rig: Rig) -> None:
    agency = rig.nodes[Role.AGENCY]
    first, second, third = (dispatch.submit(agency, data) for data in (b"garbage", b"garbage", b"other garbage"))
    assert (second.case_id, second.is_repeat) == (first.case_id, True)
    assert third.case_id != first.case_id
    assert first.tcn.startswith("sha256-")


def sent_again(rig: Rig, data: bytes) -> str:
    """Let the agency send the same submission under another message id and case, as one that lost its memory would."""
    agency = rig.nodes[Role.AGENCY]
    envelope = Envelope(
        id="car-again", kind=Kind.CAR, sender="agency", recipient="state_bureau", case_id="case-again",
        sent_at=rig.clock.now(), body=data, content_type=EBTS_CONTENT, tcn="TCN-2010-0000001",
    )  # fmt: skip
    envelope = envelope.signed(agency.services.signer.sign(envelope.signed_bytes()))
    dispatch.accept(rig.nodes[Role.STATE_BUREAU], envelope.to_bytes())
    dispatch.handle_due(rig.nodes[Role.STATE_BUREAU], 10)
    return envelope.case_id


def test_the_same_booking_under_another_message_gets_the_first_answers_again(rig: Rig) -> None:
    first = rig.book(card("P1"))
    again = sent_again(rig, card("P1"))
    assert rig.case(Role.STATE_BUREAU, again) is None
    answers = [m for m in rig.messages(Role.STATE_BUREAU, again) if m.sender == "state_bureau"]
    assert [m.kind for m in answers] == [Kind.ACK, Kind.STATE_SRE, Kind.SRE]
    assert [m.body for m in answers] == [rig.received(Role.AGENCY, first, m.kind).body for m in answers]
    assert len(rig.messages(Role.CRIMINAL_REPOSITORY, again)) == 0


def test_the_same_rejected_booking_is_rejected_again_in_the_same_words(rig: Rig) -> None:
    data = card("P1", bad=range(4, 11))
    first = rig.book(data)
    again = sent_again(rig, data)
    answers = [m for m in rig.messages(Role.STATE_BUREAU, again) if m.sender == "state_bureau"]
    assert [(m.kind, m.body) for m in answers] == [(Kind.ERRT, rig.received(Role.AGENCY, first, Kind.ERRT).body)]


def test_only_a_booking_agency_submits(rig: Rig) -> None:
    with pytest.raises(SenderError, match="books nobody"):
        dispatch.submit(rig.nodes[Role.JAIL], card("P1"))


def test_another_sender_with_the_same_control_number_learns_nothing_of_the_first_booking(
    make: Callable[..., Rig],
) -> None:
    rig = make(second_agency=True)
    first = rig.book(card("P1"))
    # A file of the first agency, sent by the second one.
    envelope = Envelope(
        id="car-other", kind=Kind.CAR, sender="agency2", recipient="state_bureau", case_id="case-other",
        sent_at=rig.clock.now(), body=card("P2"), content_type=EBTS_CONTENT, tcn="TCN-2010-0000001",
    )  # fmt: skip
    envelope = envelope.signed(rig.keys[Role.AGENCY].sign(envelope.signed_bytes()))
    dispatch.accept(rig.nodes[Role.STATE_BUREAU], envelope.to_bytes())
    dispatch.handle_due(rig.nodes[Role.STATE_BUREAU], 10)
    answers = [m for m in rig.messages(Role.STATE_BUREAU, "case-other") if m.sender == "state_bureau"]
    assert [(m.kind, m.recipient) for m in answers] == [(Kind.ERRT, "agency2")]
    messages = records.read_error(records.read(answers[0].body)).messages
    assert [(m.code, m.field) for m in messages] == [("E0006", "1.008")]
    with rig.nodes[Role.STATE_BUREAU].store.transaction() as tx:
        assert tx.case_by_tcn("XX0010000", "TCN-2010-0000001").case_id == first


SECOND = Role.AGENCY  # agency2 signs with the first agency's key: only its name differs


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"ori": "XX0010000"}, "1.008"), ({"ori": "XX0020000", "cri": ("XX0010000",)}, "2.073")],
    ids=["sender", "controlling agency"],
)
def test_an_agency_files_under_its_own_name_only_and_takes_nobody_s_control_number(
    make: Callable[..., Rig], changes: dict[str, object], field: str
) -> None:
    rig = make(second_agency=True)
    rig.say(
        SECOND, Role.STATE_BUREAU, Kind.CAR, card("P1", **changes), "case-foreign", as_party="agency2", tcn=BOOKING.tcn
    )
    answer = rig.messages(Role.STATE_BUREAU, "case-foreign", Kind.ERRT)[0]
    messages = records.read_error(records.read(answer.body)).messages
    assert [(m.code, m.field) for m in messages] == [("E0006", field)]
    assert rig.case(Role.CRIMINAL_REPOSITORY, "case-foreign") is None
    assert story.final_state(rig.all, rig.book(card("P1"))) == CaseState.NO_MATCH  # the number is still free


def test_a_jurisdiction_cannot_be_switched_on_by_quoting_another_agency(make: Callable[..., Rig]) -> None:
    rig = make(activated=("XX0099999",))
    case_id = rig.book(card("P1", cri=("XX0099999",)))
    assert rig.case(Role.IMMIGRATION_REPOSITORY, case_id) is None


def test_a_submission_that_claims_another_one_s_case_leaves_that_case_as_it_is(make: Callable[..., Rig]) -> None:
    rig = make(second_agency=True)
    case_id = rig.book(card("P1"))
    stolen = card("P2", ori="XX0020000", cri=("XX0020000",), tcn="TCN-2010-0000009")
    ways = ((SECOND, Role.STATE_BUREAU, "agency2"), (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, "state_bureau"))
    for sender, recipient, name in ways:
        before = rig.case(recipient, case_id)
        rig.say(sender, recipient, Kind.CAR, stolen, case_id, as_party=name)
        assert rig.case(recipient, case_id) == before
        assert rig.failures(recipient) == ["CASE_TAKEN"]
        assert [m.recipient for m in rig.messages(recipient, case_id, Kind.ERRT) if m.sender == recipient] == [name]


def test_what_a_rule_withheld_is_not_handed_out_with_a_second_copy(make: Callable[..., Rig]) -> None:
    rig = make(settings={Role.AGENCY: {"receives_answer": False}})
    rig.until_status()
    assert rig.messages(Role.STATE_BUREAU, sent_again(rig, card("P7")), Kind.SECOND_SRE) == []


@pytest.mark.parametrize(
    ("sender", "recipient", "kind"),
    [
        (Role.CRIMINAL_REPOSITORY, Role.STATE_BUREAU, Kind.SECOND_SRE),
        (Role.CRIMINAL_REPOSITORY, Role.STATE_BUREAU, Kind.ERRT),
    ],
)
def test_only_whoever_was_asked_may_answer(rig: Rig, sender: Role, recipient: Role, kind: Kind) -> None:
    rig.nodes[Role.STATE_BUREAU].services.party.settings["forwards"] = False
    case_id = rig.book(card("P1"))
    other = rig.book(card("P2", tcn="TCN-2010-0000002"))
    said = rig.messages(Role.AGENCY, other, Kind.STATE_SRE)[0].body
    before = rig.case(recipient, case_id)
    rig.say(sender, recipient, kind, said, case_id)
    assert rig.failures(recipient) == ["NOT_ASKED"]
    assert rig.case(recipient, case_id) == before


def given_up(rig: Rig, monkeypatch: pytest.MonkeyPatch, role: Role) -> str:
    """Book a person while the search at one party fails for good; return the case."""

    def fail(*_: object) -> None:
        raise EngineError("EXTRACT_FAILED", "the extractor cannot be started")

    monkeypatch.setattr(rig.matcher(role), "search", fail)
    case_id = rig.book(card("P1"))
    run_through_retries(rig)
    return case_id


@pytest.mark.parametrize("role", [Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY])
def test_a_submission_that_cannot_be_handled_is_answered_and_may_be_sent_anew(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    case_id = given_up(rig, monkeypatch, role)
    assert "EXTRACT_FAILED" in error(rig, case_id).messages[0].text
    assert error(rig, case_id).tcr == BOOKING.tcn
    assert story.final_state(rig.all, case_id) == rig.case(role, case_id).state == CaseState.REJECTED
    monkeypatch.undo()
    assert story.final_state(rig.all, rig.book(card("P1", tcn="TCN-2010-0000002"))) == CaseState.NO_MATCH


def test_a_search_that_cannot_be_made_is_an_error_and_neither_pending_nor_no_match(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = given_up(rig, monkeypatch, Role.IMMIGRATION_REPOSITORY)
    said = IdentDataResponse.from_bytes(rig.received(Role.CRIMINAL_REPOSITORY, case_id, Kind.IDR).body)
    assert (said.result, "EXTRACT_FAILED" in said.text) == ("error", True)
    last = rig.messages(Role.AGENCY, case_id)[-1]
    assert records.read_result(records.read(last.body)).response.immigration == "error"
    assert rig.case(Role.AGENCY, case_id).state == CaseState.ANSWERED


def test_a_submission_whose_bytes_are_lost_is_answered_too(rig: Rig) -> None:
    data = card("P1", large=True)
    dispatch.submit(rig.nodes[Role.AGENCY], data)
    dispatch.relay_due(rig.nodes[Role.AGENCY], 10)
    blob_file(rig, Role.STATE_BUREAU, data).unlink()
    run_through_retries(rig)
    case_id = rig.entries(Role.AGENCY)[0]["case"]
    assert rig.case(Role.AGENCY, case_id).state == CaseState.REJECTED
    assert "STORE_BLOB_MISSING" in error(rig, case_id).messages[0].text
