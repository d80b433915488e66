"""The rig's HTTPS door with a real server, a real certificate and real sockets."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig_maker import Bench, Memory, a_car

from tenprint import records
from tenprint.adapters.certificates import server_context, write_certificate
from tenprint.core.clock import SystemClock
from tenprint.core.errors import StorageError
from tenprint.web import rig_door
from tenprint.web.post_server import PatientProtocol, door_server
from tenprint.web.rig_door import RigDoor
from tenprint.web.serve import listening_socket

pytestmark = pytest.mark.slow
TOKEN = "token-of-a-test"
EBTS = {"Content-Type": "application/octet-stream"}


class Client:
    """Talks to a served rig."""

    def __init__(self, bench: Bench, port: int, certificate: Path) -> None:
        self.bench, self.port = bench, port
        self.context = ssl.create_default_context(cafile=certificate)

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=20)

    def raw(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return self.context.wrap_socket(plain, server_hostname="localhost")

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str):
        connection = self.connect()
        sent = {"Authorization": f"Bearer {TOKEN}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request(method, path, body, {k: v for k, v in sent.items() if v})
        answer = connection.getresponse()
        answer.content = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def submit(self, data: bytes):
        return self.ask("POST", "/submissions", data, Content_Type="application/octet-stream")

    def code(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        answer = self.ask(method, path, body, **headers)
        told = json.loads(answer.content)
        assert set(told) == {"code", "message", "hint", "field"}
        return answer.status, told["code"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    write_certificate("rig", folder / "certificate.pem", folder / "key.pem")
    return folder / "certificate.pem", folder / "key.pem"


@pytest.fixture
def client(pair: tuple[Path, Path]) -> Iterator[Client]:
    bench = Bench()
    door = RigDoor(bench.rig, TOKEN, SystemClock(), body_seconds=2, stall_seconds=0.5)
    listener, listens = listening_socket(0), threading.Event()
    server = door_server(door.app(), server_context(*pair), listens.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert listens.wait(10)
    yield Client(bench, listener.getsockname()[1], pair[0])
    door.is_ending = server.should_exit = True
    thread.join(timeout=10)
    listener.close()
    assert not thread.is_alive()


def test_a_submission_is_taken_its_answer_fetched_and_acknowledged(client: Client) -> None:
    taken = client.submit(a_car("IDENT-0000001"))
    assert (taken.status, json.loads(taken.content)) == (202, {"id": "s0001", "repeat": False})
    (listed,) = json.loads(client.ask("GET", "/answers").content)["answers"]
    assert (listed["id"], listed["tcr"], listed["tot"]) == ("a0001-1", "IDENT-0000001", "SRE")
    answer = client.ask("GET", "/answers/a0001-1")
    digest = hashlib.sha256(answer.content)
    assert digest.hexdigest() == listed["sha256"]
    assert answer.getheader("Repr-Digest") == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert records.read(answer.content).tcr == "IDENT-0000001"
    assert client.ask("POST", "/answers/a0001-1/taken").status == 200
    assert json.loads(client.ask("GET", "/answers").content) == {"answers": []}
    report = json.loads(client.ask("GET", "/report").content)
    assert report["ok"]
    assert report["submissions"][0]["answers"][0]["fetched"] == 1


def test_an_answer_is_acknowledged_by_delete_too_and_in_three_words(client: Client) -> None:
    client.submit(a_car("UNSOL-0000001"))
    for answer_id in ("a0001-1", "a0001-2"):
        client.ask("GET", f"/answers/{answer_id}")
    assert client.ask("DELETE", "/answers/a0001-1").status == 200
    assert client.ask("POST", "/answers/a0001-2/taken?as=refused").status == 200
    assert json.loads(client.ask("GET", "/report").content)["submissions"][0]["verdict"] == "ok"


def test_a_list_for_shells_has_one_line_an_answer(client: Client) -> None:
    client.submit(a_car("SECOND-000001"))
    said = client.ask("GET", "/answers", Accept="text/plain").content.decode()
    line = said.splitlines()[0].split("\t")
    assert (line[0], line[3], line[4]) == ("a0001-1", "SECOND-000001", "SRE")
    assert len(line[1]) == 64


def test_an_answer_in_pieces_is_the_same_answer(client: Client) -> None:
    client.submit(a_car("PIECES-000001"))
    began = time.monotonic()
    answer = client.ask("GET", "/answers/a0001-1")
    assert time.monotonic() - began > 0.5
    assert records.read(answer.content).tot == "SRE"


def test_waiting_for_an_answer_ends_when_one_is_there_or_the_time_is_over(client: Client) -> None:
    assert json.loads(client.ask("GET", "/answers?wait=1").content) == {"answers": []}
    found: list[bytes] = []
    waiting = threading.Thread(target=lambda: found.append(client.ask("GET", "/answers?wait=20").content))
    waiting.start()
    client.submit(a_car("IDENT-0000001"))
    waiting.join(timeout=15)
    assert b"a0001-1" in found[0]


def test_who_lacks_the_token_learns_and_leaves_nothing(client: Client) -> None:
    for said in ("", "Bearer other", "Basic x", "Bearer \xe9"):
        for method, path in (
            ("POST", "/submissions"),
            ("GET", "/answers"),
            ("GET", "/report"),
            ("DELETE", "/answers/x"),
        ):
            assert client.code(method, path, Authorization=said) == (401, "RIG_TOKEN")
    assert client.bench.rig.came == []


def test_what_is_no_submission_is_refused_with_a_code(client: Client) -> None:
    assert client.code("POST", "/submissions", b"x") == (415, "RIG_CONTENT_TYPE")
    assert client.code("POST", "/submissions", b"x", Content_Type="application/json") == (415, "RIG_CONTENT_TYPE")
    assert client.code("POST", "/submissions", b"", Content_Type="application/octet-stream") == (400, "RIG_EMPTY")
    assert client.code("POST", "/submissions", b"hello", Content_Type="application/octet-stream") == (
        400,
        "RIG_NOT_EBTS",
    )
    assert client.code("POST", "/submissions", b"{}" * 10, Content_Type="application/octet-stream") == (
        400,
        "RIG_NOT_EBTS",
    )
    assert client.bench.report()["counts"]["refused_at_the_door"] == 5


def test_addresses_methods_and_words_that_do_not_exist_are_refused_with_a_code(client: Client) -> None:
    client.submit(a_car("IDENT-0000001"))
    assert client.code("GET", "/nothing") == (404, "RIG_NO_PAGE")
    assert client.code("GET", "/submissions") == (405, "RIG_METHOD")
    assert client.code("GET", "/answers/a0009-1") == (404, "RIG_NO_ANSWER")
    assert client.code("GET", "/answers?wait=ever") == (400, "RIG_WAIT")
    assert client.code("POST", "/answers/a0001-1/taken?as=eaten") == (400, "RIG_OUTCOME")
    client.ask("POST", "/answers/a0001-1/taken")
    assert client.code("DELETE", "/answers/a0001-1?as=refused") == (409, "RIG_ACKNOWLEDGED")


def test_a_body_that_says_or_turns_out_to_be_too_large_is_refused_before_it_is_read(client: Client) -> None:
    connection = client.connect()
    connection.putrequest("POST", "/submissions")
    for name, value in ({"Authorization": f"Bearer {TOKEN}", "Content-Length": str(200 * 1024 * 1024)} | EBTS).items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "RIG_TOO_LARGE")
    connection.close()


def test_a_body_without_a_length_is_cut_off_when_it_becomes_too_large(client: Client, monkeypatch) -> None:
    monkeypatch.setattr(rig_door, "MAX_BYTES", 1000)
    connection = client.connect()
    headers = {"Authorization": f"Bearer {TOKEN}"} | EBTS
    connection.request("POST", "/submissions", iter([b"x" * 600] * 2), headers, encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "RIG_TOO_LARGE")
    connection.close()


def test_a_body_that_stands_still_is_given_up(client: Client) -> None:
    connection = client.connect()
    connection.putrequest("POST", "/submissions")
    for name, value in ({"Authorization": f"Bearer {TOKEN}", "Content-Length": "1000"} | EBTS).items():
        connection.putheader(name, value)
    connection.endheaders(b"1.001:")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (408, "RIG_TOO_SLOW")
    connection.close()
    assert client.submit(a_car("IDENT-0000001")).status == 202


def test_a_connection_that_never_says_what_it_wants_is_closed(client: Client, monkeypatch) -> None:
    monkeypatch.setattr(PatientProtocol, "header_seconds", 0.3)
    with client.context.wrap_socket(
        socket.create_connection(("127.0.0.1", client.port)), server_hostname="localhost"
    ) as slow:
        slow.settimeout(10)
        slow.sendall(b"POST /submissions HTTP/1.1\r\nX-Slow: ")
        assert slow.recv(100) == b""


def test_garbage_instead_of_http_does_not_stop_the_rig(client: Client) -> None:
    for garbage in (
        b"\x00" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /submissions HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ):
        with client.context.wrap_socket(
            socket.create_connection(("127.0.0.1", client.port)), server_hostname="localhost"
        ) as raw:
            raw.settimeout(5)
            raw.sendall(garbage)
            raw.recv(1000)
    assert client.submit(a_car("IDENT-0000001")).status == 202


def test_the_page_shows_what_happened_without_a_name_and_without_a_script(client: Client) -> None:
    client.submit(a_car("IDENT-0000001", hai="PURPLE"))
    page = client.ask("GET", "/", Authorization="")
    text = page.content.decode()
    assert page.status == 200
    assert "IDENT-0000001" in text
    assert "rejection" in text
    assert "SAMPLESON" not in text
    assert "<script" not in text
    assert "script-src" not in page.getheader("Content-Security-Policy")
    assert client.ask("GET", "/static/pico.min.css").status == 200


def test_the_page_is_not_for_a_browser_that_came_by_another_name(client: Client) -> None:
    assert client.code("GET", "/", Host="evil.example:443") == (403, "RIG_HOST")


def test_what_a_submission_says_is_shown_as_text(client: Client) -> None:
    client.submit(a_car("IDENT-<b>&quot;1"))
    text = client.ask("GET", "/").content.decode()
    assert "IDENT-&lt;b&gt;&amp;quot;1" in text


def test_a_disk_that_is_full_is_the_rigs_own_fault_and_the_client_may_try_again(client: Client, monkeypatch) -> None:
    def full(self, event, body=None):
        raise StorageError("STORE_FULL", "no space")

    monkeypatch.setattr(Memory, "keep", full)
    answer = client.submit(a_car("IDENT-0000001"))
    assert (answer.status, answer.getheader("Retry-After"), json.loads(answer.content)["code"]) == (
        503,
        "1",
        "STORE_FULL",
    )
