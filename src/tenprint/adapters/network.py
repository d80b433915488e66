"""The party file `network.toml`: who takes part, where each one's data, keys and peers are. Read, checked, written.

    [network]
    name = "…"
    programme = "…"                    policy programme in force
    activated_oris = ["XX0000001"]     whose bookings cascade; or since which day: { XX0000001 = "2009-06-01" }
    seed = 7                           optional; what the synthetic people were made from
    clock = { mode = "simulated", start = "2010-10-04T08:00:00.000Z" }      or { mode = "system" }

    [party.agency]
    role = "agency"
    name = "…"                         for people
    ori = "XX0000001"
    database = "parties/agency/tenprint.db"      a path, or an address with ``://``
    blobs = "parties/agency/blobs"
    gallery = "parties/agency/gallery"           empty for a party that keeps no prints
    key = "parties/agency/key"                   private key, mode 0600
    public_key = "…"                             base64
    key_valid_from = "2026-01-01T00:00:00.000Z"  when that key may sign; both may be left out
    key_valid_until = "2028-01-01T00:00:00.000Z"
    earlier_keys = [{ public_key = "…", valid_until = "…" }]     it had before; valid_from too; may be left out
    url = "inproc:"                              where it takes messages: https://… for a process of its own
    certificate = "parties/agency/tls.crt"       the one that its door shows, pinned; empty: of a public authority
    certificate_key = "parties/agency/tls.key"   its private key, mode 0600; only its own process needs it
    peers = { state_bureau = "state_bureau" }    role = party id; a city's or county's own agencies and jails may be
                                                 several: { agency = ["agency-1", "agency-2"], jail = "jail-1" }
    witnesses = ["auditor"]                      who cosigns its ledger's checkpoints; may be left out
    settings = { nff_state = false }             its own facts, for the policy; since when and by whose decision
                                                 it takes part: connected_since = "2010-10-04", connected_by = "…";
                                                 dated: nff_state_since = "2011-01-01", or a list of values
                                                 nff_state = [{ since = "2011-01-01", value = true }]

Paths are relative to the file's folder.
"""

from __future__ import annotations

import base64
import binascii
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import tomli_w

from tenprint.adapters.database import sqlite_url, without_secrets
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import write_whole
from tenprint.adapters.network_rules import (
    FILE_NAME,
    HEAD,
    PARTY,
    check_activation,
    check_apart,
    check_key,
    check_names,
    check_party,
    check_settings,
    invalid,
)
from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.exchange.model.directory import MANY_PEERS, Directory, Party, Term
from tenprint.exchange.model.words import Role
from tenprint.ledger.keys import PrivateKey

IN_PROCESS = "inproc:"
MODES = ("system", "simulated")


@dataclass(frozen=True)
class Place:
    """Where one party lives.

    Args:
        party: what the others may know of it.
        name: for people; visibly fictitious in our own data.
        database: SQLAlchemy address, or a path relative to the network's folder.
        blobs, gallery, key: paths relative to the network's folder; an empty gallery for a party without prints.
        url: where it takes messages; ``inproc:`` or empty for a neighbour in the same process.
        certificate, certificate_key: paths relative to the network's folder of what its HTTPS door shows; empty when
            it has no such door, or a certificate of a public authority.
    """

    party: Party
    name: str
    database: str
    blobs: str
    gallery: str
    key: str
    url: str = IN_PROCESS
    certificate: str = ""
    certificate_key: str = ""

    @property
    def home(self) -> str:
        """Return the party's own folder, relative to the network's: where its key lies."""
        return str(Path(self.key).parent)


