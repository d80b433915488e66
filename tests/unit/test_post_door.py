"""A party's HTTPS door: what it takes in, what it refuses and how, and that no guest can use it up."""

import json
import logging
import re
import resource
import shutil
import socket
import ssl
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from exchange_rig import Rig, blob_file, card
from post_rig import LOCAL, RECEIVER, Door, doors

from tenprint.adapters.certificates import client_context, write_certificate
from tenprint.adapters.post_https import MAX_MESSAGE_BYTES, health_of, refusal_of
from tenprint.core.canonical import sha256_hex
from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange.model.words import Role
from tenprint.ledger.keys import PublicKey, generate_key
from tenprint.ledger.receipt import SignedReceipt, verify_receipt
from tenprint.web.post_server import PatientProtocol

pytestmark = pytest.mark.slow

LARGE = 600_000


@pytest.fixture
def door(rig: Rig, tmp_path: Path):
    with doors(rig, tmp_path) as opened:
        yield opened


def refused(door: Door, wire: bytes, headers: dict[str, str], path: str = "/post") -> tuple[int, str]:
    """Send a request; return status and code of the refusal, which wrote nothing."""
    before = door.kept()
    status, answer = door.send(wire, headers, path)
    told = json.loads(answer)
    assert set(told) == {"code", "message", "hint", "field"}
    assert door.kept() == before
    assert not door.rung.is_set()
    return status, told["code"]


def test_a_message_is_taken_in_once_and_its_receipt_is_the_receivers_word(door: Door) -> None:
    message, post = door.message(), door.post()
    receipt = post.deliver(message.to_bytes(), str(RECEIVER))
    signed = SignedReceipt.from_bytes(receipt)
    assert verify_receipt(signed, PublicKey(door.rig.nodes[RECEIVER].party.public_key))
    assert signed.receipt.message_hash == sha256_hex(message.to_bytes())
    assert door.rung.wait(5)
    assert post.deliver(message.to_bytes(), str(RECEIVER)) == receipt
    assert door.kept() == (1, 1)
    post.close()


def test_a_large_body_goes_through_a_file_and_is_handled_like_any_other(door: Door) -> None:
    body = card("P1") + b" " * LARGE
    message = door.message(body=body)
    receipt = SignedReceipt.from_bytes(door.post().deliver(message.to_bytes(), str(RECEIVER)))
    assert receipt.receipt.message_hash == sha256_hex(message.to_bytes())
    assert blob_file(door.rig, RECEIVER, body).read_bytes() == body
    assert not list((door.rig.nodes[RECEIVER].services.blobs.spool_folder()).iterdir())
    assert door.rig.nodes[RECEIVER].store.message(message.key) == message


def test_a_booking_runs_over_the_door_like_in_one_process(door: Door) -> None:
    rig, message = door.rig, door.message()
    door.post().deliver(message.to_bytes(), str(RECEIVER))
    rig.run()
    assert rig.case(RECEIVER, message.case_id) is not None


def test_a_request_signed_by_another_key_is_refused(door: Door) -> None:
    wire = door.message().to_bytes()
    headers = door.headers(wire, key=generate_key(SeededRandomSource("stranger")))
    assert refused(door, wire, headers) == (401, "SIGNATURE_INVALID")


@pytest.mark.parametrize("late", [-400, 400])
def test_a_request_from_long_ago_or_from_the_future_is_refused_and_worth_another_try(door: Door, late: int) -> None:
    wire = door.message().to_bytes()
    status, answer = door.send(wire, door.headers(wire, late=late))
    assert (status, json.loads(answer)["code"]) == (401, "REQUEST_NOT_FRESH")
    assert isinstance(refusal_of(status, answer, "x"), StorageError)
    assert door.kept() == (0, 0)


def test_another_body_than_the_signed_one_is_refused(door: Door) -> None:
    for size in (0, LARGE):
        wire = door.message(body=card("P1") + b" " * size).to_bytes()
        assert refused(door, wire[:-1] + b"!", door.headers(wire)) == (400, "CONTENT_DIGEST")
    assert not list((door.rig.nodes[RECEIVER].services.blobs.spool_folder()).iterdir())


