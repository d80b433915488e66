"""Backup and restore put together: which parties, which clock, what peers on this machine do for a restored one."""

from __future__ import annotations

import base64
import binascii
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tenprint.adapters import backup as backups
from tenprint.adapters.backup import Backup, OnFile, newest_backup, no_progress
from tenprint.adapters.backup_database import check_ledger
from tenprint.adapters.backup_manifest import POSTGRESQL
from tenprint.adapters.backup_restore import RestoredParty, restore_into, restore_missing, restore_new
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import write_whole
from tenprint.adapters.lock import DirectoryLock
from tenprint.adapters.network import NetworkFile, Place, load_network, save_network
from tenprint.adapters.network_rules import FILE_NAME
from tenprint.adapters.postgres_server import TemporaryPostgres
from tenprint.adapters.store import SqlStore
from tenprint.bootstrap.network import Network, clock_of, open_network
from tenprint.bootstrap.node import blobs_of
from tenprint.core.chance import SystemRandomSource
from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange.dispatch import restoring
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.vocabulary import COUNT, KIND

RETURNS_FORMAT = 1


@dataclass(frozen=True)
class Recovered:
    """What the peers on this machine did for a party that was restored.

    Args:
        party: its id.
        again: messages that peers deliver to it once more.
        returned: own messages that it took back.
        unreadable: own messages that peers hold and could not read.
        lost: by witness, how many entries of the ledger it cosigned that are not there any more.
        elsewhere: peers that live on other machines.
    """

    party: str
    again: int = 0
    returned: int = 0
    unreadable: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def back_up(
    directory: Path,
    to: Path,
    parties: Iterable[str] = (),
    *,
    with_keys: bool = False,
    on_file: OnFile = no_progress,
) -> Backup:
    """Copy parties of a network, all that live here unless named, into a new folder below `to`; they may run.

    Raises:
        SenderError: ``NETWORK_MISSING``, ``UNKNOWN_PARTY``, ``BACKUP_INSIDE``.
        RecordError: ``NETWORK_INVALID``.
        StorageError: what cannot be read or written; nothing that looks like a backup is left.
    """
    file = load_network(directory)
    places = [file.place(party) for party in parties] or [place for place in file.places if file.is_here(place)]
    now = clock_of(file).now()
    return backups.make_backup(file, places, to, now, with_keys=with_keys, on_file=on_file)


def verify_backup(folder: Path, *, on_file: OnFile = no_progress) -> Backup:
    """Check every file, database and ledger of a backup, or of the newest one in a folder; return it.

    Raises:
        SenderError: ``BACKUP_MISSING``.
        RecordError: ``BACKUP_INVALID``, ``BACKUP_NEWER``.
        StorageError: it cannot be read.
    """
    found = newest_backup(folder)
    backups.verify_backup(found, on_file=on_file)
    return found


def restore(
    folder: Path,
    directory: Path,
    parties: Iterable[str] = (),
    *,
    replace_them: bool = False,
    on_file: OnFile = no_progress,
) -> list[RestoredParty]:
    """Verify a backup and put parties of it back, all unless named: into their network, or as a new one.

    Raises:
        SenderError: ``BACKUP_MISSING``, ``UNKNOWN_PARTY``, ``RESTORE_PARTY_THERE``, ``RESTORE_FOLDER_TAKEN``.
        RecordError: ``BACKUP_INVALID``, ``BACKUP_NEWER``, ``BACKUP_FOREIGN``, ``RESTORE_LAYOUT``.
        StorageError: ``STORE_LOCKED`` when a party runs, or what cannot be written; nothing was changed.
    """
    found = newest_backup(folder)
    theirs = backups.verify_backup(found, on_file=on_file)
    random = SystemRandomSource()
    if (directory / FILE_NAME).is_file():
        file = load_network(directory)
        places = _chosen(file, found, parties)
        return restore_into(found, file, places, now=clock_of(file).now(), random=random, replace=replace_them)
    places = _chosen(theirs, found, parties)
    return restore_new(found, theirs, places, directory, now=found.manifest.made_at, random=random)


def put_missing_back(folder: Path, directory: Path, parties: Iterable[str] = ()) -> dict[str, tuple[int, int]]:
    """Put back the blobs that parties lack or that are damaged; by party, how many came back and how many are nowhere.

    Raises:
        SenderError, RecordError, StorageError: as `restore`.
    """
    file = load_network(directory)
    newest_backup(folder)
    places = [file.place(party) for party in parties] or [place for place in file.places if file.is_here(place)]
    return {place.party.id: restore_missing(folder, file, place) for place in places}