@dataclass(frozen=True)
class NetworkFile:
    """What `network.toml` says.

    Args:
        folder: the network's folder.
        directory: parties, programme, activated ORIs.
        places: one per party, in file order.
        clock_mode: ``system`` or ``simulated``.
        clock_start: where a simulated clock begins; None for the system's.
        seed: what the synthetic people were made from, or None.
    """

    folder: Path
    directory: Directory
    places: tuple[Place, ...]
    clock_mode: str
    clock_start: datetime | None
    seed: int | None = None

    def place(self, party_id: str) -> Place:
        """Return a party's place.

        Raises:
            SenderError: ``UNKNOWN_PARTY``.
        """
        party = self.directory.party(party_id)
        return next(place for place in self.places if place.party.id == party.id)

    def is_here(self, place: Place) -> bool:
        """Tell whether a party lives on this machine: of one that lives on another only the certificate is here."""
        if place.url.startswith(IN_PROCESS) or not place.url:
            return True
        home, certificate = self.folder / place.home, Path(place.certificate).name
        return home.is_dir() and any(path.name != certificate for path in home.iterdir())

    def database_url(self, place: Place) -> sa.URL:
        """Return the address of a party's database."""
        if "://" in place.database:
            return sa.make_url(place.database)
        return sqlite_url(self.folder / place.database)

    def private_key(self, place: Place) -> PrivateKey:
        """Return a party's private key.

        Raises:
            StorageError: ``NETWORK_KEY_MISSING``, ``NETWORK_KEY_OPEN`` (others may read it) or ``NETWORK_KEY_DIFFERS``.
        """
        path, owner = self.folder / place.key, place.party.id
        with storage_faults(f"reading the key of {owner}"):
            if not path.is_file():
                raise StorageError(
                    "NETWORK_KEY_MISSING", f"the private key of {owner} is not at {path}", hint="restore it from a copy"
                )
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise StorageError(
                    "NETWORK_KEY_OPEN", f"others may read the private key of {owner}", hint=f"run: chmod 600 {path}"
                )
            text = path.read_text()
        try:
            key = PrivateKey.from_text(text)
        except RecordError as problem:
            raise StorageError(
                "NETWORK_KEY_DIFFERS", f"the private key of {owner} cannot be read", hint="restore it from a copy"
            ) from problem
        if key.public.raw != place.party.public_key:
            raise StorageError(
                "NETWORK_KEY_DIFFERS",
                f"the private key of {owner} does not belong to the public key in {FILE_NAME}",
                hint="restore both from the same copy",
            )
        return key


