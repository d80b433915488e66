"""`tenprint backup` and `restore`; after a restore `network recover`, `give-back` and `ledger accept-restored`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import DEFAULT_DATA, EXIT_FOUND, Data, Json
from tenprint.cli.output import console, print_json, print_table, progress, read_file
from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.bootstrap.backup import Recovered

MAX_RETURNS_BYTES = 4 * 1024 * 1024 * 1024
Parties = Annotated[list[str] | None, typer.Option("--party", help="Only this party; may be given several times.")]
FolderOption = Annotated[Path | None, typer.Option(help="A backup, or the folder of backups (then its newest one).")]


def backup(
    data: Data = DEFAULT_DATA,
    to: Annotated[Path | None, typer.Option(help="Folder of backups, best on another disk.")] = None,
    party: Parties = None,
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help="Also secret keys, accounts, passwords of databases: guard it like a key."),
    ] = False,
    verify: FolderOption = None,
    drill: FolderOption = None,
    json: Json = False,
) -> None:
    """Copy a network's parties while they run; or check a backup, or try a restore of it in a temporary folder."""
    from tenprint.bootstrap import backup as backups

    if [to, verify, drill].count(None) != 2:
        raise SenderError("BACKUP_WHAT", "say one of --to, --verify, --drill", hint="see: tenprint backup --help")
    if drill is not None:
        with progress("restoring into a temporary folder", None, quiet=json) as advance:
            rows = backups.drill(drill, on_file=advance)
        _tell_drill(rows, json=json)
        return
    if verify is not None:
        with progress("checking files", None, quiet=json) as advance:
            found = backups.verify_backup(verify, on_file=advance)
    else:
        assert to is not None
        with progress("copying files", None, quiet=json) as advance:
            found = backups.back_up(data, to, party or (), with_keys=with_keys, on_file=advance)
    manifest = found.manifest
    missing = sum(len(one.missing) for one in manifest.parties.values())
    told: list[dict[str, Any]] = [
        {"party": name, "database": one.database, "entries": one.size, "root": one.root.hex(), "missing": one.missing}
        for name, one in manifest.parties.items()
    ]
    if json:
        size = sum(one.size for one in manifest.files.values())
        more = {"files": len(manifest.files), "bytes": size, "has_keys": manifest.has_keys, "parties": told}
        print_json({"folder": str(found.folder), "made_at": to_wire(manifest.made_at), **more})
    else:
        rows_ = (
            (one["party"], one["database"], one["entries"], str(one["root"])[:16], len(one["missing"])) for one in told
        )
        print_table("Backup" if to else "Verified", ("party", "database", "entries", "root", "blobs missing"), rows_)
        console.print(f"{len(manifest.files)} files in {found.folder}", markup=False, soft_wrap=True)
        keys = "Keys and accounts are in it: guard it like a key." if manifest.has_keys else (
            "Secret keys and accounts are not in it: keep a copy of parties/ID/key and tls.key elsewhere. "
            "A restore takes them from the old folder, or says where to put them.")  # fmt: skip
        console.print(keys, style="dim", soft_wrap=True)
    if missing:
        raise typer.Exit(EXIT_FOUND)


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup, or the folder of backups (then its newest one).")],
    to: Annotated[Path, typer.Option(help="The network's folder, or a new one.")],
    party: Parties = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put what is there aside, under another name; nothing is deleted.")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only put back blobs that are missing or damaged; parties may run.")
    ] = False,
    peers: Annotated[bool, typer.Option(help="Ask the peers on this machine for what came after the backup.")] = True,
    json: Json = False,
) -> None:
    """Verify a backup, put parties back from it, and ask their peers for what came since."""
    from tenprint.bootstrap import backup as backups

    if missing:
        _tell_missing(backups.put_missing_back(folder, to, party or ()), json=json)
        return
    with progress("checking files", None, quiet=json) as advance:
        restored = backups.restore(folder, to, party or (), replace_them=replace, on_file=advance)
    able = peers and not any(one.keys_missing for one in restored)
    recovered = [backups.recover(to, one.party) for one in restored] if able else []
    if json:
        rows = [{**vars(one), "aside": str(one.aside) if one.aside else ""} for one in restored]
        print_json({"restored": rows, "recovered": [one.as_json() for one in recovered]})
        return
    table = ((one.party, one.size, one.aside.name if one.aside else "", one.blobs_missing) for one in restored)
    print_table("Restored", ("party", "entries", "old files", "blobs missing"), table)
    for one in restored:
        for path in one.keys_missing:
            console.print(f"{one.party} needs its secret key: put it at {to / path}", markup=False, soft_wrap=True)
    if recovered:
        _tell_recovered(recovered)
    else:
        console.print(f"Next: tenprint network recover PARTY --data {to}", style="dim", soft_wrap=True)


