"""A party's HTTPS door on a port of this machine, in a thread of the test, and a neighbour who posts to it."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from exchange_rig import Rig, card

from tenprint.adapters.certificates import client_context, server_context, write_certificate
from tenprint.adapters.network import NetworkFile, Place
from tenprint.adapters.post_https import HttpsPost
from tenprint.exchange.model import signed_request as signing
from tenprint.exchange.model.envelope import EBTS_CONTENT, Envelope
from tenprint.exchange.model.words import Kind, Role
from tenprint.ledger.keys import PrivateKey
from tenprint.web.post_door import PostDoor
from tenprint.web.post_server import PatientProtocol, door_server, door_socket

LOCAL = "127.0.0.1"
RECEIVER, SENDER = Role.STATE_BUREAU, Role.AGENCY


@dataclass
class Door:
    """The state bureau's door, and what an agency needs to post to it."""

    rig: Rig
    port: int
    network: NetworkFile
    context: ssl.SSLContext
    rung: threading.Event

    @property
    def authority(self) -> str:
        return f"{LOCAL}:{self.port}"

    def post(self) -> HttpsPost:
        return HttpsPost(self.network, str(SENDER), self.rig.keys[SENDER], self.rig.clock)

    def message(self, person: str = "P1", *, body: bytes | None = None, **changes: object) -> Envelope:
        """Return a booking that the agency has signed."""
        values = {
            "id": f"car-{person}", "kind": Kind.CAR, "sender": str(SENDER), "recipient": str(RECEIVER),
            "case_id": f"case-{person}", "sent_at": self.rig.clock.now(), "content_type": EBTS_CONTENT,
            "body": card(person) if body is None else body,
        }  # fmt: skip
        envelope = Envelope(**(values | changes))
        return envelope.signed(self.rig.keys[SENDER].sign(envelope.signed_bytes()))

    def headers(
        self,
        wire: bytes,
        *,
        key: PrivateKey | None = None,
        key_id: str = str(SENDER),
        late: float = 0,
        size: int | None = None,
    ) -> dict[str, str]:
        """Return the headers of a signed request."""
        headers = {
            "content-type": signing.ENVELOPE_CONTENT,
            "content-length": str(len(wire) if size is None else size),
            "content-digest": signing.content_digest(wire),
        }
        target = signing.Target("POST", self.authority, "/post", headers)
        parameters = signing.parameters_of(key_id, self.rig.clock.now() + timedelta(seconds=late))
        base = signing.signature_base(target, signing.COMPONENTS, parameters)
        signature = (key or self.rig.keys[SENDER]).sign(base)
        return headers | {"host": self.authority} | signing.signature_headers(parameters, signature)

    def send(self, wire: bytes, headers: dict[str, str], path: str = "/post") -> tuple[int, bytes]:
        """Send a request as it is; return status and body of the answer."""
        client = http.client.HTTPSConnection(LOCAL, self.port, context=self.context, timeout=20)
        try:
            client.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                client.putheader(name, value)
            client.endheaders(wire)
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    def connect(self) -> ssl.SSLSocket:
        """Return a connection on which nothing was said yet."""
        raw = socket.create_connection((LOCAL, self.port), timeout=20)
        return self.context.wrap_socket(raw, server_hostname=LOCAL)

    def kept(self) -> tuple[int, int]:
        """Return how many messages the receiver took in, and how long its ledger is."""
        node = self.rig.nodes[RECEIVER]
        with node.store.reading() as reader:
            return len(reader.due_messages("inbox", self.rig.clock.now() + timedelta(days=9), 99)), reader.ledger_size()


@contextmanager
def doors(
    rig: Rig, folder: Path, *, protocol: type[PatientProtocol] = PatientProtocol, encrypted: bool = True, **times: float
) -> Iterator[Door]:
    """Open the state bureau's door; `times` are arguments of `PostDoor`."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    write_certificate(str(RECEIVER), certificate, key)
    listener = door_socket(LOCAL, 0)
    port = listener.getsockname()[1]
    node, ready, rung = rig.nodes[RECEIVER], threading.Event(), threading.Event()
    application = PostDoor(node, node.services.blobs, rung.set, **times)
    server = door_server(application, server_context(certificate, key) if encrypted else None, ready.set, protocol)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(20)
    places = tuple(
        Place(party, party.id, "", "", "", "", f"https://{LOCAL}:{port}", "tls.crt", "tls.key")
        for party in node.services.directory.parties
    )
    network = NetworkFile(folder, node.services.directory, places, "system", None)
    try:
        yield Door(rig, port, network, client_context(certificate), rung)
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