def recover(directory: Path, party: str) -> Recovered:
    """Have the peers on this machine send again, and give back, what a restored party lacks; they may run, it may not.

    What is there already is left alone, so that doing it twice changes nothing.

    Raises:
        SenderError: ``UNKNOWN_PARTY``.
        StorageError: ``STORE_LOCKED`` when the party runs, or a database cannot be used.
    """
    file = load_network(directory)
    place = file.place(party)
    with open_network(directory, beside=True) as network, DirectoryLock(file.folder / place.home):
        node, restored_size = network.node(party), _restored_size(network, party)
        done = Recovered(party, elsewhere=tuple(each.party.id for each in file.places if not file.is_here(each)))
        for peer in network.nodes.values():
            if peer.party.id == party:
                continue
            with node.store.transaction() as tx:
                known = tx.held_keys()
            given = restoring.give_back(peer, party, known=known)
            taken = restoring.take_back(node, given.returned)
            done = replace(
                done,
                again=done.again + given.again,
                returned=done.returned + taken,
                unreadable=done.unreadable + given.unreadable,
            )
            if peer.party.id in node.party.witnesses and not _confessed(network, party, peer.party.id):
                notes = [one for one in peer.store.witnessed_notes() if one.origin == ledger_origin(party)]
                cosigned = [one.note for one in notes if one.is_cosigned]
                if lost := restoring.note_entries_lost(node, peer.party.id, cosigned, restored_size):
                    done.lost[peer.party.id] = lost
    return done


def give_back(directory: Path, party: str, by: str, since: datetime, out: Path) -> restoring.Given:
    """Do as a peer, on its own machine, what `recover` has it do: messages go again, own ones into a file.

    Raises:
        SenderError: ``UNKNOWN_PARTY``, ``NOT_A_PEER``, ``FILE_EXISTS``, ``FILE_UNWRITABLE``; nothing was done.
        StorageError: the database or the file cannot be used.
    """
    if out.exists():
        raise SenderError("FILE_EXISTS", f"{out} is there already", hint="name a new file")
    if not os.access(out.parent, os.W_OK) or not out.parent.is_dir():  # before anything goes on a ledger
        raise SenderError("FILE_UNWRITABLE", f"{out} cannot be written", hint="choose another path with --out")
    with open_network(directory, beside=True) as network:
        peer = network.node(by)
        if peer.party.id == party:
            raise SenderError(
                "NOT_A_PEER", f"{party} cannot give back to itself", hint="name one of its peers with --by"
            )
        given = restoring.give_back(peer, party, since=since)
    pairs = [[base64.b64encode(wire).decode(), receipt.decode()] for wire, receipt in given.returned]
    values = {"format": RETURNS_FORMAT, "party": party, "by": peer.party.id, "returned": pairs}
    with storage_faults("writing what goes back"):
        write_whole(out, json.dumps(values).encode())
    return given


def take_back(directory: Path, party: str, data: bytes) -> int:
    """Let a restored party take its messages back from a file of `give_back`; tell how many it lacked.

    Raises:
        RecordError: ``RETURNED_INVALID`` or as `dispatch.restoring.take_back`.
        StorageError: ``STORE_LOCKED`` when the party runs.
    """
    try:
        values = json.loads(data)
        known = {RETURNS_FORMAT: values["returned"]}
        pairs = [(base64.b64decode(wire, validate=True), receipt.encode()) for wire, receipt in known[values["format"]]]
        whose = str(values["party"])
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError) as problem:
        raise RecordError("RETURNED_INVALID", "this is no file of messages that come back") from problem
    file = load_network(directory)
    home = file.folder / file.place(party).home
    if whose != party:
        said = f"the file holds what {whose} had said, not {party}"
        raise RecordError("RETURNED_INVALID", said, hint=f"tenprint network recover {whose} --from FILE")
    with open_network(directory, beside=True) as network, DirectoryLock(home):
        return restoring.take_back(network.node(party), pairs)


def accept_restored(directory: Path, party: str, by: str, size: int, person: str) -> int:
    """Let a witness go on with a restored ledger, because a person says so; raises as `dispatch.restoring`."""
    with open_network(directory, beside=True) as network:
        return restoring.accept_restored(network.node(by), party, size, person=person)