def test_an_altered_envelope_is_refused_though_its_request_is_signed_anew(door: Door) -> None:
    wire = door.message().to_bytes()
    other = wire.replace(b'"case_id":"case-P1"', b'"case_id":"case-P2"')
    assert refused(door, other, door.headers(other)) == (401, "SIGNATURE_INVALID")
    large = door.message(body=card("P1") + b" " * LARGE).to_bytes()
    other = large[:-1] + b"!"
    assert refused(door, other, door.headers(other)) == (400, "ENVELOPE_INVALID")


def test_a_message_for_another_party_and_one_of_a_stranger_are_refused(door: Door) -> None:
    wire = door.message(recipient="criminal_repository").to_bytes()
    assert refused(door, wire, door.headers(wire)) == (404, "WRONG_RECIPIENT")
    wire = door.message(sender="nobody").to_bytes()
    assert refused(door, wire, door.headers(wire, key_id="nobody")) == (401, "UNKNOWN_SENDER")
    assert refused(door, wire, door.headers(wire)) == (400, "SENDER_DIFFERS")


def test_a_kind_that_its_sender_may_not_say_is_refused(door: Door) -> None:
    wire = door.message(kind="IDR").to_bytes()
    assert refused(door, wire, door.headers(wire)) == (403, "KIND_NOT_ACCEPTED")


def test_an_id_that_was_given_to_another_message_is_refused(door: Door) -> None:
    first, other = door.message("P1"), door.message("P2", id="car-P1")
    post = door.post()
    post.deliver(first.to_bytes(), str(RECEIVER))
    with pytest.raises(SenderError, match="MESSAGE_ID_REUSED"):
        post.deliver(other.to_bytes(), str(RECEIVER))
    assert door.kept() == (1, 1)


@pytest.mark.parametrize("missing", ["signature", "signature-input", "content-digest", "content-type", "host"])
def test_a_request_without_one_of_its_headers_is_refused(door: Door, missing: str) -> None:
    wire = door.message().to_bytes()
    headers = door.headers(wire)
    del headers[missing]
    status, _ = door.send(wire, headers)
    assert status in {400, 401, 415}
    assert door.kept() == (0, 0)


def test_other_addresses_and_methods_have_nothing(door: Door) -> None:
    wire = door.message().to_bytes()
    assert refused(door, wire, door.headers(wire), "/inbox") == (404, "NOT_FOUND")
    assert health_of(door.network.place(str(RECEIVER)), door.network.folder) == ""
    assert health_of(door.network.place("jail"), door.network.folder) == "another program"


def test_bytes_that_are_no_envelope_are_refused(door: Door) -> None:
    for wire in (b"", b"no envelope", b"{}\nbody", b"x" * 100_000):
        assert refused(door, wire, door.headers(wire)) == (400, "ENVELOPE_INVALID")


def test_a_body_of_200_megabytes_is_refused_before_it_is_sent(door: Door) -> None:
    wire = door.message().to_bytes()
    # Not one byte of the body is sent: a door that waited for it would say BODY_TOO_SLOW.
    status, answer = door.send(b"", door.headers(wire, size=200_000_000))
    assert (status, json.loads(answer)["code"]) == (413, "MESSAGE_TOO_LARGE")
    with pytest.raises(SenderError, match="MESSAGE_TOO_LARGE"):
        door.post().deliver(bytes(MAX_MESSAGE_BYTES + 1), str(RECEIVER))


def test_a_sender_of_200_megabytes_who_does_not_listen_is_cut_off(door: Door) -> None:
    wire, sent = door.message().to_bytes(), 0
    head = "".join(f"{name}: {value}\r\n" for name, value in door.headers(wire, size=200_000_000).items())
    with door.connect() as line, pytest.raises((OSError, ssl.SSLError)):
        line.sendall(f"POST /post HTTP/1.1\r\n{head}\r\n".encode())
        while sent < 200_000_000:
            sent += line.send(bytes(1_000_000))
    assert sent < 100_000_000
    assert door.kept() == (0, 0)


def test_a_body_without_length_is_refused(door: Door) -> None:
    wire = door.message().to_bytes()
    headers = door.headers(wire)
    del headers["content-length"]
    status, answer = door.send(b"0\r\n\r\n", headers | {"transfer-encoding": "chunked"})
    assert (status, json.loads(answer)["code"]) == (411, "LENGTH_MISSING")


class Hasty(PatientProtocol):
    header_seconds = 0.3


