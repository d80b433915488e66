"""Connections between parties: kept open, opened anew when one was lost, several at a time; nothing lost or doubled."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from exchange_rig import Rig, card
from post_rig import LOCAL, RECEIVER, Door, doors

from tenprint.adapters import lines
from tenprint.adapters.certificates import client_context, server_context, write_certificate
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.words import Role
from tenprint.web.post_server import PatientProtocol

pytestmark = pytest.mark.slow

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Counted(PatientProtocol):
    """Counts its guests; may cut them off before an answer or after it."""

    guests: ClassVar[list] = []
    cut_before_answer = False

    def connection_made(self, transport) -> None:
        super().connection_made(transport)
        Counted.guests.append(self)
        self.transport = Cut(self.transport)


class Cut:
    """A transport that takes the connection away instead of an answer, once."""

    def __init__(self, transport) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        if Counted.cut_before_answer:
            Counted.cut_before_answer = False
            self._transport.abort()
        else:
            self._transport.write(data)

    def __getattr__(self, name: str):
        return getattr(self._transport, name)


@pytest.fixture
def door(rig: Rig, tmp_path: Path) -> Iterator[Door]:
    Counted.guests, Counted.cut_before_answer = [], False
    with doors(rig, tmp_path, protocol=Counted) as opened:
        yield opened


def deliver(post, *messages) -> list[bytes]:
    return [post.deliver(message.to_bytes(), str(RECEIVER)) for message in messages]


def test_one_connection_serves_all_messages_to_a_party(door: Door) -> None:
    post = door.post()
    deliver(post, door.message("P1"), door.message("P2"), door.message("P3"))
    assert (len(Counted.guests), door.kept()) == (1, (3, 3))
    post.close()


def test_a_connection_that_the_door_closed_between_two_messages_is_opened_anew(door: Door) -> None:
    post = door.post()
    deliver(post, door.message("P1"))
    (guest,) = Counted.guests
    guest.loop.call_soon_threadsafe(guest.transport.close)
    line = post._lines[str(RECEIVER)]._socket
    assert line.recv(1) == b""  # the farewell has come
    deliver(post, door.message("P2"))
    assert (len(Counted.guests), door.kept()) == (2, (2, 2))
    post.close()


def test_a_connection_that_is_lost_before_the_answer_costs_nothing_and_doubles_nothing(door: Door) -> None:
    post = door.post()
    deliver(post, door.message("P1"))
    Counted.cut_before_answer = True  # the door has taken the message in then
    (receipt,) = deliver(post, door.message("P2"))
    assert (len(Counted.guests), door.kept()) == (2, (2, 2))
    assert deliver(post, door.message("P2")) == [receipt]
    post.close()


def test_a_new_connection_that_is_lost_is_left_to_the_outbox(door: Door) -> None:
    post = door.post()
    Counted.cut_before_answer = True
    with pytest.raises(StorageError, match="PARTY_UNREACHABLE"):
        deliver(post, door.message("P1"))
    assert len(Counted.guests) == 1
    post.close()


def test_a_connection_that_was_idle_for_long_is_not_taken_again(door: Door, monkeypatch) -> None:
    post = door.post()
    deliver(post, door.message("P1"))
    monkeypatch.setattr(lines, "KEEP_ALIVE_SECONDS", -1.0)
    deliver(post, door.message("P2"))
    assert (len(Counted.guests), door.kept()) == (2, (2, 2))
    post.close()


def test_whoever_answers_byte_by_byte_keeps_the_sender_no_longer_than_whoever_is_silent(tmp_path: Path) -> None:
    write_certificate("slow", tmp_path / "slow.crt", tmp_path / "slow.key")
    context = server_context(tmp_path / "slow.crt", tmp_path / "slow.key")
    has_enough = threading.Event()

    def drip(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as guest:
            guest.recv(65_536)
            guest.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n")
            for _ in range(200):
                guest.sendall(b"x")
                has_enough.wait(0.1)

    with socket.create_server((LOCAL, 0)) as listener:
        dripping = threading.Thread(target=drip, args=(listener,))
        dripping.start()
        url = f"https://{LOCAL}:{listener.getsockname()[1]}"
        line = lines.Line(url, client_context(tmp_path / "slow.crt"), seconds=0.5)
        line.write("GET", "/health", {})
        with pytest.raises(TimeoutError):
            line.read(1_000)
        has_enough.set()
        dripping.join(30)


@contextmanager
def waiting_doors(folder: Path, count: int) -> Iterator[list[int]]:
    """Open doors that answer one request each, once all of them have got theirs; yields their ports."""
    write_certificate("both", folder / "both.crt", folder / "both.key")
    context = server_context(folder / "both.crt", folder / "both.key")
    meeting = threading.Barrier(count, timeout=20)

    def answer(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        with context.wrap_socket(plain, server_side=True) as guest:
            while b"\r\n\r\nbody" not in guest.recv(65_536):
                pass
            meeting.wait()
            guest.sendall(ANSWER)

    with ExitStack() as open_ones:
        ports = []
        for _ in range(count):
            listener = open_ones.enter_context(socket.create_server((LOCAL, 0)))
            threading.Thread(target=answer, args=(listener,), daemon=True).start()
            ports.append(listener.getsockname()[1])
        yield ports


def test_two_parties_work_on_their_messages_at_the_same_time(door: Door, tmp_path: Path) -> None:
    with waiting_doors(tmp_path, 2) as ports:
        urls = dict(zip((str(Role.JAIL), str(Role.FIELD_OFFICE)), ports, strict=True))
        places = tuple(
            replace(place, url=f"https://{LOCAL}:{urls[place.party.id]}", certificate="both.crt")
            if place.party.id in urls
            else place
            for place in door.network.places
        )
        door.network = replace(door.network, places=places)
        post = door.post()
        letters = [(b"body", party) for party in urls]
        assert post.deliver_all(letters) == [b"ok", b"ok"]
        post.close()


def test_what_goes_wrong_with_one_message_stops_no_other(door: Door) -> None:
    post, good, stranger = door.post(), door.message("P1"), door.message("P2", sender=str(Role.JAIL))
    letters = [(stranger.to_bytes(), str(RECEIVER)), (b"x", "nobody"), (good.to_bytes(), str(RECEIVER))]
    refused, unknown, receipt = post.deliver_all(letters)
    assert isinstance(refused, SenderError)
    assert isinstance(unknown, StorageError)
    assert isinstance(receipt, bytes)
    assert door.kept() == (1, 1)
    post.close()


def test_all_that_is_due_is_handed_over_at_once_where_the_post_can(rig: Rig) -> None:
    handed: list[int] = []

    class Together:
        """A post that counts what it gets together."""

        def deliver(self, wire: bytes, recipient: str) -> bytes:
            raise AssertionError("one by one")

        def cosign(self, request: bytes, witness: str) -> bytes:
            raise AssertionError("no witness here")

        def deliver_all(self, letters):
            handed.append(len(letters))
            return [rig.post.deliver(wire, recipient) for wire, recipient in letters]

    state = rig.nodes[Role.STATE_BUREAU]
    dispatch.submit(rig.nodes[Role.AGENCY], card("P1"))
    dispatch.run_round(rig.nodes[Role.AGENCY])
    dispatch.run_round(replace(state, post=Together()))
    assert handed[0] >= 2
    with state.store.reading() as reader:
        assert not reader.due_messages("outbox", rig.clock.now(), 9)
