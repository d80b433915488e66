"""An auditor that holds nobody's data reconciles two parties; an agency follows to whom its booking was disclosed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from exchange_rig import Rig, blob_file, card, run_through_retries

from tenprint.adapters import tables
from tenprint.adapters.database import WRITE
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.audit import AuditQuery
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.tasks import audit, audit_report
from tenprint.ledger import view
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.entry import Entry

STATE, FBI, IDENT = Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY


@pytest.fixture
def rig(make) -> Rig:
    return make(auditor=True)


def sign_all(rig: Rig) -> None:
    for role, node in rig.nodes.items():
        node.store.sign_checkpoint(ledger_origin(role), rig.keys[role], rig.clock.now())


def audited(rig: Rig, a: Role = STATE, b: Role = FBI) -> audit_report.AuditReport:
    sign_all(rig)
    audit_id = dispatch.ask_for_ledgers(rig.nodes[Role.AUDITOR], a, b)
    rig.run()
    return audit_report.report_of(rig.nodes[Role.AUDITOR], audit_id)


def place_of(rig: Rig, role: Role, kind: str, counterpart: Role) -> int:
    wanted = {"kind": kind, "counterpart": str(counterpart)}
    found = (e.fields for e in rig.nodes[role].store.entries() if wanted.items() <= e.fields.items())
    return int(next(found)["sequence"])


def change_entry(rig: Rig, role: Role, number: int, **values: str) -> None:
    """Change a stored entry behind the ledger's back."""
    table = tables.ledger_entries
    entry, place = rig.nodes[role].store.entries()[number], table.c.sequence == number
    with rig.nodes[role].store._sessions.begun(WRITE) as connection:
        text = connection.execute(sa.select(table.c.fields).where(place)).scalar_one()
        for name, value in values.items():
            text = text.replace(f'"{entry.fields[name]}"', f'"{value}"')
        connection.execute(sa.update(table).where(place).values(fields=text))


def test_two_honest_parties_agree_before_an_auditor_that_knows_no_case(rig: Rig) -> None:
    rig.until_held()
    report = audited(rig)
    assert report.is_clean, report
    assert [ledger.party for ledger in report.ledgers] == [STATE, FBI]
    assert all(ledger.size > 0 and ledger.root for ledger in report.ledgers)
    with rig.nodes[Role.AUDITOR].store.transaction() as tx:
        (case,) = tx.cases()
        bodies = b"".join(m.body for m in tx.messages(case.case_id))
    assert case.state == CaseState.ANSWERED
    for word in (b"SAMPLESON", b'"case-', b"OFFICIAL", b"TCN-2010"):
        assert word not in bodies


