"""The log of a whole run: events with ids and codes as JSON lines, and nothing of any person."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from console_rig import Desktop, console, sign
from exchange_rig import BOOKING, GROUND, Rig, card, fingers_of
from post_rig import doors
from test_adapters_drop import leave, opened
from test_exchange_dispositions import TWO_CHARGES
from watch_rig import watched

from tenprint import records
from tenprint.bootstrap import logging_to
from tenprint.core.canonical import sha256_hex
from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.observing import Event, Happening
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.ledger.keys import generate_key

OFFICIALS = ("EXAMINER EDNA EXAMPLE", "OFFICER OLE EXAMPLE", "CLERK GAVEL", "MAYOR FIXTURE")
DOCKET, LETTER = "CR-2010-17 (fictitious)", "letter 17 (fictitious)"
FILE = "sampleson_sample_1980.eft"
REMARK = "a remark on the person"
FIELDS = {
    "time", "level", "event", "party", "kind", "message", "case", "code", "stage", "milliseconds", "status", "method",
    "page", "logger", "sender", "bytes",
}  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """Give the file of a log that tells everything."""
    path = tmp_path / "logs" / "tenprint.log"
    with logging_to(path, "debug"):
        yield path


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def whole_life(rig: Rig) -> None:
    """Let a person be booked, found, held and released late, with everything going wrong that is logged."""
    watched(rig)
    deliver = rig.post.deliver

    def fails(problem: Exception) -> None:
        def failing(*_: object) -> bytes:
            raise problem

        rig.post.deliver = failing  # type: ignore[method-assign]
        rig.book(card("P8", tcn=f"TCN-2010-{type(problem).__name__:0>8.8}"))
        rig.post.deliver = deliver  # type: ignore[method-assign]

    fails(StorageError("PARTY_UNREACHABLE", f"{BOOKING.nam} is not there"))
    fails(SenderError("KIND_NOT_ACCEPTED", f"{BOOKING.nam} is not taken"))
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "identification", by=OFFICIALS[0])
    rig.decide(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id, "removable", legal_ground=GROUND)
    details = {"evidence": "biometric_and_records", "legal_ground": GROUND}
    questions = {"citizenship_claim": "no", "victim_or_witness": "no"}
    rig.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "detainer", by=OFFICIALS[1], **details, **questions)
    rig.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    rig.wait(timedelta(hours=50))
    body = json.dumps({"name": BOOKING.nam, "remark": REMARK}).encode()
    rig.say(Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY, Kind.IAR, body, "case-1")
    with pytest.raises(SenderError):
        rig.say(Role.SUPPORT_CENTER, Role.JAIL, Kind.IAR, body, "case-1")
    refuse = SenderError("NO_USABLE_FINGER", f"not {BOOKING.nam}")

    def refuses(*_: object) -> None:
        raise refuse

    node = rig.nodes[Role.IMMIGRATION_REPOSITORY]
    node.services.matcher.enroll = refuses  # type: ignore[attr-defined]
    with node.store.transaction() as tx:
        tx.put_enrolment("FIN-P9", fingers_of("P9"), rig.clock.now())
    rig.run()
    sign(rig)
    desk = Desktop(console(rig)).take(Role.JAIL, OFFICIALS[0])
    desk.get(f"/cases/{case_id}")
    desk.get(f"/tasks/{BOOKING.nam}", 404)
    desk.get("/operations", 403)


def of_court_and_city(rig: Rig) -> None:
    """Let a clerk dispose of a charge, and a city ask about a record and be refused one that is nobody's."""
    case_id = rig.book(card("P5", tcn="TCN-2010-0000005", charges=TWO_CHARGES[:1]))
    details = {"decided_on": "2010-10-04", "reference": DOCKET}
    rig.decide(Role.COURT, TaskKind.DISPOSE, case_id, "dismissed", by=OFFICIALS[2], **details)
    for number in ("TCN-2010-0000005", "TCN-2010-9999999"):
        asked = {"tcn": number, "permission": LETTER, "question": f"what stands of {BOOKING.nam}"}
        request_id = dispatch.ask(
            rig.nodes[Role.JURISDICTION], "state_bureau", topic="own_record", about="agency", by=OFFICIALS[3], **asked
        )
        rig.run()
        rig.decide(Role.STATE_BUREAU, TaskKind.ANSWER_REQUEST, request_id, "answer", by=OFFICIALS[0])


def by_folder_and_door(rig: Rig, folder: Path) -> None:
    """Let files come by a drop folder and messages by HTTPS, good ones and such as are refused."""
    (folder / "drop").mkdir()
    with closing(opened(rig, folder / "drop")) as drop:
        leave(folder / "drop", FILE, card("P4", tcn="TCN-2010-0000004"))
        leave(folder / "drop", f"second-{FILE}", card("P4"), checksum=f"{'0' * 64}  second-{FILE}\n")
        rig.clock.advance(timedelta(hours=1))
        drop.poll()
        rig.run()
        drop.poll()
    with doors(rig, folder) as door:
        good, another = door.message("P3"), door.message("P2", recipient="criminal_repository")
        altered = good.to_bytes().replace(b'"tcn":""', b'"tcn":"TCN-2010-X"')
        for wire in (good.to_bytes(), another.to_bytes(), altered, BOOKING.nam.encode()):
            door.send(wire, door.headers(wire))
        door.send(good.to_bytes(), door.headers(good.to_bytes(), key=generate_key(SeededRandomSource("stranger"))))
        door.send(good.to_bytes(), door.headers(good.to_bytes()), path=f"/post/{BOOKING.nam.split(',')[0]}")
    rig.run()


