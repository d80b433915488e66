"""What a case held is erased when its period is over; what was erased, when and under which rule stays provable."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from exchange_rig import BOOKING, PERMITTED, Rig, card, rigs

from tenprint.core.clock import to_wire
from tenprint.core.errors import StorageError
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.tasks import audit_report
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.reconcile import reconcile
from tenprint.ledger.verify import verify_log

MONTH, YEAR = timedelta(days=31), timedelta(days=366)
LIFETIME = 80 * YEAR
BEARERS = (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY)
TCN = "TCN-2010-0000001"


@pytest.fixture
def rig():
    with rigs() as make:
        yield make()


def home(rig: Rig, role: Role) -> Path:
    return Path(rig.nodes[role].store._engine.url.database).parent


def bytes_on_disk(rig: Rig, role: Role) -> bytes:
    files = sorted(path for path in home(rig, role).rglob("*") if path.is_file())
    return b"\n".join(path.read_bytes() for path in files)


def signed(rig: Rig, role: Role) -> bytes:
    node = rig.nodes[role]
    return node.store.sign_checkpoint(ledger_origin(node.party.id), rig.keys[role], rig.clock.now())


def faults(rig: Rig, role: Role) -> list:
    node = rig.nodes[role]
    notes = node.store.checkpoints()
    key = PublicKey(node.party.public_key)
    found = verify_log(node.store.entries(), notes[-1], key, ledger_origin(node.party.id), notes[:-1])
    return [finding for finding in found if finding.is_fault]


def erased(rig: Rig, role: Role) -> list[tuple[str, str]]:
    return [(str(row["rule"]), str(row["note"]).split(":")[0]) for row in rig.entries(role, "erased")]


def ended(rig: Rig, person: str = "P1", **booking: object) -> str:
    case_id = rig.book(card(person, large=True, **booking))
    assert rig.case(Role.IMMIGRATION_REPOSITORY, case_id).state == CaseState.NO_MATCH
    return case_id


def test_nothing_is_erased_before_its_period_is_over(rig):
    case_id = ended(rig)
    rig.wait(timedelta(days=29))
    assert not erased(rig, Role.IMMIGRATION_REPOSITORY)
    rig.wait(timedelta(days=2))
    assert erased(rig, Role.IMMIGRATION_REPOSITORY) == [("keep-nobody-found", "messages")]
    assert not erased(rig, Role.AGENCY)
    assert rig.received(Role.AGENCY, case_id, Kind.SRE).body


def test_a_message_whose_period_is_over_says_when_and_under_which_rule_it_was_erased(rig):
    case_id = ended(rig)
    rig.wait(MONTH)
    node = rig.nodes[Role.IMMIGRATION_REPOSITORY]
    with node.store.transaction() as tx:
        heading = next(one for one in tx.headings(case_id) if one.kind == Kind.IDENT_SEARCH)
    with pytest.raises(StorageError, match=r"erased on 2010-11-04 under rule keep-nobody-found of 2010-10") as refused:
        node.store.message(heading.key)
    assert refused.value.code == "MESSAGE_ERASED"
    assert heading.body_sha256
    assert heading.signature
    assert not heading.tcn


def test_the_case_on_the_disk_is_gone_from_database_log_and_files(rig):
    role = Role.IMMIGRATION_REPOSITORY
    ended(rig)
    needles = (b"SAMPLESON", TCN.encode(), b"P1/11")
    assert all(needle in bytes_on_disk(rig, role) for needle in needles)
    rig.wait(MONTH)
    assert not [needle for needle in needles if needle in bytes_on_disk(rig, role)]
    assert not list((home(rig, role) / "blobs").rglob("?" * 64))


def test_after_a_lifetime_no_party_holds_anything_of_the_person(rig):
    handed_over(rig)
    rig.wait(LIFETIME)
    for role in rig.nodes:
        data = bytes_on_disk(rig, role)
        assert not [n for n in (b"SAMPLESON", TCN.encode(), b"P7/11", b"as seen") if n in data], role
    for role in BEARERS:
        assert not rig.matcher(role).gallery
        assert rig.matcher(role).compacted == 1


def handed_over(rig: Rig, ret: str = "Y") -> str:
    """Return a case that went all the way: every party holds something of it."""
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7", large=True, ret=ret))
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "identification")
    rig.decide(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id, "removable", legal_ground=PERMITTED["legal_ground"])
    rig.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    rig.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    rig.decide(Role.JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released")
    rig.decide(Role.JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    ended = {"happened_on": "2010-10-04", "legal_ground": PERMITTED["legal_ground"]}
    rig.decide(Role.FIELD_OFFICE, TaskKind.REPORT_OUTCOME, case_id, "removed", **ended)
    return case_id


@pytest.mark.parametrize("role", [*BEARERS, Role.IMMIGRATION_REPOSITORY])
def test_the_images_of_a_search_only_are_gone_a_month_after_its_end_whoever_was_found(rig, role):
    case_id = handed_over(rig, ret="N")
    rig.wait(timedelta(days=29))
    assert b"P7/11" in bytes_on_disk(rig, role)
    rig.wait(timedelta(days=3))
    assert erased(rig, role) == [("keep-images-of-search-only", "images")]
    # What is left is the enrolled record that the immigration repository had before.
    assert not list((home(rig, role) / "blobs").rglob("?" * 64))
    assert b"P7/11" not in bytes_on_disk(rig, role)
    assert rig.case(role, case_id).tcn == TCN
    assert not story_failures(rig, case_id)
    signed(rig, role)
    assert not faults(rig, role)
    assert not erased(rig, Role.AGENCY)  # RET says what others keep; the booking is the agency's own


def story_failures(rig: Rig, case_id: str) -> list[str]:
    return [line.sentence for line in story.case_story(rig.all, case_id) if "cannot be read" in line.sentence]


def test_after_its_images_a_search_only_goes_on_is_known_again_and_ends_when_its_record_does(rig):
    case_id = handed_over(rig, ret="N")
    rig.wait(2 * MONTH)
    again = dispatch.submit(rig.nodes[Role.AGENCY], card("P7", large=True, ret="N"))
    rig.run()
    assert (again.case_id, again.is_repeat) == (case_id, True)
    dispatch.correct(
        rig.nodes[Role.STATE_BUREAU], case_id, kind="sealed", what="an order", reason="so", by="CLERK GAVEL"
    )
    rig.run()
    assert all(not rig.failures(role) for role in rig.nodes)
    changed = rig.clock.now()
    # The record's own period counts from the correction, not from the day on which the images went.
    due = {one.case_id: one.periods for one in dispatch.endings(rig.nodes[Role.CRIMINAL_REPOSITORY])}
    assert {period.ends_at - period.days * timedelta(days=1) > changed for period in due[case_id]} == {True}
    rig.wait(LIFETIME)
    assert ("keep-images-of-search-only", "images") in erased(rig, Role.STATE_BUREAU)
    assert "messages" in [what for _, what in erased(rig, Role.STATE_BUREAU)]


def test_the_images_of_a_booking_to_be_kept_stay_as_long_as_its_messages(rig):
    handed_over(rig)
    rig.wait(YEAR)
    assert b"P7/11" in bytes_on_disk(rig, Role.STATE_BUREAU)
    rig.wait(LIFETIME)
    assert "images" not in [what for _, what in erased(rig, Role.STATE_BUREAU)]


def test_every_ledger_still_verifies_against_all_its_checkpoints_and_with_every_other_one(rig):
    handed_over(rig)
    for role in rig.nodes:
        signed(rig, role)
    rig.wait(LIFETIME)
    for role in rig.nodes:
        signed(rig, role)
        assert len(rig.nodes[role].store.checkpoints()) == 2
        assert not faults(rig, role)
        assert erased(rig, role)
    entries = {role: rig.nodes[role].store.entries() for role in rig.nodes}
    for a in rig.nodes:
        for b in rig.nodes:
            assert a == b or not reconcile(str(a), entries[a], str(b), entries[b])


def test_fields_that_lead_to_the_person_are_gone_from_the_ledger_and_to_whom_it_was_told_stays(rig):
    case_id = ended(rig)
    node = rig.nodes[Role.IMMIGRATION_REPOSITORY]
    before = [dict(entry.fields) for entry in node.store.entries()]
    rig.wait(MONTH)
    entries = node.store.entries()[: len(before)]
    told = [entry for entry in entries if entry.fields["kind"] in ("sent", "received", "receipt")]
    assert all({"case", "message", "counterpart", "message_hash"} <= entry.fields.keys() for entry in told)
    rest = [entry for entry in entries if entry not in told]
    assert rest
    assert all({"case", "message"} <= entry.erased for entry in rest)
    assert [e.fields["kind"] for e in node.store.case_entries(case_id) if e not in told] == ["erased"]
    assert [row.get("result") for row in before] == [entry.fields.get("result") for entry in entries]


def test_a_repeated_booking_is_known_again_after_its_case_was_erased(rig):
    case_id = ended(rig)
    rig.wait(LIFETIME)
    again = dispatch.submit(rig.nodes[Role.AGENCY], card("P1", large=True))
    rig.run()
    assert (again.case_id, again.is_repeat) == (case_id, True)
    assert rig.case(Role.AGENCY, case_id).tcn != TCN


def test_a_booking_that_comes_again_to_a_party_that_erased_it_is_sent_back_and_erased_too(rig):
    case_id = ended(rig)
    rig.wait(LIFETIME)
    said = rig.say(
        Role.AGENCY, Role.STATE_BUREAU, Kind.CAR, card("P1", large=True), "case-again",
        content_type="application/vnd.tenprint.ebts", tcn=TCN,
    )  # fmt: skip
    assert rig.case(Role.STATE_BUREAU, "case-again") is None
    assert rig.case(Role.STATE_BUREAU, case_id).tcn.startswith("erased-")
    assert [m.kind for m in rig.messages(Role.STATE_BUREAU, "case-again")] == [Kind.CAR, Kind.ERRT]
    rig.wait(MONTH)
    with pytest.raises(StorageError, match="erased"):
        rig.nodes[Role.STATE_BUREAU].store.message(said.key)
    assert b"SAMPLESON" not in bytes_on_disk(rig, Role.STATE_BUREAU)


def test_a_late_answer_to_an_erased_case_changes_nothing_and_is_not_kept(rig):
    case_id = ended(rig)
    late = rig.received(Role.CRIMINAL_REPOSITORY, case_id, Kind.IDR)
    rig.wait(LIFETIME)
    before = rig.case(Role.CRIMINAL_REPOSITORY, case_id)
    said = rig.say(
        Role.IMMIGRATION_REPOSITORY, Role.CRIMINAL_REPOSITORY, Kind.IDR, late.body, case_id,
        content_type=late.content_type,
    )  # fmt: skip
    assert rig.case(Role.CRIMINAL_REPOSITORY, case_id) == before
    assert rig.entries(Role.CRIMINAL_REPOSITORY, "late")
    assert not rig.failures(Role.CRIMINAL_REPOSITORY)
    with pytest.raises(StorageError, match="erased"):
        rig.nodes[Role.CRIMINAL_REPOSITORY].store.message(said.key)


def test_the_same_message_delivered_again_after_its_erasure_is_known_again(rig):
    ended(rig)
    recipient, wire = next(row for row in rig.post.wires if row[0] == str(Role.IMMIGRATION_REPOSITORY))
    rig.wait(MONTH)
    before = len(rig.entries(Role.IMMIGRATION_REPOSITORY))
    assert dispatch.accept(rig.nodes[Role(recipient)], wire)
    assert len(rig.entries(Role.IMMIGRATION_REPOSITORY)) == before


def test_an_open_task_postpones_the_erasure_and_the_ledger_says_why(rig):
    case_id, role = handed_over(rig), Role.SUPPORT_CENTER
    task = rig.task(role, TaskKind.STATUS, case_id)
    with rig.nodes[role].store.transaction() as tx:
        tx.save_task(type(task)(**(task.__dict__ | {"decided_at": None})))
    rig.wait(6 * YEAR)
    assert not erased(rig, role)
    assert {row["note"] for row in rig.entries(role, "erasure_postponed")} == {"a task of the case waits for a person"}
    with rig.nodes[role].store.transaction() as tx:
        tx.save_task(task)
    rig.wait(MONTH)
    assert erased(rig, role) == [("keep-five-years", "messages"), ("keep-five-years", "tasks")]


def test_an_unanswered_correction_postpones_the_erasure(rig):
    case_id = ended(rig)
    node = rig.nodes[Role.IMMIGRATION_REPOSITORY]
    sender = rig.nodes[Role.CRIMINAL_REPOSITORY]
    envelope = dispatch.wakes.own_message(
        sender, message_id="correction-1", kind=Kind.CORRECTION, case_id=case_id, body=b"{}"
    )
    with node.store.transaction() as tx:
        tx.put_outbox(envelope)
        tx.mark_delivered(envelope.key, rig.clock.now(), b"receipt")
    rig.wait(MONTH)
    assert not erased(rig, Role.IMMIGRATION_REPOSITORY)
    assert dispatch.endings(node)[0].postponed == "a CORRECTION of the case has no answer yet"


def test_a_request_that_was_cancelled_before_the_jail_answered_is_erased_when_its_period_is_over(rig):
    case_id = rig.until_detainer()
    dispatch.cancel_detainer(rig.nodes[Role.FIELD_OFFICE], case_id, by="OFFICER FIXTURE", reason="no ground")
    rig.run()
    keepers = (Role.FIELD_OFFICE, Role.JAIL)
    assert {rig.case(role, case_id).state for role in keepers} == {CaseState.CANCELLED}
    rig.wait(30 * YEAR)
    for role in keepers:
        assert ("keep-what-somebody-decided", "messages") in erased(rig, role)
        assert rig.entries(role, "erasure_postponed") == []


def test_the_limit_of_an_answer_neither_postpones_an_erasure_nor_begins_its_period_anew(rig):
    case_id = ended(rig)
    node = rig.nodes[Role.AGENCY]
    dispatch.ask_for_trail(node, case_id)
    asked_at = rig.clock.now()
    dispatch.run_until_idle([node])
    assert [timer.purpose for timer in node.store.waiting_timers(case_id)] == ["audit_overdue"]
    assert dispatch.endings(node)[0].postponed == "a AUDIT_QUERY of the case has no answer yet"
    before = [period.ends_at for period in dispatch.endings(node)[0].periods]
    rig.clock.advance(timedelta(days=2))
    dispatch.run_until_idle([node])
    assert [row["time"] for row in rig.entries(Role.AGENCY, "overdue")] == [to_wire(asked_at + timedelta(days=2))]
    assert [period.ends_at for period in dispatch.endings(node)[0].periods] == before
    rig.run()
    assert dispatch.endings(node)[0].postponed == ""


def test_a_case_that_goes_on_is_not_erased_and_its_period_begins_anew(rig):
    case_id = ended(rig)
    role = Role.IMMIGRATION_REPOSITORY
    rig.wait(timedelta(days=20))
    node = rig.nodes[role]
    from tenprint.exchange.ports import Work
    from tenprint.exchange.tasks.cases import keep

    message = rig.messages(role, case_id)[0]
    with node.store.transaction() as tx:
        keep(Work(tx, node.services, message), tx.case(case_id).moved(CaseState.SEARCHING))
    rig.wait(MONTH)
    assert not node.store.ends_of_keeping()
    assert not erased(rig, role)
    with node.store.transaction() as tx:
        keep(Work(tx, node.services, message), tx.case(case_id).moved(CaseState.NO_MATCH))
    rig.wait(timedelta(days=29))
    assert not erased(rig, role)
    rig.wait(timedelta(days=3))
    assert erased(rig, role)


def test_a_subject_stays_enrolled_while_a_later_booking_still_needs_it(rig):
    first = rig.book(card("P1", large=True, ret="Y"))
    rig.wait(40 * YEAR)
    second = rig.book(card("P1", large=True, tcn="TCN-2010-0000002", ret="Y"))
    role = Role.CRIMINAL_REPOSITORY
    (subject,) = rig.matcher(role).gallery
    assert rig.case(role, second).known["subject"] == subject
    rig.wait(40 * YEAR)
    assert rig.nodes[role].store.exemplars(subject)
    assert rig.matcher(role).gallery
    assert rig.case(role, first).known["erased"]["prints"]
    rig.wait(40 * YEAR)
    assert not rig.nodes[role].store.exemplars(subject)
    assert not rig.matcher(role).gallery


def test_a_file_that_another_message_needs_stays(rig):
    case_id = ended(rig)
    role = Role.CRIMINAL_REPOSITORY
    body = rig.received(role, case_id, Kind.CAR).body
    node = rig.nodes[role]
    with node.store.transaction() as tx:
        envelope = dispatch.wakes.own_message(node, message_id="other", kind=Kind.CAR, case_id="case-other", body=body)
        tx.put_outbox(envelope)
        tx.mark_delivered(envelope.key, rig.clock.now(), b"receipt")
    rig.wait(LIFETIME)
    assert node.store.message(envelope.key).body == body


def test_who_tells_the_story_of_an_erased_case_says_so_and_does_not_fail(rig):
    case_id = handed_over(rig)
    state = story.final_state(rig.all, case_id)
    rig.wait(LIFETIME)
    lines = story.case_story(rig.all, case_id)
    assert any(line.sentence.startswith("erases what its period") for line in lines)
    assert story.final_state(rig.all, case_id) == state
    answers = story.answers(rig.nodes[Role.AGENCY], case_id)
    assert {line.sentence.split(" on ")[0] for line in answers} == {"what this message said was erased"}


def test_ends_of_keeping_are_nobodys_next_step(rig):
    case_id = ended(rig)
    assert dispatch.next_due(rig.all) is None
    node = rig.nodes[Role.AGENCY]
    assert not node.store.waiting_timers(case_id)
    assert [to_wire(one.due_at)[:10] for one in dispatch.endings(node)] == ["2015-10-04"]


def test_deleted_text_leaves_the_pages_of_a_database_that_is_opened_by_the_store(rig):
    path = home(rig, Role.JAIL) / "tenprint.db"
    with rig.nodes[Role.JAIL].store.transaction() as tx:
        assert tx._connection.exec_driver_sql("PRAGMA secure_delete").scalar_one() == 1
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert BOOKING.tcn == TCN


def test_an_auditor_still_reconciles_two_ledgers_and_an_agency_still_learns_whom_it_was_told_to():
    with rigs() as make:
        rig = make(auditor=True)
        case_id = ended(rig)
        rig.wait(LIFETIME)
        for role in rig.nodes:
            signed(rig, role)
        auditor, agency = rig.nodes[Role.AUDITOR], rig.nodes[Role.AGENCY]
        audit = dispatch.ask_for_ledgers(auditor, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY)
        dispatch.ask_for_trail(agency, case_id)
        rig.run()
        report = audit_report.report_of(auditor, audit)
        assert report.is_clean, report
        trails = audit_report.trails_of(agency, case_id)
        told = {line.fields["counterpart"] for trail in trails for line in trail.lines if line.is_proved}
        assert {"state_bureau", "criminal_repository", "immigration_repository"} <= told