def test_a_ledger_longer_than_a_page_is_asked_for_page_by_page(rig: Rig, monkeypatch) -> None:
    monkeypatch.setattr("tenprint.exchange.tasks.audit.MAX_PAGE_ENTRIES", 3)
    rig.until_held()
    report = audited(rig)
    assert report.is_clean
    pages = [e for e in rig.entries(Role.AUDITOR, "received") if e["message_kind"] == Kind.AUDIT_ANSWER]
    sizes = [ledger.size for ledger in report.ledgers]
    assert len(pages) == sum(-(-size // 3) for size in sizes)


def test_a_page_that_is_shown_twice_does_not_stand_for_one_that_is_missing(rig: Rig, monkeypatch) -> None:
    rig.until_held()
    sign_all(rig)
    size, auditor = len(rig.nodes[STATE].store.leaf_hashes()), Role.AUDITOR
    monkeypatch.setattr("tenprint.exchange.tasks.audit.MAX_PAGE_ENTRIES", -(-size // 2))
    deliver, pages = rig.post.deliver, []

    def once(wire: bytes, recipient: str) -> bytes:
        message = Envelope.from_bytes(wire)
        if recipient == str(auditor) and message.sender == str(STATE):
            pages.append(message)
            if len(pages) > 1:
                raise StorageError("POST_UNREACHABLE", "not now")
        return deliver(wire, recipient)

    rig.post.deliver = once
    audit_id = dispatch.ask_for_ledgers(rig.nodes[auditor], STATE, FBI)
    rig.run()
    assert len(pages) == len(("first", "second"))
    first = pages[0]
    rig.say(STATE, auditor, Kind.AUDIT_ANSWER, first.body, audit_id, content_type=first.content_type)
    assert rig.failures(auditor) == ["NOT_ASKED"]
    assert rig.case(auditor, audit_id).state == CaseState.SEARCHING
    rig.post.deliver = deliver
    rig.wait(timedelta(minutes=5))
    assert rig.case(auditor, audit_id).state == CaseState.ANSWERED
    assert audit_report.report_of(rig.nodes[auditor], audit_id).is_clean


@pytest.mark.parametrize(
    ("starts", "reached"), [((0, 3), 6), ((3, 0), 6), ((0, 0), 3), ((0, 6), 3), ((3,), 0), ((0, 2), 5), ((), 0)]
)
def test_pages_count_as_far_as_they_show_a_ledger_without_a_gap(starts: tuple[int, ...], reached: int) -> None:
    entries = (Entry({}, {}, {"kind": "0" * 64}),) * 3
    assert audit._reached([view.LogView(b"", start, entries) for start in starts]) == reached


def test_a_value_changed_behind_the_ledgers_back_is_seen_from_outside(rig: Rig) -> None:
    rig.until_held()
    sign_all(rig)
    change_entry(rig, FBI, place_of(rig, FBI, "sent", STATE), message_hash="ab" * 32)
    report = audited(rig)
    state, fbi = report.ledgers
    assert state.is_verified
    assert [finding.code for finding in fbi.findings] == ["LEDGER_FIELD_CHANGED"]
    assert [one.kind for one in report.discrepancies] == ["hash_differs"]


def test_what_only_one_side_recorded_is_found_from_outside(rig: Rig) -> None:
    rig.until_held()
    sign_all(rig)
    first = place_of(rig, STATE, "received", FBI)
    with rig.nodes[STATE].store._sessions.begun(WRITE) as connection:
        connection.execute(sa.delete(tables.ledger_entries).where(tables.ledger_entries.c.sequence >= first))
    audit = dispatch.ask_for_ledgers(rig.nodes[Role.AUDITOR], STATE, FBI)
    rig.run()
    report = audit_report.report_of(rig.nodes[Role.AUDITOR], audit)
    assert not report.is_clean
    assert "LEDGER_VIEW_INCOMPLETE" in [finding.code for finding in report.ledgers[0].findings]
    assert {one.kind for one in report.discrepancies} >= {"not_received"}


def test_a_party_without_a_checkpoint_says_so_and_the_audit_is_not_clean(rig: Rig) -> None:
    rig.book(card("P1"))
    audit = dispatch.ask_for_ledgers(rig.nodes[Role.AUDITOR], STATE, FBI)
    rig.run()
    report = audit_report.report_of(rig.nodes[Role.AUDITOR], audit)
    assert [[f.code for f in ledger.findings] for ledger in report.ledgers] == [["AUDIT_NOT_READY"]] * 2
    assert report.verdict == "incomplete"
    assert "sign a checkpoint" in report.next_step
    assert rig.case(Role.AUDITOR, audit).state == CaseState.ANSWERED


def cut_off(rig: Rig, party: Role) -> Callable[[], None]:
    """Keep everything from reaching a party; return what mends that."""
    deliver = rig.post.deliver

    def refuse(wire: bytes, recipient: str) -> bytes:
        if recipient == party:
            raise StorageError("PEER_AWAY", f"{party} does not answer")
        return deliver(wire, recipient)

    rig.post.deliver = refuse
    return lambda: rig.post.__dict__.pop("deliver")


def test_a_party_that_has_not_answered_is_accused_of_nothing(rig: Rig) -> None:
    rig.until_held()
    sign_all(rig)
    mend = cut_off(rig, FBI)
    report = audited(rig)
    assert report.verdict == "incomplete"
    assert report.awaited == (FBI,)
    assert report.discrepancies == ()
    assert report.ledgers[0].is_verified
    said = report.as_json()
    assert (said["verdict"], said["clean"], said["awaited"]) == ("incomplete", False, [FBI])
    assert f"--id {report.audit_id}" in said["next"]
    assert [f["fault"] for f in said["ledgers"][1]["findings"]] == [False]
    mend()
    run_through_retries(rig)
    later = audit_report.report_of(rig.nodes[Role.AUDITOR], report.audit_id)
    assert later.ledgers[1].is_verified
    assert later.awaited == () and later.discrepancies == ()
    assert rig.case(Role.AUDITOR, report.audit_id).state == CaseState.ANSWERED


def test_a_party_that_shows_a_first_page_and_no_more_is_awaited_too(rig: Rig, monkeypatch) -> None:
    monkeypatch.setattr("tenprint.exchange.tasks.audit.MAX_PAGE_ENTRIES", 3)
    rig.until_held()
    sign_all(rig)
    audit = dispatch.ask_for_ledgers(rig.nodes[Role.AUDITOR], STATE, FBI)
    answers, deliver = [], rig.post.deliver

    def first_only(wire: bytes, recipient: str) -> bytes:
        answers.append(recipient == Role.AUDITOR and b"log-view" in wire and str(FBI).encode() in wire[:400])
        if sum(answers) > 1 and answers[-1]:
            raise StorageError("PEER_AWAY", "the line is down")
        return deliver(wire, recipient)

    rig.post.deliver = first_only
    rig.run()
    report = audit_report.report_of(rig.nodes[Role.AUDITOR], audit)
    assert (report.verdict, report.awaited, report.discrepancies) == ("incomplete", (FBI,), ())
    assert "3 of" in report.ledgers[1].findings[0].sentence


def test_a_damaged_ledger_is_found_although_the_other_party_has_not_answered(rig: Rig) -> None:
    rig.until_held()
    sign_all(rig)
    change_entry(rig, STATE, place_of(rig, STATE, "sent", FBI), message_hash="ab" * 32)
    cut_off(rig, FBI)
    assert audited(rig).verdict == "differing"


def test_a_message_under_way_between_two_honest_parties_makes_an_audit_incomplete_and_no_more(rig: Rig) -> None:
    rig.until_examined()
    mend = cut_off(rig, FBI)
    rig.book(card("P1", tcn="TCN-2010-0000002"))
    mend()
    sign_all(rig)
    audit = dispatch.ask_for_ledgers(rig.nodes[Role.AUDITOR], STATE, FBI)
    rig.run()
    report = audit_report.report_of(rig.nodes[Role.AUDITOR], audit)
    assert (report.verdict, report.discrepancies, report.awaited) == ("incomplete", (), ())
    assert [one.sender for one in report.under_way] == [STATE]
    run_through_retries(rig)
    assert audited(rig).is_clean


def test_whole_ledgers_are_shown_to_an_auditor_only(rig: Rig) -> None:
    rig.book(card("P1"))
    sign_all(rig)
    asked = AuditQuery("log", str(FBI)).to_bytes()
    rig.say(Role.AGENCY, STATE, Kind.AUDIT_QUERY, asked, "case-of-nobody")
    answer = rig.messages(STATE, "case-of-nobody", Kind.AUDIT_ANSWER)[0]
    assert b"NOT_ENTITLED" in answer.body
    with pytest.raises(SenderError, match="KIND_NOT_ACCEPTED"):
        rig.say(Role.JAIL, STATE, Kind.AUDIT_QUERY, asked, "case-of-nobody")


def test_an_answer_that_nobody_asked_for_changes_nothing(rig: Rig) -> None:
    rig.until_held()
    report = audited(rig)
    page = view.LogView(b"x", 0, ()).to_bytes()
    content = "application/vnd.tenprint.log-view"
    rig.say(Role.JAIL, Role.AUDITOR, Kind.AUDIT_ANSWER, page, report.audit_id, content_type=content)
    assert rig.failures(Role.AUDITOR) == ["NOT_ASKED"]
    assert audit_report.report_of(rig.nodes[Role.AUDITOR], report.audit_id) == report


def test_an_agency_learns_to_whom_its_booking_went_with_proof_of_each_line(rig: Rig) -> None:
    case_id = rig.until_held()
    sign_all(rig)
    assert dispatch.ask_for_trail(rig.nodes[Role.AGENCY], case_id) == (STATE,)
    rig.run()
    trails = {trail.party: trail for trail in audit_report.trails_of(rig.nodes[Role.AGENCY], case_id)}
    assert set(trails) == {STATE, FBI, IDENT}
    told = {
        party: [(line.fields["counterpart"], line.fields["message_kind"]) for line in trail.lines]
        for party, trail in trails.items()
    }
    assert (IDENT, "IDENT_SEARCH") in told[FBI]
    assert (Role.SUPPORT_CENTER, "IAQ") in told[FBI]
    assert told[IDENT] == [(FBI, "IDR")]
    assert all(line.is_proved for trail in trails.values() for line in trail.lines)
    assert dispatch.ask_for_trail(rig.nodes[Role.AGENCY], case_id) == ()


def carried(trails: dict[str, audit_report.PartyTrail], party: Role) -> dict[tuple[str, str], str]:
    trail = trails[party]
    return {
        (str(line.fields["counterpart"]), str(line.fields["message_kind"])): trail.prints_of(line)
        for line in trail.lines
    }


def test_a_trail_says_which_prints_each_message_carried_as_the_discloser_tells_it(rig: Rig) -> None:
    case_id = rig.until_held()
    sign_all(rig)
    dispatch.ask_for_trail(rig.nodes[Role.AGENCY], case_id)
    rig.run()
    trails = {trail.party: trail for trail in audit_report.trails_of(rig.nodes[Role.AGENCY], case_id)}
    fourteen = "14 images (Type-14): 10 rolled, 4 plain; NONE"
    assert carried(trails, STATE)[FBI, "CAR"] == fourteen
    assert carried(trails, FBI)[IDENT, "IDENT_SEARCH"] == fourteen
    assert carried(trails, FBI)[Role.SUPPORT_CENTER, "IAQ"] == "none"
    assert carried(trails, FBI)[STATE, "SRE"] == "none"
    assert carried(trails, IDENT)[FBI, "IDR"] == "none"


def test_what_a_lost_message_carried_is_not_known(rig: Rig) -> None:
    case_id = rig.book(card("P1", large=True))
    sign_all(rig)
    sent = next(m for m in rig.messages(STATE, case_id, Kind.CAR) if m.recipient == FBI)
    blob_file(rig, STATE, sent.body).unlink()
    dispatch.ask_for_trail(rig.nodes[Role.AGENCY], case_id)
    rig.run()
    trails = {trail.party: trail for trail in audit_report.trails_of(rig.nodes[Role.AGENCY], case_id)}
    assert carried(trails, STATE)[FBI, "CAR"].startswith("not known: ")


def test_another_agencys_booking_is_as_if_it_were_not_there(rig: Rig, make) -> None:
    other = make(auditor=True, second_agency=True)
    case_id = other.book(card("P1"))
    sign_all(other)
    asked = AuditQuery("case").to_bytes()
    for case in (case_id, "case-of-nobody"):
        other.say(Role.AGENCY, FBI, Kind.AUDIT_QUERY, asked, case, as_party="agency2", id=f"asked-{case}")
    answers = [m for case in (case_id, "case-of-nobody") for m in other.messages(FBI, case, Kind.AUDIT_ANSWER)]
    assert len({m.body for m in answers}) == 1
    assert b"UNKNOWN_CASE" in answers[0].body


def test_only_an_auditor_reconciles_and_only_two_parties(rig: Rig) -> None:
    auditor = rig.nodes[Role.AUDITOR]
    with pytest.raises(SenderError, match="NOT_AN_AUDITOR"):
        dispatch.ask_for_ledgers(rig.nodes[Role.JAIL], STATE, FBI)
    with pytest.raises(SenderError, match="AUDIT_OF_ONE"):
        dispatch.ask_for_ledgers(auditor, STATE, STATE)
    with pytest.raises(SenderError, match="UNKNOWN_PARTY"):
        dispatch.ask_for_ledgers(auditor, STATE, "nobody")
    with pytest.raises(SenderError, match="UNKNOWN_AUDIT"):
        audit_report.report_of(auditor, "audit-none")
