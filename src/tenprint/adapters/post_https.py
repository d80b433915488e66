"""The `Post` port over HTTPS: a signed request carries the envelope, the answer is the receiver's receipt.

`POST {url}/post`, signed as `exchange.model.signed_request` says. What the other door refuses for good comes back as
`SenderError` with its code; everything else (nobody there, too slow, too busy, no sense in the answer) is a
`StorageError`, and the outbox tries again.
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tenprint.adapters.certificates import client_context
from tenprint.adapters.lines import LOST, Line
from tenprint.adapters.network import NetworkFile, Place
from tenprint.core.clock import Clock
from tenprint.core.errors import SenderError, StorageError, TenprintError
from tenprint.exchange.model import signed_request as signing
from tenprint.exchange.ports import Signer

HEALTH_SECONDS = 3.0
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_ANSWER_BYTES = 65_536
REST_SECONDS = 1.0
"""After nobody answered, further messages to that party wait without a try: one that hangs must not stop the others."""
OK = 200
TRY_AGAIN = frozenset({408, 425, 429})
"""Client errors that are no judgement of the message."""
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


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
        self._lines: dict[str, Line] = {}
        self._resting: dict[str, float] = {}

    def deliver(self, wire: bytes, recipient: str) -> bytes:
        """Deliver the wire form; return the receipt's bytes.

        Raises:
            StorageError: ``PARTY_UNREACHABLE``, ``PARTY_ANSWER``, ``NO_ADDRESS`` or a code of the receiver; try again.
            SenderError: the receiver refuses it, with its code; or ``MESSAGE_TOO_LARGE``.
        """
        (outcome,) = self.deliver_all([(wire, recipient)])
        if isinstance(outcome, TenprintError):
            raise outcome
        return outcome

    def deliver_all(self, letters: Sequence[tuple[bytes, str]]) -> list[bytes | TenprintError]:
        """Deliver wire forms, each to its recipient; return for each its receipt, or what `deliver` would raise.

        To one recipient they go one after the other, in their order; the recipients work at the same time.
        """
        outcomes: dict[int, bytes | TenprintError] = {}
        waiting: dict[str, deque[int]] = {}
        for place, (wire, recipient) in enumerate(letters):
            if len(wire) > MAX_MESSAGE_BYTES:
                outcomes[place] = SenderError("MESSAGE_TOO_LARGE", f"a message has at most {MAX_MESSAGE_BYTES} bytes")
            else:
                waiting.setdefault(recipient, deque()).append(place)
        while waiting:
            sent = {}
            for recipient, places in waiting.items():
                place = places.popleft()
                try:
                    self._send(letters[place][0], recipient, "/post", signing.ENVELOPE_CONTENT)
                    sent[place] = recipient
                except TenprintError as problem:
                    outcomes[place] = problem
            for place, recipient in sent.items():
                try:
                    outcomes[place] = self._receive(recipient)
                except TenprintError as problem:
                    outcomes[place] = problem
            waiting = {recipient: places for recipient, places in waiting.items() if places}
        return [outcomes[place] for place in range(len(letters))]

    def cosign(self, request: bytes, witness: str) -> bytes:
        """Show a witness a checkpoint; return its signature line. Raises as `deliver`."""
        self._send(request, witness, "/cosign", signing.COSIGN_CONTENT)
        return self._receive(witness)

    def close(self) -> None:
        """Close all connections."""
        for line in self._lines.values():
            line.close()
        self._lines.clear()

    def _send(self, body: bytes, recipient: str, path: str, content: str) -> None:
        if self._monotonic() < self._resting.get(recipient, 0.0):
            raise _unreachable(recipient)
        line = self._line(recipient)
        url = self._places[recipient].url.rstrip("/") + path
        try:
            line.write("POST", urlsplit(url).path, self._headers(body, url, content), body)
        except LOST as problem:
            raise self._lost(recipient) from problem

    def _receive(self, recipient: str) -> bytes:
        try:
            status, answer = self._lines[recipient].read(MAX_ANSWER_BYTES)
        except LOST as problem:
            raise self._lost(recipient) from problem
        self._resting.pop(recipient, None)
        if len(answer) > MAX_ANSWER_BYTES:
            raise StorageError("PARTY_ANSWER", f"{recipient} answers with more than a receipt")
        if status == OK:
            return answer
        raise refusal_of(status, answer, recipient)

    def _lost(self, recipient: str) -> StorageError:
        self._resting[recipient] = self._monotonic() + REST_SECONDS
        return _unreachable(recipient)

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
        return headers | {"user-agent": "tenprint"} | signing.signature_headers(parameters, self._signer.sign(base))

    def _line(self, recipient: str) -> Line:
        place = self._places.get(recipient)
        if place is None or not place.url.startswith("https://"):
            raise StorageError(
                "NO_ADDRESS", f"{recipient} has no https address in the party file", hint="mend network.toml"
            )
        if recipient not in self._lines:
            pinned = self._folder / place.certificate if place.certificate else None
            self._lines[recipient] = Line(place.url, client_context(pinned))
        return self._lines[recipient]


def refusal_of(status: int, answer: bytes, recipient: str) -> SenderError | StorageError:
    """Return the error that an answer other than 200 stands for."""
    told: object = None
    with suppress(ValueError, RecursionError):
        told = json.loads(answer)
    is_refusal = isinstance(told, dict) and all(isinstance(told.get(name), str) for name in ("code", "message"))
    if not isinstance(told, dict) or not is_refusal or _CODE.fullmatch(told["code"]) is None:
        # Not a door of ours (a proxy, another program): whatever it says is no judgement of the message. A code stands
        # on the ledger, and must have a code's form.
        return StorageError("PARTY_ANSWER", f"{recipient} answered {status}, and not as a party does")
    code, message = told["code"], told["message"][:500]
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
        with closing(Line(place.url, client_context(pinned), HEALTH_SECONDS)) as line:
            line.write("GET", urlsplit(place.url).path.rstrip("/") + "/health", {"connection": "close"})
            status, answer = line.read(MAX_ANSWER_BYTES)
        told = json.loads(answer)
    except (*LOST, ValueError, RecursionError):
        return "no answer"
    if not isinstance(told, dict) or told.get("party") != place.party.id:
        return "another program"
    return "" if status == OK and told.get("ok") is True else "unwell"