def drill(folder: Path, *, on_file: OnFile = no_progress) -> dict[str, Any]:
    """Restore a backup into a temporary folder, open every party there and check its ledger; nothing else is touched.

    A PostgreSQL dump is put into a server that is started for it and removed.

    Returns:
        by party: entries, root (hex) and how many blobs were read.

    Raises:
        RecordError: ``BACKUP_INVALID``, ``BACKUP_NEWER``.
        StorageError: ``POSTGRES_MISSING``, or what cannot be restored.
    """
    found = newest_backup(folder)
    theirs = backups.verify_backup(found, on_file=on_file)
    with tempfile.TemporaryDirectory(prefix="tenprint-drill-") as name, ExitStack() as server:
        target = Path(name) / "network"
        places = _with_own_databases(_chosen(theirs, found, ()), found, server)
        mine, now = _with_places(theirs, places), found.manifest.made_at
        restored = restore_new(found, mine, places, target, now=now, random=SystemRandomSource())
        save_network(replace(mine, folder=target))
        file = load_network(target)
        return {one.party: _looked_at(file, file.place(one.party), found) for one in restored}


def _with_places(file: NetworkFile, places: Sequence[Place]) -> NetworkFile:
    """Return a network file with some places changed."""
    changed = {place.party.id: place for place in places}
    return replace(file, places=tuple(changed.get(place.party.id, place) for place in file.places))


def _looked_at(file: NetworkFile, place: Place, found: Backup) -> dict[str, Any]:
    """Open a restored party as its process would, and read what it needs."""
    party, blobs = place.party.id, blobs_of(file, place)
    copied = found.manifest.parties[party]
    with closing(SqlStore(file.database_url(place), blobs, party)) as store, store.reading() as reader:
        entries = reader.entries(0, copied.size)
        notes = reader.checkpoints()
    check_ledger(entries, notes, (copied.size, copied.root), copied.public_key, ledger_origin(party))
    needed = backups.needed_now(file, place) - set(copied.missing)
    for digest in needed:
        blobs.get(digest)
    return {"entries": copied.size, "root": copied.root.hex(), "blobs": len(needed), "missing": len(copied.missing)}


def _with_own_databases(places: Sequence[Place], found: Backup, server: ExitStack) -> list[Place]:
    """Return places whose PostgreSQL databases are on a server of the drill's own."""
    kinds = {party: copied.database for party, copied in found.manifest.parties.items()}
    if POSTGRESQL not in kinds.values():
        return list(places)
    running = server.enter_context(TemporaryPostgres())
    own = []
    for number, place in enumerate(places):
        if kinds[place.party.id] == POSTGRESQL:
            address = running.create(f"drill{number}").render_as_string(hide_password=False)
            own.append(replace(place, database=address))
        else:
            own.append(place)
    return own


def _chosen(file: NetworkFile, found: Backup, parties: Iterable[str]) -> list[Place]:
    """Return the places of the parties that are to be restored.

    Raises:
        SenderError: ``UNKNOWN_PARTY``, ``BACKUP_WITHOUT_PARTY``.
        RecordError: ``BACKUP_FOREIGN`` when the network has no party of that name.
    """
    names, known = list(parties) or list(found.manifest.parties), {place.party.id for place in file.places}
    for name in names:
        if name not in found.manifest.parties:
            there = ", ".join(found.manifest.parties)
            raise SenderError("BACKUP_WITHOUT_PARTY", f"the backup has no party {name!r}", hint=f"it has: {there}")
        if name not in known:
            said = f"the backup is of another network: {name} is no party of this one"
            raise RecordError("BACKUP_FOREIGN", said, hint="restore it into a folder of its own")
    return [file.place(name) for name in names]


def _restored_size(network: Network, party: str) -> int:
    """Return how many entries the ledger had in the backup that a party was last restored from.

    Raises:
        SenderError: ``NOT_RESTORED``.
    """
    entries = network.node(party).store.entries()
    sizes = [int(entry.fields[COUNT]) for entry in entries if entry.fields.get(KIND) == restoring.RESTORED]
    if not sizes:
        raise SenderError("NOT_RESTORED", f"{party} was not restored", hint="tenprint restore FOLDER --to DIR")
    return sizes[-1]


def _confessed(network: Network, party: str, witness: str) -> bool:
    """Tell whether a party has written down since its restore what it lost in a witness's eyes."""
    kinds = [(entry.fields.get(KIND), entry.fields.get("counterpart")) for entry in network.node(party).store.entries()]
    last = max(place for place, (kind, _) in enumerate(kinds) if kind == restoring.RESTORED)
    return (restoring.ENTRIES_LOST, witness) in kinds[last:]
