"""The `Post` port over HTTPS: a signed request carries the envelope, the answer is the receiver's receipt.

`POST {url}/post`, signed as `exchange.model.signed_request` says. What the other door refuses for good comes back as
`SenderError` with its code; everything else (nobody there, too slow, too busy, no sense in the answer) is a
`StorageError`, and the outbox tries again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tenprint.adapters.certificates import client_context
from tenprint.adapters.network import NetworkFile, Place
from tenprint.core.clock import Clock
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange.model import signed_request as signing
from tenprint.exchange.ports import Signer

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""For the receipt: the receiver writes to its disk first."""
WRITE_SECONDS = 30.0
HEALTH_SECONDS = 3.0
KEEP_ALIVE_SECONDS = 20.0
"""Below what `web.post_server` keeps an idle connection open for, so that the server never closes one that we take."""
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_ANSWER_BYTES = 65_536
REST_SECONDS = 1.0
"""After nobody answered, further messages to that party wait without a try: one that hangs must not stop the others."""
TRY_AGAIN = frozenset({408, 425, 429})
"""Client errors that are no judgement of the message."""


class HttpsPost:
    """One party's way to all others. Used by one thread.

    Args:
        network: all parties, their addresses and pinned certificates.
        party: the id of who sends.
        signer: its private key.
        clock: dates the requests' signatures.
        monotonic: seconds, for the rest after a failure.
    """

    def __init__(
        self,
        network: NetworkFile,
        party: str,
        signer: Signer,
        clock: Clock,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._party = party
        self._signer = signer
        self._clock = clock
        self._places = {place.party.id: place for place in network.places}
        self._folder = network.folder
        self._monotonic = monotonic
        self._clients: dict[str, httpx2.Client] = {}
        self._resting: dict[str, float] = {}

    def deliver(self, wire: bytes, recipient: str) -> bytes:
        """Deliver the wire form; return the receipt's bytes.

        Raises:
            StorageError: ``PARTY_UNREACHABLE``, ``PARTY_BUSY``, ``PARTY_ANSWER`` or a code of the receiver; try again.
            SenderError: the receiver refuses it, with its code; or ``MESSAGE_TOO_LARGE``.
        """
        if len(wire) > MAX_MESSAGE_BYTES:
            raise SenderError("MESSAGE_TOO_LARGE", f"a message has at most {MAX_MESSAGE_BYTES} bytes")
        return self._answered(wire, recipient, "/post", signing.ENVELOPE_CONTENT)

    def cosign(self, request: bytes, witness: str) -> bytes:
        """Show a witness a checkpoint; return its signature line. Raises as `deliver`."""
        return self._answered(request, witness, "/cosign", signing.COSIGN_CONTENT)

    def _answered(self, body: bytes, recipient: str, path: str, content: str) -> bytes:
        if self._monotonic() < self._resting.get(recipient, 0.0):
            raise _unreachable(recipient)
        try:
            status, answer = self._exchange(body, recipient, path, content)
        except httpx2.HTTPError as problem:
            self._resting[recipient] = self._monotonic() + REST_SECONDS
            raise _unreachable(recipient) from problem
        self._resting.pop(recipient, None)
        if status == httpx2.codes.OK:
            return answer
        raise refusal_of(status, answer, recipient)

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _exchange(self, body: bytes, recipient: str, path: str, content: str) -> tuple[int, bytes]:
        client = self._client(recipient)
        url = self._places[recipient].url.rstrip("/") + path
        with client.stream("POST", url, content=body, headers=self._headers(body, url, content)) as response:
            answer = b""
            for part in response.iter_bytes():
                answer += part
                if len(answer) > MAX_ANSWER_BYTES:
                    raise StorageError("PARTY_ANSWER", f"{recipient} answers with more than a receipt")
            return response.status_code, answer

    def _headers(self, wire: bytes, url: str, content: str) -> dict[str, str]:
        split = urlsplit(url)
        headers = {
            "content-type": content,
            "content-length": str(len(wire)),
            "content-digest": signing.content_digest(wire),
        }
        target = signing.Target("POST", split.netloc, split.path, headers)
        parameters = signing.parameters_of(self._party, self._clock.now())
        base = signing.signature_base(target, signing.COMPONENTS, parameters)
        return headers | {"host": split.netloc} | signing.signature_headers(parameters, self._signer.sign(base))

    def _client(self, recipient: str) -> httpx2.Client:
        place = self._places.get(recipient)
        if place is None or not place.url.startswith("https://"):
            raise StorageError(
                "PARTY_UNREACHABLE", f"{recipient} has no https address in the party file", hint="mend network.toml"
            )
        if recipient not in self._clients:
            pinned = self._folder / place.certificate if place.certificate else None
            self._clients[recipient] = httpx2.Client(
                verify=client_context(pinned),
                trust_env=False,
                follow_redirects=False,
                timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, write=WRITE_SECONDS),
                limits=httpx2.Limits(max_connections=4, keepalive_expiry=KEEP_ALIVE_SECONDS),
                headers={"user-agent": "tenprint"},
            )
        return self._clients[recipient]


def refusal_of(status: int, answer: bytes, recipient: str) -> SenderError | StorageError:
    """Return the error that an answer other than 200 stands for."""
    told: object = None
    with suppress(ValueError, RecursionError):
        told = json.loads(answer)
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in ("code", "message")):
        # Not a door of ours (a proxy, another program): whatever it says is no judgement of the message.
        return StorageError("PARTY_ANSWER", f"{recipient} answered {status}, and not as a party does")
    code, message = told["code"][:64], told["message"][:500]
    hint, field = (str(told.get(name) or "")[:500] for name in ("hint", "field"))
    is_final = 400 <= status < 500 and status not in TRY_AGAIN and code != signing.NOT_FRESH
    family = SenderError if is_final else StorageError
    return family(code, message, hint=hint, field=field)


def _unreachable(recipient: str) -> StorageError:
    return StorageError(
        "PARTY_UNREACHABLE", f"{recipient} cannot be reached", hint=f"run: tenprint serve --party {recipient}"
    )


def health_of(place: Place, folder: Path) -> str:
    """Return an empty text when a party's door answers that it is well, else what is wrong, in a word or two."""
    pinned = folder / place.certificate if place.certificate else None
    try:
        with httpx2.Client(verify=client_context(pinned), trust_env=False, timeout=HEALTH_SECONDS) as client:
            answer = client.get(f"{place.url.rstrip('/')}/health")
            told = answer.json()
    except (httpx2.HTTPError, ValueError):
        return "no answer"
    if not isinstance(told, dict) or told.get("party") != place.party.id:
        return "another program"
    return "" if answer.status_code == httpx2.codes.OK and told.get("ok") is True else "unwell"
