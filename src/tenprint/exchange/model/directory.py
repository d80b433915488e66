"""Who takes part: parties, their roles, peers and public keys, as `network.toml` states them."""

from __future__ import annotations

from dataclasses import dataclass, field

from tenprint.core.errors import SenderError
from tenprint.exchange.model.words import Role


@dataclass(frozen=True)
class Party:
    """One party of a network.

    Args:
        id: short name, unique in the network.
        role: what it is in the programme.
        ori: nine-character originating agency identifier.
        public_key: Ed25519 public key, 32 bytes.
        peers: party id per role that it talks to.
        settings: dated facts of its own (such as ``nff_state``), for the policy's questions.
        name: for people; empty when the party file gives none.
        witnesses: ids of the parties that cosign its ledger's checkpoints.
    """

    id: str
    role: Role
    ori: str
    public_key: bytes
    peers: dict[Role, str] = field(default_factory=dict)
    settings: dict[str, str | int | bool] = field(default_factory=dict)
    name: str = ""
    witnesses: tuple[str, ...] = ()


CONNECTED_SINCE, CONNECTED_BY = "connected_since", "connected_by"
"""Settings that say since which day (YYYY-MM-DD) a party takes part, and by whose decision: for the public page."""


@dataclass(frozen=True)
class Directory:
    """All parties of a network, and which ORIs are switched on for the cascade."""

    name: str
    parties: tuple[Party, ...]
    programme: str
    activated_oris: frozenset[str] = frozenset()

    def party(self, party_id: str) -> Party:
        """Return the party with this id.

        Raises:
            SenderError: ``UNKNOWN_PARTY``.
        """
        for party in self.parties:
            if party.id == party_id:
                return party
        known = ", ".join(p.id for p in self.parties)
        raise SenderError("UNKNOWN_PARTY", f"no party {party_id!r} in this network", hint=f"known parties: {known}")

    def with_role(self, role: Role) -> tuple[Party, ...]:
        """Return the parties of a role, in file order."""
        return tuple(p for p in self.parties if p.role == role)

    def with_ori(self, ori: str) -> Party | None:
        """Return the party with this ORI, or None."""
        return next((p for p in self.parties if p.ori == ori), None)