def load_network(directory: Path) -> NetworkFile:
    """Read and check the party file of a data directory.

    Raises:
        SenderError: ``NETWORK_MISSING``.
        RecordError: ``NETWORK_INVALID``, with the field at fault.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise SenderError(
            "NETWORK_MISSING", f"there is no network in {directory}", hint=f"run: tenprint network init {directory}"
        )
    with storage_faults(f"reading {FILE_NAME}"):
        data = path.read_bytes()
    try:
        return _network(directory, tomllib.loads(data.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise invalid("", f"it is no TOML file ({problem})") from problem


def save_network(network: NetworkFile) -> None:
    """Write the party file into the network's folder.

    Raises:
        StorageError: a code of `faults`.
    """
    directory = network.directory
    clock = {"mode": network.clock_mode}
    if network.clock_start is not None:
        clock["start"] = to_wire(network.clock_start)
    head: dict[str, Any] = {
        "name": directory.name,
        "programme": directory.programme,
        "activated_oris": _activation(directory),
        "clock": clock,
    }
    if network.seed is not None:
        head["seed"] = network.seed
    parties = {place.party.id: _place_table(place) for place in network.places}
    with storage_faults(f"writing {FILE_NAME}"):
        write_whole(network.folder / FILE_NAME, tomli_w.dumps({"network": head, "party": parties}).encode())


def without_passwords(network: NetworkFile) -> NetworkFile:
    """Return the party file with the passwords of databases left out."""
    return replace(network, places=tuple(replace(place, database=_no_password(place)) for place in network.places))


def _no_password(place: Place) -> str:
    if "://" not in place.database:
        return place.database
    return without_secrets(sa.make_url(place.database)).render_as_string(hide_password=False)


def save_private_key(path: Path, key: PrivateKey) -> None:
    """Write a private key that only its owner may read."""
    with storage_faults("writing a private key"):
        write_whole(path, key.to_text().encode() + b"\n")


def _place_table(place: Place) -> dict[str, Any]:
    party = place.party
    pinned = {"certificate": place.certificate, "certificate_key": place.certificate_key}
    return {
        "role": str(party.role),
        "name": place.name,
        "ori": party.ori,
        "database": place.database,
        "blobs": place.blobs,
        "gallery": place.gallery,
        "key": place.key,
        "public_key": base64.b64encode(party.public_key).decode(),
        **_term_table(party.key_term, "key_"),
        **({"earlier_keys": [_key_table(*key) for key in party.earlier_keys]} if party.earlier_keys else {}),
        "url": place.url,
        **{name: path for name, path in pinned.items() if path},
        "peers": {str(role): _peers_value(party.peers_of(role)) for role in party.peers},
        "witnesses": list(party.witnesses),
        "settings": dict(party.settings),
    }


def _peers_value(peers: tuple[str, ...]) -> str | list[str]:
    return peers[0] if len(peers) == 1 else list(peers)


def _term_table(term: Term, prefix: str = "") -> dict[str, str]:
    limits = {"valid_from": term.begins, "valid_until": term.ends}
    return {f"{prefix}{name}": to_wire(limit) for name, limit in limits.items() if limit is not None}


def _key_table(key: bytes, term: Term) -> dict[str, str]:
    return {"public_key": base64.b64encode(key).decode(), **_term_table(term)}


def _activation(directory: Directory) -> list[str] | dict[str, str]:
    oris = sorted(directory.activated_oris)
    return {ori: directory.activated_since.get(ori, "") for ori in oris} if directory.activated_since else oris


def _network(folder: Path, data: Mapping[str, Any]) -> NetworkFile:
    head = _table(data, "network", "network")
    clock = _table(head, "clock", "network.clock")
    mode = _text(clock, "mode", "network.clock.mode")
    if mode not in MODES:
        raise invalid("network.clock.mode", f"it is one of {', '.join(MODES)}")
    start = _moment(clock, "start", "network.clock.start") if mode == "simulated" else None
    parties = _table(data, "party", "party")
    places = tuple(_place(party_id, _table(parties, party_id, f"party.{party_id}")) for party_id in parties)
    _check_peers(places)
    check_apart((place.party.id, _own(place)) for place in places)
    oris, seed = head.get("activated_oris", []), head.get("seed")
    check_activation(oris)
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise invalid("network.seed", "it is a whole number")
    directory = Directory(
        name=_text(head, "name", "network.name"),
        parties=tuple(place.party for place in places),
        programme=_text(head, "programme", "network.programme"),
        activated_oris=frozenset(oris),
        activated_since={ori: day for ori, day in oris.items() if day} if isinstance(oris, dict) else {},
    )
    check_names(head, HEAD, "network")
    return NetworkFile(folder, directory, places, mode, start, seed)


def _place(party_id: str, table: Mapping[str, Any]) -> Place:
    where = f"party.{party_id}"
    peers = _table(table, "peers", f"{where}.peers", optional=True)
    settings = _table(table, "settings", f"{where}.settings", optional=True)
    check_settings(settings, f"{where}.settings")
    role = _role(_text(table, "role", f"{where}.role"), f"{where}.role")
    named = {_role(peer, f"{where}.peers"): _peers(peers, role, peer, f"{where}.peers.{peer}") for peer in peers}
    party = Party(
        id=party_id,
        role=role,
        ori=_text(table, "ori", f"{where}.ori"),
        public_key=_public_key(table, where),
        peers={peer: ids[0] for peer, ids in named.items()},
        more_peers={peer: ids[1:] for peer, ids in named.items() if ids[1:]},
        settings=dict(settings),
        name=_text(table, "name", f"{where}.name", default=""),
        witnesses=_texts(table, "witnesses", f"{where}.witnesses"),
        key_term=_term(table, where, "key_"),
        earlier_keys=_earlier_keys(table, f"{where}.earlier_keys"),
    )
    place = Place(
        party=party,
        name=_text(table, "name", f"{where}.name", default=party_id),
        database=_text(table, "database", f"{where}.database"),
        blobs=_text(table, "blobs", f"{where}.blobs"),
        gallery=_text(table, "gallery", f"{where}.gallery", default=""),
        key=_text(table, "key", f"{where}.key"),
        url=_text(table, "url", f"{where}.url", default=IN_PROCESS),
        certificate=_text(table, "certificate", f"{where}.certificate", default=""),
        certificate_key=_text(table, "certificate_key", f"{where}.certificate_key", default=""),
    )
    check_names(table, PARTY, where)
    check_party(party_id, party.ori, place.url, place.database, where)
    return place


def _own(place: Place) -> dict[str, Any]:
    """Return what no two parties may share, by its name in the file."""
    names = ("database", "blobs", "gallery", "key", "url")
    return {name: getattr(place, name) for name in names} | {"public_key": place.party.public_key}


def _peers(table: Mapping[str, Any], role: Role, peer: str, where: str) -> tuple[str, ...]:
    """Return the parties of one role that a party names: one, or a list where it may have several."""
    if not isinstance(table[peer], list):
        return (_text(table, peer, where),)
    ids = _texts(table, peer, where)
    if (role, Role(peer)) not in MANY_PEERS:
        raise invalid(where, "a list is for a city's or county's own agencies and jails; this is one party")
    if not ids or len(set(ids)) != len(ids):
        raise invalid(where, "it names at least one party, and each once")
    return ids


def _public_key(table: Mapping[str, Any], where: str) -> bytes:
    try:
        raw = base64.b64decode(_text(table, "public_key", f"{where}.public_key"), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise invalid(f"{where}.public_key", "it is base64") from problem
    check_key(raw, where)
    return raw


def _term(table: Mapping[str, Any], where: str, prefix: str = "") -> Term:
    begins, ends = (
        _moment(table, name, f"{where}.{name}") if name in table else None
        for name in (f"{prefix}valid_from", f"{prefix}valid_until")
    )
    if begins is not None and ends is not None and begins >= ends:
        raise invalid(f"{where}.{prefix}valid_until", "a key ends after it begins")
    return Term(begins, ends)


def _earlier_keys(table: Mapping[str, Any], where: str) -> tuple[tuple[bytes, Term], ...]:
    rows = table.get("earlier_keys", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "valid_until" in row for row in rows):
        raise invalid(where, "it is a list of tables with public_key and valid_until")
    return tuple((_public_key(row, where), _term(row, where)) for row in rows)


def _check_peers(places: tuple[Place, ...]) -> None:
    roles = {place.party.id: place.party.role for place in places}
    for place in places:
        named = [(role, peer) for role in place.party.peers for peer in place.party.peers_of(role)]
        for role, peer in named:
            if roles.get(peer) != role:
                raise invalid(f"party.{place.party.id}.peers.{role}", f"no party {peer!r} of that role is in the file")
        for witness in place.party.witnesses:
            if witness not in roles or witness == place.party.id:
                raise invalid(f"party.{place.party.id}.witnesses", f"{witness!r} is no other party of the file")


def _table(data: Mapping[str, Any], key: str, where: str, *, optional: bool = False) -> Mapping[str, Any]:
    value = data.get(key, {} if optional else None)
    if not isinstance(value, dict):
        raise invalid(where, "this table is missing")
    return value


def _text(data: Mapping[str, Any], key: str, where: str, *, default: str | None = None) -> str:
    value = data.get(key, default)
    if not isinstance(value, str):
        raise invalid(where, "it is missing, or no text")
    return value


def _texts(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise invalid(where, "it is a list of texts")
    return tuple(value)


def _moment(data: Mapping[str, Any], key: str, where: str) -> datetime:
    try:
        return from_wire(_text(data, key, where))
    except ValueError as problem:
        raise invalid(where, "it is a time in UTC such as 2010-10-04T08:00:00.000Z") from problem


def _role(text: str, where: str) -> Role:
    try:
        return Role(text)
    except ValueError as problem:
        raise invalid(where, f"{text!r} is no role") from problem