def recover(
    party: Annotated[str, typer.Argument(help="The party that was restored. It must not run.")],
    data: Data = DEFAULT_DATA,
    file: Annotated[Path | None, typer.Option("--from", help="What a peer elsewhere wrote with give-back.")] = None,
    json: Json = False,
) -> None:
    """Have the peers of a restored party send again, and give back, what it lacks. Twice changes nothing."""
    from tenprint.bootstrap import backup as backups

    if file is not None:
        count = backups.take_back(data, party, read_file(file, limit_bytes=MAX_RETURNS_BYTES))
        if json:
            print_json({"party": party, "returned": count})
        else:
            console.print(f"{party} took {count} of its messages back.", markup=False)
        return
    done = backups.recover(data, party)
    if json:
        print_json(done.as_json())
    else:
        _tell_recovered([done])


def give_back(
    party: Annotated[str, typer.Argument(help="The party that was restored.")],
    by: Annotated[str, typer.Option(help="The peer that lives here; it may run.")],
    since: Annotated[str, typer.Option(help="The backup's time, such as 2010-10-04T08:00:00.000Z, or earlier.")],
    out: Annotated[Path, typer.Option(help="New file for what it had said, to carry to it. Guard it like a record.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """As a peer on another machine: send a restored party again what it lost, and write its own messages to a file."""
    from tenprint.bootstrap import backup as backups

    given = backups.give_back(data, party, by, _moment(since), out)
    told = f"{given.again} messages go to {party} again; {len(given.returned)} of its own are in {out}."
    console.print(told, markup=False, soft_wrap=True)
    console.print(f"There: tenprint network recover {party} --from {out.name}", style="dim", soft_wrap=True)


def accept_restored(
    party: Annotated[str, typer.Argument(help="Whose ledger was restored.")],
    by: Annotated[str, typer.Option(help="The witness that lives here.")],
    entries: Annotated[int, typer.Option(min=0, help="How many entries the backup had, as its operator says.")],
    person: Annotated[str, typer.Option(help="Who decides; it stands on the witness's ledger.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Let a witness cosign a restored ledger again. What it cosigned before is kept, as evidence of what was lost."""
    from tenprint.bootstrap import backup as backups

    count = backups.accept_restored(data, party, by, entries, person)
    console.print(f"{by} set {count} checkpoints of {party} aside and keeps them.", markup=False, soft_wrap=True)


def _tell_drill(rows: dict[str, dict[str, Any]], *, json: bool) -> None:
    if json:
        print_json({"restored": rows})
    else:
        table = ((party, *(one[name] for name in ("entries", "blobs", "missing"))) for party, one in rows.items())
        print_table("Drill: restored, opened, verified, removed", ("party", "entries", "blobs", "missing"), table)
    if any(one["missing"] for one in rows.values()):
        raise typer.Exit(EXIT_FOUND)


def _tell_missing(found: dict[str, tuple[int, int]], *, json: bool) -> None:
    if json:
        print_json({party: {"restored": back, "nowhere": gone} for party, (back, gone) in found.items()})
    else:
        rows = ((party, *counts) for party, counts in found.items())
        print_table("Blobs", ("party", "put back", "in no backup"), rows)
        console.print("Then: tenprint network dead-letters, and revive what failed without them.", style="dim")
    if any(gone for _, gone in found.values()):
        raise typer.Exit(EXIT_FOUND)


def _tell_recovered(recovered: list[Recovered]) -> None:
    rows = ((one.party, one.again, one.returned, one.unreadable) for one in recovered)
    print_table("From the peers here", ("party", "sent again", "came back", "unreadable"), rows)
    for one in recovered:
        for witness, lost in one.lost.items():
            said = f"{witness} cosigned {lost} entries of {one.party} that are lost: it refuses until a person accepts."
            console.print(said, markup=False, style="red", soft_wrap=True)
        if one.elsewhere:
            said = f"Peers elsewhere ({', '.join(one.elsewhere)}): each runs tenprint network give-back {one.party}"
            console.print(said, markup=False, style="dim", soft_wrap=True)


def _moment(text: str) -> datetime:
    try:
        return from_wire(text)
    except ValueError as problem:
        raise SenderError("TIME_FORM", "a time is written such as 2010-10-04T08:00:00.000Z", field="since") from problem