def personal(rig: Rig) -> dict[str, str]:
    """Return what no log may hold, by what it is: of the booking, of people's answers, of every print and file."""
    found = {
        "birth date": BOOKING.dob, "birth date, with hyphens": "1980-02-29", "ground": GROUND, "reason": "as seen",
        "remark": REMARK, "record": "FIN-P", "control number": "TCN-2010", "official": "OFFICIAL",
        "charge": "DRIVING UNDER", "docket": DOCKET, "permission": LETTER, "question": "what stands of", "file": FILE,
        "court's day": "2010-10-04", "height": f'"{BOOKING.hgt}"',
    }  # fmt: skip
    found |= {f"name {word}": word for word in BOOKING.nam.replace(",", " ").split()}
    found |= {f"name {word}": word for name in OFFICIALS for word in name.split()}
    for role, node in rig.nodes.items():
        found[f"key of {role}"] = rig.keys[role].to_text().strip()
        with node.store.transaction() as tx:
            for case in tx.cases():
                for message in tx.messages(case.case_id):
                    found[f"file of {message.id}"] = sha256_hex(message.body)
    for person in ("P2", "P3", "P4", "P5", "P7", "P8", "P9"):
        for image in records.read(card(person)).images():
            found[f"print {person}/{image.fgp}"] = image.data.decode()
            found[f"hash of print {person}/{image.fgp}"] = sha256_hex(image.data)
    return found


def leaks(rig: Rig, text: str) -> list[str]:
    return [what for what, word in personal(rig).items() if re.search(rf"(?<![\w]){re.escape(word)}", text, re.I)]


def test_a_whole_run_logs_its_events_and_not_one_name_date_reason_print_or_key(
    make: Callable[..., Rig], log: Path, tmp_path: Path
) -> None:
    rig = make(court=True, jurisdiction=True)
    whole_life(rig)
    of_court_and_city(rig)
    by_folder_and_door(rig, tmp_path)
    found = lines(log)
    assert len(personal(rig)) > 80
    assert leaks(rig, log.read_text()) == []
    events = {line["event"] for line in found}
    assert events >= {
        "party_started", "message_accepted", "message_handled", "message_put_off", "dead_letter", "delivered",
        "delivery_put_off", "undeliverable", "not_enrolled", "timer_fired", "task_opened", "task_answered", "refused",
        "stage_done", "request_refused", "post_refused", "drop_refused",
    } - {"message_put_off"}  # fmt: skip
    assert {line["party"] for line in found if "party" in line} == {str(role) for role in rig.nodes}
    assert {line["code"] for line in found if line["event"] == "post_refused"} >= {
        "WRONG_RECIPIENT",
        "SIGNATURE_INVALID",
    }
    assert FIELDS.issuperset(name for line in found for name in line)
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("logger", ["tenprint", "tenprint.events", "tenprint.exchange.handling", "tenprint.web"])
def test_the_search_finds_what_somebody_logs_of_a_body(rig: Rig, log: Path, logger: str) -> None:
    case_id = rig.until_examined()
    message = rig.messages(Role.STATE_BUREAU, case_id, Kind.CAR)[0]
    logging.getLogger(logger).info("handling %s", message.body.decode(errors="replace"))
    found = leaks(rig, log.read_text())
    assert {"name SAMPLESON", "birth date", "print P7/1"} <= set(found)
    log.write_text("")
    logging.getLogger(logger).debug("image %s", sha256_hex(records.read(message.body).images()[0].data))
    assert len([what for what in leaks(rig, log.read_text()) if what.startswith("hash of print P7")]) == 1


def test_a_line_says_when_what_where_and_about_which_message_and_case(rig: Rig, log: Path) -> None:
    watched(rig)
    case_id = rig.book(card("P7"))
    line = next(line for line in lines(log) if line["event"] == "message_handled" and line["party"] == "state_bureau")
    message = rig.received(Role.STATE_BUREAU, case_id, Kind.CAR)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(line.pop("time")))
    assert line == {
        "level": "info", "event": "message_handled", "party": "state_bureau", "kind": "CAR", "message": message.id,
        "case": case_id,
    }  # fmt: skip
    timed = next(line for line in lines(log) if line["event"] == "stage_done")
    assert timed["level"] == "debug" and float(str(timed["milliseconds"])) >= 0


def test_ids_and_codes_of_another_form_than_ours_are_not_repeated(log: Path) -> None:
    from tenprint.adapters.event_log import write_event

    write_event(Happening(Event.UNDELIVERABLE, "jail", message="JOHN DOE\nfake", code="DOE, JOHN"))
    (line,) = lines(log)
    assert (line["message"], line["code"]) == ("unreadable", "unreadable")


def test_an_exception_is_told_by_its_type_alone(log: Path) -> None:
    for name in ("tenprint.web", "uvicorn.error"):
        try:
            int(BOOKING.nam)
        except ValueError:
            logging.getLogger(name).exception("broken by %s", BOOKING.nam)
    text = log.read_text()
    assert [(line["event"], line["error"]) for line in lines(log)] == [("broken", "ValueError")] * 2
    assert "SAMPLESON" not in text and "Traceback" not in text


def test_a_quiet_log_tells_what_went_wrong_only_and_ends_with_its_block(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "quiet.log"
    with logging_to(path, "warning"):
        watched(rig)
        rig.book(card("P7"))
        assert path.read_text() == ""
        rig.say(Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY, Kind.IAR, b"no IAR", "case-1")
    rig.say(Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY, Kind.IAR, b"no IAR", "case-2", id="said-2")
    (line,) = lines(path)
    assert (line["event"], line["level"], line["case"]) == ("dead_letter", "error", "case-1")


def test_a_log_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError), logging_to(tmp_path, "info"):
        pass
