"""Who takes part: parties, their roles, peers and public keys, as `network.toml` states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange.model.words import Role
from tenprint.ledger.keys import PublicKey

EXPIRED: Final = "KEY_EXPIRED"
NOT_YET: Final = "KEY_NOT_YET_VALID"
UNDERWAY: Final = timedelta(days=7)
"""How long after a key's end a message is still taken in that was signed before: it may have waited to be sent."""


@dataclass(frozen=True)
class Term:
    """When a key may sign: from `begins` on, until `ends`; None: without limit."""

    begins: datetime | None = None
    ends: datetime | None = None

    def ensure_holds(self, at: datetime) -> None:
        """Refuse what is signed at another time.

        Raises:
            SenderError: ``KEY_EXPIRED`` or ``KEY_NOT_YET_VALID``.
        """
        hint = "give the party a new key (docs/guide/network.md)"
        if self.ends is not None and at >= self.ends:
            raise SenderError(EXPIRED, "the sender's key was not valid any more", hint=hint)
        if self.begins is not None and at < self.begins:
            raise SenderError(NOT_YET, "the sender's key was not valid yet", hint="sign with the key in force")


ALWAYS: Final = Term()
MANY_PEERS: Final = frozenset({(Role.JURISDICTION, Role.AGENCY), (Role.JURISDICTION, Role.JAIL)})
"""Who may have several peers of a role: a city or county has police and a sheriff, and more jails than one. Everybody
else sends what is due to the one peer of the role."""


@dataclass(frozen=True)
class Party:
    """One party of a network.

    Args:
        id: short name, unique in the network.
        role: what it is in the programme.
        ori: nine-character originating agency identifier.
        public_key: Ed25519 public key, 32 bytes.
        key_term: when that key may sign.
        earlier_keys: public keys that it had before, with their terms.
        peers: party id per role that it talks to; the first one where there are several.
        more_peers: further parties of a role, in file order; only of the pairs in `MANY_PEERS`.
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
    key_term: Term = ALWAYS
    earlier_keys: tuple[tuple[bytes, Term], ...] = ()
    more_peers: dict[Role, tuple[str, ...]] = field(default_factory=dict)

    def peers_of(self, role: Role) -> tuple[str, ...]:
        """Return the ids of all parties of a role that it talks to, the first one first; empty without any."""
        return (self.peers[role], *self.more_peers.get(role, ())) if role in self.peers else ()

    @cached_property
    def verifier(self) -> PublicKey:
        """Return the key, with the earlier ones: for what was signed at any time, such as ledgers.

        Raises:
            RecordError: ``KEY_FORM``.
        """
        return PublicKey(self.public_key, tuple(key for key, _ in self.earlier_keys))

    def ensure_signed(self, data: bytes, signature: bytes, at: datetime) -> Term:
        """Refuse a signature that none of this party's keys made, or one that was not valid at that time.

        Returns the term of the key that made it.

        Raises:
            SenderError: ``UNKNOWN_SENDER`` (no usable key), ``SIGNATURE_INVALID``, ``KEY_EXPIRED`` or
                ``KEY_NOT_YET_VALID``.
        """
        try:
            each = self.verifier.each()
        except RecordError as problem:
            raise SenderError("UNKNOWN_SENDER", "the directory holds no usable key of the sender") from problem
        terms = (self.key_term, *(term for _, term in self.earlier_keys))
        for key, term in zip(each, terms, strict=True):
            if key.verify(data, signature):
                term.ensure_holds(at)
                return term
        raise SenderError("SIGNATURE_INVALID", f"the signature is not {self.id}'s")

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
