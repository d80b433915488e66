"""The `Post` port inside one process: neighbours, between whom every message is still bytes, signed and verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.exchange.dispatch import accept, cosign
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
        return self._at(recipient, wire, accept)

    def cosign(self, request: bytes, witness: str) -> bytes:
        """Show a witness a checkpoint; return its signature line.

        Raises:
            StorageError: ``PARTY_UNREACHABLE``, or the witness could not keep it; try again.
            SenderError: the witness refuses it, with its code.
        """
        return self._at(witness, request, cosign)

    def _at(self, party: str, data: bytes, door: Callable[[Node, bytes], bytes]) -> bytes:
        node = self._nodes.get(party)
        if node is None:
            raise StorageError(
                "PARTY_UNREACHABLE", f"{party} does not run in this process", hint="start it, then run this again"
            )
        try:
            return door(node, bytes(data))
        except RecordError as problem:
            # What the receiver cannot read is the sender's to mend.
            raise SenderError(problem.code, problem.message, hint=problem.hint, field=problem.field) from problem
