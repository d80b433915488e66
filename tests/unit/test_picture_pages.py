"""Case page, messages, ledgers, reasons and the public page: what they show, to whom, and what they prove."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from console_rig import Desktop, house_of, sign, text_of
from exchange_rig import PERMITTED, START, Rig, card, rigs

from tenprint.adapters.accounts import AccountFile
from tenprint.core.canonical import canonical_json
from tenprint.core.chance import SeededRandomSource
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.ledger.checkpoint import verify_checkpoint
from tenprint.ledger.disclosure import Disclosure, verify_disclosure
from tenprint.ledger.entry import seal
from tenprint.ledger.keys import PublicKey
from tenprint.web import case_words, proofs, public_view
from tenprint.web.app import create_app
from tenprint.web.pages import public
from tenprint.web.words import spoken_name

pytestmark = pytest.mark.slow

EVIL = '"><script>alert(1)</script>'
ARROW = re.compile(r'<a href="([^"]+)" class="arrow" aria-label="([^"]+)"')


def signing(rig: Rig) -> SimpleNamespace:
    """A running network that signs its checkpoints, as `bootstrap.Network` does."""
    house = house_of(rig)

    def run() -> int:
        done = rig.run()
        sign(rig)
        return done

    house.run = run
    return house


def seat(rig: Rig, role: Role | None, name: str = "SAM OFFICIAL") -> Desktop:
    desk = Desktop(create_app(signing(rig), is_demo=True))
    return desk if role is None else desk.take(role, name)


def links(page: str) -> list[str]:
    found = map(unescape, re.findall(r'href="(/[^"#]*)"', page))
    return [link for link in found if not link.startswith(("/static", "/sign-in"))]


def address(rig: Rig, role: Role, case_id: str, kind: Kind) -> str:
    message = rig.messages(role, case_id, kind)[0]
    return case_words.message_path(rig.nodes[role].party.id, message.sender, message.id)


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[Rig, str]]:
    """A network in which a person was held, and whose ledgers are signed; tests only look."""
    with rigs() as make:
        rig = make()
        case_id = rig.until_held()
        sign(rig)
        yield rig, case_id


def change(rig: Rig, role: Role, statement: str, **values: object) -> None:
    with rig.nodes[role].store._engine.begin() as connection:
        assert connection.execute(sa.text(statement), values).rowcount == 1


# --- the case page ----------------------------------------------------------------------------------------------------


def test_the_picture_has_one_arrow_for_every_message_with_the_right_name(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    page = seat(rig, Role.JAIL).get(f"/cases/{case_id}")
    arrows = [(unescape(href), unescape(name)) for href, name in ARROW.findall(page)]
    sent = {
        (m.key, f"{case_words.message_name(m.kind)} from {spoken_name(m.sender)} to {spoken_name(m.recipient)}")
        for role in rig.nodes
        for m in rig.messages(role, case_id)
        if m.sender != m.recipient
    }
    assert len(arrows) == len(sent)
    assert sorted(name.partition(",")[0] for _, name in arrows) == sorted(name for _, name in sent)
    assert "SRE from criminal repository to state bureau, 4 October 2010, 08:00 UTC" in dict(arrows).values()
    assert len({href for href, _ in arrows}) == len(arrows)
    codes = re.findall(r"<dt>([A-Z]+|second SRE)</dt>", page.partition("What the codes mean")[2])
    assert codes == ["CAR", "SRE", "second SRE", "IDR", "IAQ", "IAR"]


def test_an_arrow_opens_the_message_as_the_own_party_holds_it(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    page = seat(rig, Role.JAIL).get(f"/cases/{case_id}")
    hrefs = {unescape(name).partition(" from")[0]: href for href, name in ARROW.findall(page)}
    assert hrefs["request to hold"].startswith("/messages/jail/field_office/")


@pytest.mark.parametrize("role", [Role.JAIL, Role.IMMIGRATION_REPOSITORY])
def test_every_link_of_a_case_leads_somewhere(told: tuple[Rig, str], role: Role) -> None:
    rig, case_id = told
    at = seat(rig, role)
    for link in set(links(at.get(f"/cases/{case_id}"))) - {"/sign-out"}:
        for further in links(at.get(link)) if link.startswith("/messages") else ():
            at.get(further)


def test_a_case_page_says_what_comes_next_by_when_and_who_decided_what(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    page = text_of(seat(rig, Role.JAIL).get(f"/cases/{case_id}"))
    assert "the hold ends by itself" in page
    assert "48 hours left, by 6 October 2010, 08:00 UTC" in page
    assert "OFFICIAL decide" in page
    assert "Detainer . Reason: as seen" in page
    assert "May a named officer ask the jail to hold the person?" in page
    assert "known to the immigration repository (this does not mean removable)" in page


def test_a_case_page_begins_with_one_sentence_then_the_picture_then_the_answers(make: Callable[..., Rig]) -> None:
    rig = make()
    case_id = rig.until_examined()
    at = seat(rig, Role.STATE_BUREAU)
    page = text_of(at.get(f"/cases/{case_id}"))
    said = "Waits for a specialist of the support center until 4 October 2010, 12:00 UTC (4 hours left)."
    assert at.json(f"/cases/{case_id}.json")["sentence"] == said
    assert page.index(said) < page.index("The picture") < page.rindex("What the repositories answered")
    assert page.index("What the repositories answered") < page.index("The story so far")
    assert "Pending is not no" not in page, "everybody has answered"
    rig.decide(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id, "unknown")
    assert "Waits for an officer of the field office, no deadline." in text_of(at.get(f"/cases/{case_id}"))
    rig.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "no_action")
    assert "Has ended: no action. Nothing waits" in text_of(at.get(f"/cases/{case_id}"))


def test_pending_says_since_when_and_an_error_says_why(make: Callable[..., Rig]) -> None:
    rig = make()
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    rig.wait(timedelta(hours=1))
    page = text_of(seat(rig, Role.STATE_BUREAU).get(f"/cases/{case_id}"))
    assert "waiting for the immigration repository since 4 October 2010, 08:00 UTC" in page
    assert "Overdue since 45 minutes" in page
    assert "Waits for an examiner of the immigration repository, overdue since 4 October 2010, 08:15 UTC." in page
    assert "Pending is not no" in page
    partial = make()
    partial.matcher(Role.IMMIGRATION_REPOSITORY).shards = (1, 2)
    partial.known_to_immigration("P9")
    case_id = partial.book(card("P7"))
    page = text_of(seat(partial, Role.AGENCY).get(f"/cases/{case_id}"))
    assert "could not answer in full: 1 of 2 parts of the gallery answered" in page


def test_html_in_names_and_reasons_is_text_in_the_picture_too(make: Callable[..., Rig]) -> None:
    rig = make()
    case_id = rig.until_status()
    rig.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "detainer", by=EVIL, **PERMITTED)
    at = seat(rig, Role.FIELD_OFFICE, name=EVIL)
    for path in (f"/cases/{case_id}", address(rig, Role.JAIL, case_id, Kind.DETAINER), "/ledger/field_office"):
        page = at.get(path)
        assert "alert(1)" in page
        assert "<script>alert" not in page


# --- outside of a demo ------------------------------------------------------------------------------------------------


STAFF = {
    "BOB BOOKER": ("agency", "booking_officer"), "ANN EXAMINER": ("immigration_repository", "examiner"),
    "OLE OFFICER": ("field_office", "officer"), "JOE JAILER": ("jail", "jail_clerk"),
    "AMY AUDITOR": ("jail", "auditor"),
}  # fmt: skip
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def staffed(told: tuple[Rig, str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Desktop]:
    """Give a way to sign in with a name and a password at the network of `told`, as in a real network."""
    folder = tmp_path_factory.mktemp("accounts")
    accounts = AccountFile(folder, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    for name, (party, role) in STAFF.items():
        accounts.add(name, party, role, PASSWORD)
    app = create_app(signing(told[0]), is_demo=False, accounts=accounts)

    return lambda name: Desktop(app).sign_in(name, PASSWORD)


def test_a_party_sees_its_own_messages_and_no_other_partys(told: tuple[Rig, str], staffed) -> None:
    rig, case_id = told
    at = staffed("JOE JAILER")
    page = at.get(f"/cases/{case_id}")
    assert {unescape(name).partition(",")[0] for _, name in ARROW.findall(page)} == {
        "request to hold from field office to jail",
        "answer to the request from jail to field office",
        "custody report from jail to field office",
    }
    for link in {link for link in links(page) if link.startswith(("/messages", "/why", "/ledger"))}:
        at.get(link)
    about = text_of(at.get(address(rig, Role.JAIL, case_id, Kind.DETAINER)))
    assert "jail, entry" in about
    assert "field office, entry" not in about


@pytest.mark.parametrize("door", ["/messages", "/bodies", "/envelopes"])
def test_another_partys_message_is_refused(told: tuple[Rig, str], staffed, door: str) -> None:
    rig, case_id = told
    at = staffed("JOE JAILER")
    before = len(rig.entries(Role.JAIL))
    place = address(rig, Role.FIELD_OFFICE, case_id, Kind.IAR).replace("/messages", door, 1)
    assert "belongs to another party" in text_of(at.get(place, 403))
    at.get(f"{place}.json", 403)
    assert len(rig.entries(Role.JAIL)) == before


@pytest.mark.parametrize("path", ["/ledger/field_office", "/ledger/field_office/0.json", "/why/field_office/1"])
def test_another_partys_ledger_and_reasons_are_refused_but_not_to_an_auditor(
    told: tuple[Rig, str], staffed, path: str
) -> None:
    assert "This is another party's ledger" in text_of(staffed("JOE JAILER").get(path, 403))
    staffed("AMY AUDITOR").get(path)


def test_an_auditor_reads_entries_and_not_what_people_wrote_in_messages(told: tuple[Rig, str], staffed) -> None:
    rig, case_id = told
    at = staffed("AMY AUDITOR")
    answered = next(row for row in rig.entries(Role.FIELD_OFFICE, "task_answered"))
    page = text_of(at.get(f"/ledger/field_office/{answered['sequence']}"))
    assert "OFFICIAL decide answers detainer" in page
    assert "as seen" not in page
    assert "as seen" not in at.get("/ledger/field_office")
    at.get(address(rig, Role.JAIL, case_id, Kind.DETAINER), 403)
    at.get(f"/cases/{case_id}", 403)


def test_what_a_role_does_not_see_in_full_is_masked_and_the_bytes_are_not_given_out(
    told: tuple[Rig, str], staffed
) -> None:
    rig, case_id = told
    booker, jailer = staffed("BOB BOOKER"), staffed("JOE JAILER")
    second = address(rig, Role.AGENCY, case_id, Kind.SECOND_SRE)
    page = text_of(booker.get(second))
    assert "what is said about the legal status" in page
    assert "REMOVABLE" not in page
    assert "not given out" in page
    assert "REMOVABLE" not in booker.get(f"{second}.json")
    assert booker.json(f"{second}.json")["masked"] == ["legal_status"]
    booker.get(second.replace("/messages", "/bodies", 1), 403)
    booker.get(second.replace("/messages", "/envelopes", 1), 403)
    request = address(rig, Role.JAIL, case_id, Kind.DETAINER)
    assert "SAMPLESON,PERSON QUINCE" in text_of(jailer.get(request))
    jailer.get(request.replace("/messages", "/bodies", 1))


# --- messages ---------------------------------------------------------------------------------------------------------


def test_a_message_shows_who_to_whom_its_fields_signature_receipt_and_ledgers(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    page = text_of(seat(rig, Role.JAIL).get(address(rig, Role.JAIL, case_id, Kind.DETAINER)))
    for said in (
        "From field office To jail", "SAMPLESON,PERSON QUINCE",
        "The signature verifies", "signed that exactly this message arrived", "jail, entry 0", "field office, entry",
        "✓ verifies", "7b 22",
    ):  # fmt: skip
        assert said in page
    assert "does not verify" not in page


def test_a_message_and_its_files_are_given_out_as_they_were_sent(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    at = seat(rig, Role.STATE_BUREAU)
    place = address(rig, Role.STATE_BUREAU, case_id, Kind.CAR)
    sent = rig.messages(Role.STATE_BUREAU, case_id, Kind.CAR)[0]
    for path, expected in (("bodies", sent.body), ("envelopes", sent.to_bytes())):
        answer = at.client.get(place.replace("/messages", f"/{path}", 1))
        assert answer.content == expected
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith('attachment; filename="CAR-')
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_messages_that_answer_each_other_are_linked(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    at = seat(rig, Role.JAIL)
    request, answer = (address(rig, Role.JAIL, case_id, kind) for kind in (Kind.DETAINER, Kind.DETAINER_ANSWER))
    assert answer in links(at.get(request))
    assert request in links(at.get(answer))


def test_a_look_at_a_message_is_on_the_lookers_ledger(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    place = address(rig, Role.JAIL, case_id, Kind.DETAINER)
    seat(rig, Role.SUPPORT_CENTER, "LOU LOOKER").get(place)
    look = rig.entries(Role.SUPPORT_CENTER, "looked_at")[-1]
    assert (look["person"], look["case"]) == ("LOU LOOKER", case_id)
    assert place.endswith(str(look["message"]))
    page = seat(rig, Role.SUPPORT_CENTER).get(f"/ledger/support_center/{look['sequence']}")
    assert str(look["rule"]) in page
    assert "/why/access" in links(page)


def test_a_changed_header_does_not_verify_and_a_changed_body_is_not_given_out(make: Callable[..., Rig]) -> None:
    rig = make()
    case_id = rig.until_detainer()
    sign(rig)
    at = seat(rig, Role.JAIL)
    message = rig.messages(Role.JAIL, case_id, Kind.DETAINER)[0]
    place = address(rig, Role.JAIL, case_id, Kind.DETAINER)
    assert "The signature verifies" in at.get(place)
    head = json.loads(message.head())
    forged = canonical_json(head | {"tcr": "FORGED-0001"}).decode()
    change(rig, Role.JAIL, "update messages set head = :head where id = :id", head=forged, id=message.id)
    page = at.get(place)
    assert "The signature does not verify" in page
    assert "signed for other bytes" in page
    assert "another hash" in page
    assert at.json(f"{place}.json")["signature"]["verifies"] is False
    original, body = message.head().decode(), message.body.replace(b"as seen", b"AS SEEN")
    statement = "update messages set head = :head, body = :body where id = :id"
    change(rig, Role.JAIL, statement, head=original, body=body, id=message.id)
    page = at.get(place)
    assert "does not have the signed hash" in page
    assert "STORE_DAMAGED" in page
    at.get(place.replace("/messages", "/bodies", 1), 500)


# --- ledgers ----------------------------------------------------------------------------------------------------------


def test_a_proof_can_be_taken_away_and_checked_without_this_site(told: tuple[Rig, str]) -> None:
    rig, _ = told
    proof = seat(rig, Role.JAIL).json("/ledger/field_office/3.json")
    key = PublicKey.from_text(proof["public_key"])
    checkpoint = verify_checkpoint(proof["checkpoint"].encode(), key, "tenprint/field_office")
    assert verify_disclosure(Disclosure.from_bytes(canonical_json(proof["disclosure"])), checkpoint)
    assert proof["checked_here"]["state"] == "proved"


def test_a_changed_entry_does_not_verify(make: Callable[..., Rig]) -> None:
    rig = make()
    case_id = rig.until_detainer()
    sign(rig)
    at = seat(rig, Role.JAIL)
    assert "This entry verifies" in at.get("/ledger/jail/2")
    changed = """update ledger_entries set fields = replace(fields, '"note":"', '"note":"not ') where sequence = 1"""
    change(rig, Role.JAIL, changed)
    assert "note is not what the entry committed to" in at.get("/ledger/jail/1")
    assert "note" in at.json("/ledger/jail.json")["faults"][0]
    assert "note is not what the entry committed to" in at.get(address(rig, Role.JAIL, case_id, Kind.DETAINER))


def test_an_entry_that_cannot_be_read_is_said(make: Callable[..., Rig]) -> None:
    rig = make()
    case_id = rig.until_detainer()
    sign(rig)
    change(rig, Role.JAIL, "update ledger_entries set salts = '{}' where sequence = 1")
    at = seat(rig, Role.JAIL)
    page = at.get(address(rig, Role.JAIL, case_id, Kind.DETAINER))
    assert "Entry 1 of the ledger of the jail is damaged and cannot be shown." in page
    assert "The signature verifies" in page
    assert "is not what was written" in at.get("/ledger/jail/1", 500)


def test_a_case_number_that_somebody_made_up_comes_on_no_ledger(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    at = seat(rig, Role.JAIL)
    before = [len(node.store.leaf_hashes()) for node in rig.all]
    for made_up in ("QUILL SAMPLESON WAS HERE", "x" * 500, f"{case_id}%20"):
        assert "no entry of a case" in at.get(f"/ledger/jail?case={made_up}", 404)
    assert [len(node.store.leaf_hashes()) for node in rig.all] == before


@pytest.mark.parametrize(
    "damage",
    ["salts = '{}'", "fields = '{}', salts = '{}'", "commitments = 'x'", "fields = replace(fields, '2010', 'MMX')"],
)
def test_one_damaged_entry_is_shown_as_damaged_and_the_rest_stays_readable(
    make: Callable[..., Rig], damage: str
) -> None:
    rig = make()
    case_id = rig.until_held()
    sign(rig)
    at = seat(rig, Role.JAIL)
    whole = at.json(f"/cases/{case_id}.json")["story"]
    lost = next(line for line in whole if line["party"] == "jail" and line["kind"] == "received")
    place = lost["entry"].rpartition("/")[2]
    change(rig, Role.JAIL, f"update ledger_entries set {damage} where sequence = {place}")
    case = at.json(f"/cases/{case_id}.json")
    fault = f"Entry {place} of the ledger of the jail is damaged and cannot be shown."
    assert case["ledger_faults"] == [fault]
    assert {line["entry"] for line in whole} - {line["entry"] for line in case["story"]} == {lost["entry"]}
    assert fault in at.get(f"/cases/{case_id}")
    for path in ("/ledger/jail", f"/ledger/jail?case={case_id}"):
        page = text_of(at.get(path))
        assert f"Entry {place} is damaged and cannot be shown." in page and f"Entry {int(place) + 1} ," in page
    why = next(line["page"] for line in whole if line["page"].startswith("/why/jail"))
    assert "Why" in at.get(why)


def test_a_damaged_entry_among_those_that_came_since_the_last_look_is_shown_as_damaged(
    make: Callable[..., Rig],
) -> None:
    rig = make()
    case_id = rig.until_detainer()
    at = seat(rig, Role.JAIL)
    at.get("/ledger/jail")
    at.get(f"/cases/{case_id}")  # this look is a new entry
    place = len(rig.nodes[Role.JAIL].store.leaf_hashes()) - 1
    change(rig, Role.JAIL, f"update ledger_entries set salts = '{{}}' where sequence = {place}")
    assert f"Entry {place} is damaged and cannot be shown." in text_of(at.get("/ledger/jail"))


def test_an_entry_under_other_commitments_is_not_the_one_that_was_signed(make: Callable[..., Rig]) -> None:
    rig = make()
    rig.until_detainer()
    sign(rig)
    with rig.nodes[Role.JAIL].store._engine.begin() as connection:
        row = connection.execute(sa.text("select * from ledger_entries where sequence = 1")).mappings().one()
    statement = "update ledger_entries set salts = :salts, commitments = :commitments, fields = :fields"
    fields = json.loads(row["fields"]) | {"sequence": 2}
    forged = seal(fields, SeededRandomSource("forger"))
    change(
        rig, Role.JAIL, f"{statement} where sequence = 2", fields=json.dumps(forged.fields),
        salts=json.dumps({name: salt.hex() for name, salt in forged.salts.items()}),
        commitments=json.dumps(forged.commitments),
    )  # fmt: skip
    at = seat(rig, Role.JAIL)
    assert "it is not the one that the signed checkpoint covers" in at.get("/ledger/jail/2")
    assert "are not those whose root was signed" in at.get("/ledger/jail")


def test_an_entry_that_no_checkpoint_covers_says_so_and_nothing_is_wrong(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    at = seat(rig, Role.AGENCY)
    at.get(f"/cases/{case_id}")  # the look is newer than the checkpoint
    last = len(rig.entries(Role.AGENCY)) - 1
    page = at.get(f"/ledger/agency/{last}")
    assert "is newer and is not proved yet" in page
    assert "entries are newer" in at.get("/ledger/agency")
    assert "It verifies" in at.get("/ledger/agency")


def test_a_long_log_is_checked_at_its_end_and_at_its_root(make: Callable[..., Rig], monkeypatch) -> None:
    rig = make()
    rig.until_detainer()
    sign(rig)
    monkeypatch.setattr(proofs, "MAX_CHECKED", 5)
    page = text_of(seat(rig, Role.STATE_BUREAU).get("/ledger/state_bureau"))
    assert "It verifies: the newest 5 entries and the root." in page


@pytest.mark.parametrize(
    "path",
    [
        "/ledger/jail/-1", "/ledger/jail/1e3", "/ledger/jail/99999999", "/ledger/jail/0.json.json", "/ledger/nobody",
        "/ledger/..%2fjail/0", "/ledger/jail/%00", "/why/jail/0", "/why/jail/x", "/why/nobody/1",
        "/messages/jail/field_office/../../../../etc/passwd", "/messages/jail/field_office/..%2f..%2fnetwork.toml",
        "/messages/nobody/x/y", "/messages/jail/field_office/' OR 1=1 --", "/messages/jail/field_office/%00",
        "/bodies/jail/field_office/..%2f..%2fkey", "/envelopes/jail/field_office/none", "/cases/..%2f..%2fx.json",
        "/network/checkpoints/nobody", "/network/checkpoints/..%2f..%2fkey",
    ],
)  # fmt: skip
def test_tricks_in_an_address_lead_nowhere(told: tuple[Rig, str], path: str) -> None:
    answer = seat(told[0], Role.JAIL).client.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "path", ["/cases/x.json", "/messages/jail/a/b", "/ledger/jail", "/ledger/jail/0", "/why/jail/1"]
)
def test_without_signing_in_only_the_public_page_is_shown(told: tuple[Rig, str], path: str) -> None:
    seat(told[0], None).get(path, 401)


# --- reasons ----------------------------------------------------------------------------------------------------------


def test_every_decision_has_a_why_whose_facts_lead_to_the_same_rule(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    at = seat(rig, Role.FIELD_OFFICE)
    reasons = [told["page"] for told in at.json(f"/cases/{case_id}.json")["story"] if told["kind"] == "decision"]
    assert len(reasons) > 12
    for page in reasons:
        why = at.json(f"{page}.json")
        assert why["asked_again"]["is_same"], why
        assert [rule["id"] for rule in why["rules_read"]][-1] == why["rule"]["id"]
        assert why["rule"]["source"]
        assert not any(all(c["state"] == "holds" for c in rule["conditions"]) for rule in why["rules_read"][:-1])


def test_a_why_page_names_question_rule_source_facts_and_lookers(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    at = seat(rig, Role.FIELD_OFFICE, "WANDA WHY")
    story = at.json(f"/cases/{case_id}.json")["story"]
    page = next(told["page"] for told in story if told["rule"] == "detainer-permitted")
    said = text_of(at.get(page))
    for words in (
        "May a named officer ask the jail to hold the person?", "Rule detainer-permitted of the programme",
        "(version 2010-10, in force since 1 October 2010, no end on record)", "8 CFR 287.7(a)",
        "what the person was shown", "the same rule answers", "What other rules were looked at",
        "must be US citizen. Found: removable under the ground recorded. Not met.", "all 10 of its conditions are met",
        "So the answer is: permitted",
        "WANDA WHY (field office) looked at the case",
    ):  # fmt: skip
        assert words in said


# --- who may not see it yet -------------------------------------------------------------------------------------------


def test_an_examiner_without_a_first_finding_sees_no_message_entry_or_reason_of_the_case(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    sign(rig)
    at = seat(rig, Role.IMMIGRATION_REPOSITORY, "EVE EXAMINER")
    kept = [
        address(rig, Role.IMMIGRATION_REPOSITORY, case_id, Kind.IDENT_SEARCH),
        address(rig, Role.AGENCY, case_id, Kind.STATE_SRE),
        "/ledger/immigration_repository/1",
        "/ledger/state_bureau/3",
        f"/ledger/state_bureau?case={case_id}",
        "/why/state_bureau/1",
    ]
    kept += [kept[0].replace("/messages", f"/{door}", 1) for door in ("bodies", "envelopes")]
    kept += [f"{kept[0]}.json", "/ledger/immigration_repository/1.json"]
    # What is not there, is no decision, or is masked besides is answered alike: no answer tells what there is.
    nowhere = ["/why/state_bureau/0", "/why/state_bureau/99999", "/ledger/state_bureau/99999"]
    nowhere += [f"/{door}/state_bureau/agency/none" for door in ("messages", "bodies", "envelopes")]
    assert len({re.sub(r"csrf.*?>", "", at.get(path, 403)) for path in kept + nowhere}) == 1
    before = len(rig.entries(Role.IMMIGRATION_REPOSITORY, "looked_at"))
    for path in kept:
        assert "kept back until you have recorded" in text_of(at.get(path, 403)), path
    assert len(rig.entries(Role.IMMIGRATION_REPOSITORY, "looked_at")) == before
    page = at.get(f"/cases/{case_id}")
    assert "<svg" not in page
    assert "no record found" not in page
    assert at.json(f"/cases/{case_id}.json")["story"] == []
    assert "Entry 0" not in text_of(at.get("/ledger/immigration_repository"))
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "identification", by="EVE EXAMINER")
    sign(rig)
    for path in kept:
        if path != "/why/state_bureau/1":
            at.get(path)
    for path in nowhere:
        assert "kept back" not in at.get(path, 404)


def test_who_may_not_see_a_message_yet_is_not_told_either_that_its_bytes_are_masked_or_damaged(
    rig: Rig, tmp_path
) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    accounts = AccountFile(tmp_path, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts.add("EVE EXAMINER", "immigration_repository", "examiner", PASSWORD)
    at = Desktop(create_app(signing(rig), is_demo=False, accounts=accounts)).sign_in("EVE EXAMINER", PASSWORD)
    there = address(rig, Role.IMMIGRATION_REPOSITORY, case_id, Kind.IDENT_SEARCH)
    for door in ("bodies", "envelopes"):
        path = there.replace("/messages", f"/{door}", 1)
        assert "kept back until you have recorded" in at.get(path, 403) and "masked" not in at.get(path, 403)
    assert rig.entries(Role.IMMIGRATION_REPOSITORY, "looked_at") == []
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "identification", by="EVE EXAMINER")
    assert "BYTES_MASKED" in at.get(path, 403)


# --- the public page --------------------------------------------------------------------------------------------------


def test_anybody_sees_who_takes_part_under_which_rules_and_no_small_count(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    at = seat(rig, None)
    page = text_of(at.get("/network"))
    for said in (
        "field office",
        "XXERO0001",
        "Secure Communities, October 2010",
        "10 or fewer",
        "not recorded",
        "Counted on",
    ):
        assert said in page
    assert "bookings 10 or fewer" in page
    assert case_id not in page
    assert "SAMPLESON" not in page
    rows = [word for table in at.json("/network.json")["counts"] for word in table["rows"].values()]
    assert set(rows) == {"10 or fewer"}
    assert {party["checkpoint"] for party in at.json("/network.json")["parties"]} == {None}
    assert {party["first_entry_at"] for party in at.json("/network.json")["parties"]} == {None}
    assert "is published yet" in at.get("/network/checkpoints/jail", 404)


def test_the_public_page_says_since_when_and_by_whose_decision_a_party_takes_part(told: tuple[Rig, str]) -> None:
    rig, _ = told
    jail = rig.nodes[Role.JAIL].party
    at = seat(rig, None)
    assert "Connected since not recorded" in text_of(at.get("/network"))
    jail.settings.update(connected_since="2010-10-04", connected_by="the county's board")
    try:
        page = text_of(seat(rig, None).get("/network"))
        (member,) = [one for one in seat(rig, None).json("/network.json")["parties"] if one["party"] == jail.id]
    finally:
        jail.settings.clear()
    assert "Connected since 4 October 2010" in page and "By whose decision the county's board" in page
    assert (member["connected_since"], member["takes_part_by_decision_of"]) == ("2010-10-04", "the county's board")


def test_the_public_page_lists_every_row_whether_anything_happened_or_not(told: tuple[Rig, str]) -> None:
    def rows(rig: Rig) -> list[tuple[str, str]]:
        tables = seat(rig, None).json("/network.json")["counts"]
        return [(table["title"], row) for table in tables for row in table["rows"]]

    rig, _ = told
    with rigs() as make:
        assert rows(make()) == rows(rig)
    counted = [node.store.counts() for node in rig.all]
    assert {(kind, answer) for each in counted for kind, answer in each.answers} <= {
        (kind, answer) for kind, answers in public_view.DECISIONS.items() for answer in answers
    }
    assert {kind for each in counted for kind in each.cases_by_message} <= set(public_view.MESSAGES)


def test_what_was_published_stays_until_the_next_day_however_often_somebody_asks(
    make: Callable[..., Rig], monkeypatch
) -> None:
    monkeypatch.setattr(public, "FRESH_SECONDS", -1)
    monkeypatch.setattr(public_view, "LEDGER_STEP", 1)
    monkeypatch.setattr(public_view, "SMALL", 1)
    monkeypatch.setattr(public_view, "ROUND_TO", 1)
    rig = make()
    rig.until_held()
    sign(rig)
    at = seat(rig, None)
    first = at.get("/network.json")
    assert json.loads(first)["counts"][0]["rows"]["bookings"] == "about 1"
    rig.book(card("P8", tcn="TCN-2010-0000002"))
    sign(rig)
    rig.clock.advance(timedelta(hours=1))
    assert at.get("/network.json") == first
    rig.clock.advance(timedelta(days=1))
    later = at.json("/network.json")
    assert later["counts"][0]["rows"]["bookings"] == "about 2"
    sizes = [int(party["checkpoint"].split("\n")[1]) for party in later["parties"]]
    assert sizes > [int(party["checkpoint"].split("\n")[1]) for party in json.loads(first)["parties"]]


def test_no_published_number_gives_a_small_one_away() -> None:
    published = public_view.Published()
    assert [published.word("T", "a", count) for count in (0, 10, 11, 21, 22, 30)] == [
        "10 or fewer", "10 or fewer", "about 10", "about 10", "about 20", "about 20"
    ]  # fmt: skip
    withheld = public_view.NOT_TOLD
    assert published.parts("P", {"a": 3, "b": 40, "c": 30}) == (
        ("a", "10 or fewer"), ("b", "about 40"), ("c", withheld)
    )  # fmt: skip
    assert withheld not in dict(published.parts("Q", {"a": 3, "b": 4, "c": 30})).values()
    nested = published.nested("N", {"sent": 40, "searched": 36, "known": 20})
    assert dict(nested) == {"sent": "about 40", "searched": withheld, "known": "about 20"}
    steps = [published.note("jail", size, b"%d" % size) for size in (9, 249, 250, 499, 500, 501)]
    assert steps == [b"", b"", b"250", b"250", b"500", b"500"]


def test_a_checkpoint_of_the_public_page_verifies_with_the_key_beside_it(told: tuple[Rig, str], monkeypatch) -> None:
    monkeypatch.setattr(public_view, "LEDGER_STEP", 1)
    rig, _ = told
    note = seat(rig, None).client.get("/network/checkpoints/jail")
    assert note.headers["content-type"].startswith("text/plain")
    assert "public" in note.headers["cache-control"]
    key = PublicKey(rig.nodes[Role.JAIL].party.public_key)
    assert verify_checkpoint(note.content, key, "tenprint/jail").size > 0


def test_the_public_page_is_counted_once_for_many_visitors(told: tuple[Rig, str], monkeypatch) -> None:
    rig, _ = told
    at, counted = seat(rig, None), []
    store = type(rig.nodes[Role.JAIL].store)
    counts = store.counts
    monkeypatch.setattr(store, "counts", lambda own: counted.append(1) or counts(own))
    for _ in range(5):
        at.get("/network")
    assert len(counted) == len(rig.nodes)


# --- the same as JSON -------------------------------------------------------------------------------------------------


def test_every_page_has_a_json_twin_that_says_the_same(told: tuple[Rig, str]) -> None:
    rig, case_id = told
    at = seat(rig, Role.JAIL)
    case = at.json(f"/cases/{case_id}.json")
    assert (case["case"], case["state"]) == (case_id, "held")
    assert {said["state"] for said in case["repositories"]} == {"no_match", "match"}
    assert case["next"][0]["due_at"] == (START + timedelta(hours=48)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    message = at.json(f"{address(rig, Role.JAIL, case_id, Kind.DETAINER)}.json")
    assert message["header"]["kind"] == "DETAINER"
    assert message["signature"]["verifies"]
    assert {entry["state"] for entry in message["ledger"]} == {"proved"}
    assert at.json("/ledger/jail.json")["faults"] == []
    assert len(at.json("/network.json")["parties"]) == len(rig.nodes)