def test_a_body_with_two_lengths_is_refused(door: Door) -> None:
    wire = door.message().to_bytes()
    head = door.headers(wire) | {"transfer-encoding": "chunked"}
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(wire), wire)
    status, answer = door.send(chunks, head)
    assert (status, json.loads(answer)["code"], door.kept()) == (411, "LENGTH_MISSING", (0, 0))


def test_a_message_from_the_future_is_refused_for_good(door: Door) -> None:
    for ahead, status in ((timedelta(days=1), 200), (timedelta(days=2), 400)):
        wire = door.message(sent_at=door.rig.clock.now() + ahead, id=f"car-{ahead.days}").to_bytes()
        answered = door.send(wire, door.headers(wire))
        assert answered[0] == status
    assert json.loads(answered[1])["code"] == "SENT_IN_FUTURE"


def test_who_is_slow_with_headers_is_cut_off_and_others_are_served(rig: Rig, tmp_path: Path) -> None:
    with doors(rig, tmp_path, protocol=Hasty) as door:
        slow = [door.connect() for _ in range(5)]
        for line in slow:
            line.sendall(b"POST /post HTTP/1.1\r\nhost: x\r\n")
        door.post().deliver(door.message().to_bytes(), str(RECEIVER))
        for line in slow:
            line.settimeout(10)
            with line:
                assert ended(line)
        assert door.kept() == (1, 1)


def ended(line: ssl.SSLSocket) -> bool:
    """Tell whether the other side ends the connection without an answer."""
    try:
        return line.recv(100) == b""
    except (ssl.SSLEOFError, ConnectionError):
        return True


def test_who_is_slow_with_a_body_is_told_so_and_leaves_nothing(rig: Rig, tmp_path: Path) -> None:
    with doors(rig, tmp_path, stall_seconds=0.3) as door:
        wire = door.message(body=card("P1") + b" " * LARGE).to_bytes()
        for part in (wire[:100], wire[:100_000]):
            status, answer = door.send(part, door.headers(wire))
            assert (status, json.loads(answer)["code"]) == (408, "BODY_TOO_SLOW")
            assert isinstance(refusal_of(status, answer, "x"), StorageError)
        assert not list((rig.nodes[RECEIVER].services.blobs.spool_folder()).iterdir())
        assert door.kept() == (0, 0)


def test_a_body_that_drips_is_refused_after_its_whole_time(rig: Rig, tmp_path: Path) -> None:
    with doors(rig, tmp_path, first_seconds=0.5) as door:
        wire = door.message().to_bytes()
        head = "".join(f"{name}: {value}\r\n" for name, value in door.headers(wire).items())
        with door.connect() as line:
            line.sendall(f"POST /post HTTP/1.1\r\n{head}\r\n".encode())
            stop = threading.Event()
            dripping = threading.Thread(target=drip, args=(line, wire, stop))
            dripping.start()
            answer = line.recv(1000)
            stop.set()
            dripping.join(10)
        assert answer.startswith(b"HTTP/1.1 408")


def drip(line: ssl.SSLSocket, wire: bytes, stop: threading.Event) -> None:
    for place in range(len(wire)):
        if stop.wait(0.05):
            return
        try:
            line.send(wire[place : place + 1])
        except OSError:
            return


def test_a_thousand_connections_are_held_the_next_is_told_to_come_later_and_then_served(
    rig: Rig, tmp_path: Path
) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4_000:
        pytest.skip("this system allows a process too few open files")
    with doors(rig, tmp_path, encrypted=False) as door:
        guests = [
            socket.create_connection((LOCAL, door.port), timeout=20) for _ in range(PatientProtocol.max_connections)
        ]
        for guest in (guests[0], guests[-1]):
            guest.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            assert guest.recv(1000).startswith(b"HTTP/1.1 200")
        with socket.create_connection((LOCAL, door.port), timeout=20) as late:
            late.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            answer = late.recv(1000)
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"DOOR_FULL" in answer
        for guest in guests:
            guest.close()
        assert eventually(lambda: health(door.port).startswith(b"HTTP/1.1 200"))


def health(port: int) -> bytes:
    with socket.create_connection((LOCAL, port), timeout=20) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        return line.recv(1000)


def eventually(true) -> bool:
    ends_at = time.monotonic() + 20
    while not true():
        if time.monotonic() > ends_at:
            return False
        time.sleep(0.05)
    return True


