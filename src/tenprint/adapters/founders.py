"""Who founds a network: seven parties in one process, these and a court for the demo, or eleven as separate processes.

All agencies are fictitious, and say so: two states of Nowhere, ORIs that begin with XX.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tenprint.core.errors import SenderError
from tenprint.exchange.model.words import Role

WITNESSES_EACH: Final = 2
_ID = re.compile(r"[a-z][a-z0-9-]{1,39}")


@dataclass(frozen=True)
class Founder:
    """A party before it has keys and files.

    Args:
        id: its id in the network.
        role: what it is.
        name: for people.
        ori: nine characters.
        peers: id of the party that it talks to, by role.
        has_gallery: it keeps prints.
        more_peers: further parties of a role, where it may have several.
    """

    id: str
    role: Role
    name: str
    ori: str
    peers: Mapping[Role, str]
    has_gallery: bool = False
    more_peers: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Founders:
    """A set of parties that know each other.

    Args:
        parties: in the order of the party file.
        is_separate: each has an address and a certificate of its own, to run as a process of its own.
        witnesses: who cosigns the checkpoints of everybody's ledger; whoever is meant by it takes the next one.
    """

    parties: tuple[Founder, ...]
    is_separate: bool = False
    witnesses: tuple[str, ...] = ()

    def witnesses_of(self, party: str) -> tuple[str, ...]:
        """Return the ids of the parties that cosign a party's ledger: two where there are witnesses at all."""
        return tuple(witness for witness in self.witnesses if witness != party)[:WITNESSES_EACH]

    def with_jurisdiction(self, party: str, own: Sequence[str] = ()) -> Founders:
        """Return this set with a city or county at the end.

        Args:
            party: its id.
            own: ids of its own agencies and jails; without any, the first agency and the first jail.

        Raises:
            SenderError: ``PARTY_ID_INVALID`` when a party has this id, or it is none; ``OWN_PLACE_UNKNOWN`` when one of
                `own` is no agency and no jail here.
        """
        known = {founder.id: founder for founder in self.parties}
        if not _ID.fullmatch(party) or party in known:
            raise SenderError(
                "PARTY_ID_INVALID", f"{party!r} is the id of another party or none", hint="write it as city-1"
            )
        first = {founder.role: founder.id for founder in reversed(self.parties)}
        places: dict[Role, list[str]] = {}
        for one in dict.fromkeys(own or (first[Role.AGENCY], first[Role.JAIL])):
            if one not in known or known[one].role not in (Role.AGENCY, Role.JAIL):
                raise SenderError("OWN_PLACE_UNKNOWN", f"{one!r} is no agency and no jail of this network")
            places.setdefault(known[one].role, []).append(one)
        asked = {role: first[role] for role in (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.FIELD_OFFICE)}
        if Role.AGENCY in places:
            asked[Role.STATE_BUREAU] = known[places[Role.AGENCY][0]].peers[Role.STATE_BUREAU]
        city = Founder(
            party,
            Role.JURISDICTION,
            "Example County, State of Nowhere",
            "XX0000010",
            {role: ids[0] for role, ids in places.items()} | asked,
            more_peers={role: tuple(ids[1:]) for role, ids in places.items() if ids[1:]},
        )
        told = tuple(
            replace(founder, peers={**founder.peers, Role.JURISDICTION: party})
            if founder.role == Role.FIELD_OFFICE
            else founder
            for founder in self.parties
        )
        return replace(self, parties=(*told, city))


def _small(role: Role, name: str, ori: str, *peers: Role, has_gallery: bool = False) -> Founder:
    """Return a party of the small network, whose id is its role."""
    return Founder(str(role), role, name, ori, {peer: str(peer) for peer in peers}, has_gallery)


