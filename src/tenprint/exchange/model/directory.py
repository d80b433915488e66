"""Who takes part: parties, their roles, peers and public keys, as `network.toml` states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

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
        settings: dated facts of its own (such as ``nff_state``), for the policy's questions; see `setting`.
        name: for people; empty when the party file gives none.
        witnesses: ids of the parties that cosign its ledger's checkpoints.
    """

    id: str
    role: Role
    ori: str
    public_key: bytes
    peers: dict[Role, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    witnesses: tuple[str, ...] = ()

    def setting(self, name: str, usual: Any, on: date) -> Any:
        """Return a setting as it was on a day.

        A value holds from the day in ``NAME_since``, or always; a list holds ``{since = "YYYY-MM-DD", value = …}``, of
        which the last one in force speaks.

        Args:
            name: of the setting. usual: what holds when nothing is said for that day. on: the day.
        """
        value, day = self.settings.get(name), on.isoformat()
        if isinstance(value, list | tuple):
            rows = sorted(value, key=lambda row: str(row["since"]))
            return next((row["value"] for row in reversed(rows) if str(row["since"]) <= day), usual)
        return usual if value is None or day < str(self.settings.get(f"{name}_since", "")) else value


CONNECTED_SINCE, CONNECTED_BY = "connected_since", "connected_by"
"""Settings that say since which day (YYYY-MM-DD) a party takes part, and by whose decision: for the public page."""


@dataclass(frozen=True)
class Directory:
    """All parties of a network, and which ORIs are switched on for the cascade."""

    name: str
    parties: tuple[Party, ...]
    programme: str
    activated_oris: frozenset[str] = frozenset()
    activated_since: Mapping[str, str] = field(default_factory=dict)
    """Per ORI the day (YYYY-MM-DD) from which it is switched on, where that is on record; without one: always."""

    def is_activated(self, ori: str, on: date) -> bool:
        """Tell whether an agency was switched on for the cascade on a day."""
        return ori in self.activated_oris and self.activated_since.get(ori, "") <= on.isoformat()

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