def test_a_door_with_another_certificate_is_not_talked_to(door: Door) -> None:
    write_certificate("stranger", door.network.folder / "tls.crt", door.network.folder / "other.key")
    with pytest.raises(StorageError, match="PARTY_UNREACHABLE"):
        door.post().deliver(door.message().to_bytes(), str(RECEIVER))
    assert door.kept() == (0, 0)
    assert client_context(None).verify_mode == ssl.CERT_REQUIRED


def test_nobody_at_the_address_is_worth_another_try_and_the_next_messages_do_not_wait_for_him(
    rig: Rig, tmp_path: Path
) -> None:
    with doors(rig, tmp_path) as door:
        wire = door.message().to_bytes()
    post = door.post()
    for _ in range(2):
        with pytest.raises(StorageError, match="PARTY_UNREACHABLE"):
            post.deliver(wire, str(RECEIVER))
    with pytest.raises(StorageError, match="NO_ADDRESS"):
        post.deliver(wire, "nobody")


def test_what_the_receiver_cannot_keep_is_tried_again_and_its_reason_stays_there(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.rig.nodes[RECEIVER].store.close()
    node = door.rig.nodes[RECEIVER]
    with node.store._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE inbox")
    with pytest.raises(StorageError, match="STORE_OUTDATED") as caught:
        door.post().deliver(door.message().to_bytes(), str(RECEIVER))
    assert "inbox" not in str(caught.value)


def test_a_refusal_is_logged_with_code_and_verified_sender_and_without_names(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    wire = door.message(recipient="criminal_repository").to_bytes()
    with caplog.at_level(logging.WARNING, "tenprint.post"):
        door.send(wire, door.headers(wire))
        door.send(wire, door.headers(wire, key=generate_key(SeededRandomSource("stranger"))))
    first, second = (json.loads(record.getMessage()) for record in caplog.records)
    assert first == {
        "event": "post_refused", "party": "state_bureau", "code": "WRONG_RECIPIENT", "sender": "agency",
        "bytes": len(wire),
    }  # fmt: skip
    assert (second["code"], second["sender"]) == ("SIGNATURE_INVALID", "")
    assert "SAMPLESON" not in caplog.text


@pytest.mark.parametrize(
    ("status", "answer", "family"),
    [
        (400, b'{"code":"ENVELOPE_INVALID","message":"no"}', SenderError),
        (503, b'{"code":"STORE_BUSY","message":"no"}', StorageError),
        (429, b'{"code":"X","message":"no"}', StorageError),
        (401, b'{"code":"REQUEST_NOT_FRESH","message":"no"}', StorageError),
        (404, b"<html>nobody here</html>", StorageError),
        (302, b"", StorageError),
        (400, b'{"code":1,"message":2}', StorageError),
        (400, b"[" * 100_000, StorageError),
        (400, b'{"code":"A\\nB","message":"no"}', StorageError),
        (400, b'{"code":"\\ud800","message":"no"}', StorageError),
        (400, b'{"code":"","message":"no"}', StorageError),
        (400, b'{"code":"' + b"A" * 65 + b'","message":"no"}', StorageError),
    ],
)
def test_an_answer_is_final_only_when_a_party_judges_the_message(status: int, answer: bytes, family: type) -> None:
    assert type(refusal_of(status, answer, "x")) is family


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("curl")), reason="needs openssl and curl")
def test_the_guides_shell_lines_post_a_message(door: Door, tmp_path: Path) -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "guide" / "network.md"
    (lines,) = (block for block in re.findall(r"```sh\n(.*?)```", guide.read_text(), re.DOTALL) if "openssl" in block)
    message = door.message()
    (tmp_path / "message").write_bytes(message.to_bytes())
    (tmp_path / "key").write_text(door.rig.keys[Role.AGENCY].to_text() + "\n")
    for said, meant in {
        "net/parties/agency-1/key": "key", "net/parties/state-1/tls.crt": "tls.crt", "agency-1": "agency",
        "127.0.0.1:8803": door.authority, "$(date +%s)": str(int(door.rig.clock.now().timestamp())),
    }.items():  # fmt: skip
        assert said in lines
        lines = lines.replace(said, meant)
    done = subprocess.run(["bash", "-euc", lines], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert SignedReceipt.from_bytes(done.stdout).receipt.message == message.id, done.stderr
    assert door.kept() == (1, 1)