_SMALL = Founders(
    (
        _small(Role.AGENCY, "Sheriff of Example County, State of Nowhere", "XX0000001", Role.STATE_BUREAU),
        _small(
            Role.STATE_BUREAU, "Bureau of Identification, State of Nowhere", "XX0000002",
            Role.AGENCY, Role.CRIMINAL_REPOSITORY, has_gallery=True,
        ),
        _small(
            Role.CRIMINAL_REPOSITORY, "Example Criminal Repository", "XX0000003",
            Role.STATE_BUREAU, Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, has_gallery=True,
        ),
        _small(
            Role.IMMIGRATION_REPOSITORY, "Example Immigration Repository", "XX0000004",
            Role.CRIMINAL_REPOSITORY, has_gallery=True,
        ),
        _small(
            Role.SUPPORT_CENTER, "Example Support Center", "XX0000005", Role.CRIMINAL_REPOSITORY, Role.FIELD_OFFICE
        ),
        _small(Role.FIELD_OFFICE, "Example Field Office", "XX0000006", Role.SUPPORT_CENTER, Role.JAIL),
        _small(Role.JAIL, "Jail of Example County, State of Nowhere", "XX0000007", Role.FIELD_OFFICE),
    )
)  # fmt: skip


def _with_court(small: Founders) -> Founders:
    """Return the small network with the court of its agency."""
    name, agency = "Court of Example County, State of Nowhere", Role.AGENCY
    court = _small(Role.COURT, name, "XX0000008", agency, Role.STATE_BUREAU)
    told = (
        replace(founder, peers={**founder.peers, Role.COURT: court.id}) if founder.role == agency else founder
        for founder in small.parties
    )
    return replace(small, parties=(*told, court))


_ELEVEN = Founders(
    (
        Founder(
            "agency-1", Role.AGENCY, "Sheriff of Example County, State of Nowhere", "XX0000001",
            {Role.STATE_BUREAU: "state-1", Role.COURT: "court-1", Role.JAIL: "jail-1"},
        ),
        Founder(
            "agency-2", Role.AGENCY, "Police of Sample City, State of Elsewhere", "XX0000011",
            {Role.STATE_BUREAU: "state-2", Role.COURT: "court-1", Role.JAIL: "jail-1"},
        ),
        Founder(
            "state-1", Role.STATE_BUREAU, "Bureau of Identification, State of Nowhere", "XX0000002",
            {Role.AGENCY: "agency-1", Role.CRIMINAL_REPOSITORY: "criminal-repository"}, has_gallery=True,
        ),
        Founder(
            "state-2", Role.STATE_BUREAU, "Bureau of Identification, State of Elsewhere", "XX0000012",
            {Role.AGENCY: "agency-2", Role.CRIMINAL_REPOSITORY: "criminal-repository"}, has_gallery=True,
        ),
        Founder(
            "criminal-repository", Role.CRIMINAL_REPOSITORY, "Example Criminal Repository", "XX0000003",
            {
                Role.STATE_BUREAU: "state-1",
                Role.IMMIGRATION_REPOSITORY: "immigration-repository",
                Role.SUPPORT_CENTER: "support-center",
            },
            has_gallery=True,
        ),
        Founder(
            "immigration-repository", Role.IMMIGRATION_REPOSITORY, "Example Immigration Repository", "XX0000004",
            {Role.CRIMINAL_REPOSITORY: "criminal-repository", Role.SUPPORT_CENTER: "support-center"},
            has_gallery=True,
        ),
        Founder(
            "support-center", Role.SUPPORT_CENTER, "Example Support Center", "XX0000005",
            {Role.CRIMINAL_REPOSITORY: "criminal-repository", Role.FIELD_OFFICE: "field-office"},
        ),
        Founder(
            "field-office", Role.FIELD_OFFICE, "Example Field Office", "XX0000006",
            {
                Role.SUPPORT_CENTER: "support-center",
                Role.JAIL: "jail-1",
                Role.CRIMINAL_REPOSITORY: "criminal-repository",
            },
        ),
        Founder(
            "jail-1", Role.JAIL, "Jail of Example County, State of Nowhere", "XX0000007",
            {Role.FIELD_OFFICE: "field-office", Role.AGENCY: "agency-1", Role.COURT: "court-1"},
        ),
        Founder(
            "court-1", Role.COURT, "Court of Example County, State of Nowhere", "XX0000008",
            {Role.AGENCY: "agency-1", Role.STATE_BUREAU: "state-1", Role.JAIL: "jail-1"},
        ),
        Founder("auditor-1", Role.AUDITOR, "Example Auditor", "XX0000009", {}),
    ),
    is_separate=True,
    witnesses=("auditor-1", "court-1", "jail-1"),
)  # fmt: skip

FOUNDERS: Final[Mapping[str, Founders]] = {"small": _SMALL, "demo": _with_court(_SMALL), "eleven": _ELEVEN}
"""By name, for `Founding.founders`."""
