"""The `Post` port inside one process: neighbours, between whom every message is still bytes, signed and verified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError
from tenprint.exchange.dispatch import accept_many, cosign
from tenprint.exchange.ports import Node


class InProcessPost:
    """Hands the wire form to the recipient's own door, `dispatch.accept`, which parses, verifies and keeps it.

    Nothing but bytes crosses, so that parties in one process know no more of each other than across the country.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}

    def connect(self, nodes: Iterable[Node]) -> None:
        """Make these parties reachable; nodes are built with the post, so it learns of them afterwards."""
        self._nodes.update({node.party.id: node for node in nodes})

    def deliver(self, wire: bytes, recipient: str) -> bytes:
        """Deliver the wire form; return the receipt's bytes.

        Raises:
            StorageError: ``PARTY_UNREACHABLE``, or the receiver could not keep it; try again.
            SenderError: the receiver refuses it, with its code; trying again is useless.
        """
        (outcome,) = self.deliver_many([wire], recipient)
        if isinstance(outcome, TenprintError):
            raise outcome
        return outcome

    def cosign(self, request: bytes, witness: str) -> bytes:
        """Show a witness a checkpoint; return its signature line.

        Raises:
            StorageError: ``PARTY_UNREACHABLE``, or the witness could not keep it; try again.
            SenderError: the witness refuses it, with its code.
        """
        node = self._nodes.get(witness)
        if node is None:
            raise _unreachable(witness)
        try:
            return cosign(node, bytes(request))
        except RecordError as problem:
            raise _as_the_senders(problem) from problem

    def deliver_many(self, wires: Sequence[bytes], recipient: str) -> list[bytes | TenprintError]:
        """Deliver wire forms together; return for each its receipt's bytes, or what `deliver` would raise."""
        node = self._nodes.get(recipient)
        if node is None:
            return [_unreachable(recipient) for _ in wires]
        return [
            _as_the_senders(outcome) if isinstance(outcome, TenprintError) else outcome
            for outcome in accept_many(node, [bytes(wire) for wire in wires])
        ]


def _unreachable(party: str) -> StorageError:
    sentence = f"{party} does not run in this process"
    return StorageError("PARTY_UNREACHABLE", sentence, hint="start it, then run this again")


def _as_the_senders(problem: TenprintError) -> TenprintError:
    """Return the error; what the receiver cannot read is the sender's to mend."""
    if isinstance(problem, RecordError):
        return SenderError(problem.code, problem.message, hint=problem.hint, field=problem.field)
    return problem
