"""The `Post` port inside one process: neighbours, between whom every message is still bytes, signed and verified."""

from __future__ import annotations

from collections.abc import Iterable

from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.exchange.dispatch import accept
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
        node = self._nodes.get(recipient)
        if node is None:
            raise StorageError(
                "PARTY_UNREACHABLE", f"{recipient} does not run in this process", hint="start it, then run this again"
            )
        try:
            return accept(node, bytes(wire))
        except RecordError as problem:
            # What the receiver cannot read is the sender's to mend.
            raise SenderError(problem.code, problem.message, hint=problem.hint, field=problem.field) from problem
