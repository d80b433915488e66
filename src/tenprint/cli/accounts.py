"""`tenprint accounts`: who may sign in to the console outside of a demo."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, print_json, print_table, read_file
from tenprint.core.errors import SenderError

app = typer.Typer(help="Who may sign in to the console outside of a demo.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The person's name, as it stands with answers and on ledgers.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="Read the password from this file's first line; for scripts.")
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input's first line; for scripts.")
]
MAX_PASSWORD_FILE_BYTES = 4096


@app.command()
def add(
    name: Name,
    party: Annotated[str, typer.Option("--party", help="Id of the party where this person works.")],
    role: Annotated[
        str, typer.Option("--role", help="Official role; by default the work that is done at this party.")
    ] = "",
    password_file: PasswordFile = None,
    password_stdin: PasswordStdin = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Add an account; the password is asked twice, or read from a file or standard input."""
    from tenprint import bootstrap

    accounts = bootstrap.open_accounts(data)
    given = _role_at(data, party, role)
    account = accounts.add(name, party, given, _password(password_file, password_stdin))
    console.print(f"Added: {account.name}, {account.role} at {account.party}", markup=False, soft_wrap=True)
    is_apart = bootstrap.load_network(data).place(party).url.startswith("https:")
    which = f"--console {party} " if is_apart else ""
    console.print(f"Serve the console with: tenprint serve {which}--data {data}", style="dim", soft_wrap=True)


@app.command("list")
def list_accounts(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """List the accounts: name, party, role."""
    from tenprint import bootstrap

    rows = [(account.name, account.party, account.role) for account in bootstrap.open_accounts(data).all()]
    if json:
        print_json([dict(zip(("name", "party", "role"), row, strict=True)) for row in rows])
        return
    print_table("Accounts", ("name", "party", "role"), rows)


@app.command()
def remove(name: Name, data: Data = DEFAULT_DATA) -> None:
    """Remove an account; whoever is signed in with it is signed out with the next request."""
    from tenprint import bootstrap

    account = bootstrap.open_accounts(data).remove(name)
    console.print(f"Removed: {account.name}, {account.role} at {account.party}", markup=False, soft_wrap=True)


@app.command()
def password(
    name: Name,
    password_file: PasswordFile = None,
    password_stdin: PasswordStdin = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Give an account another password; whoever is signed in with the old one is signed out with the next request."""
    from tenprint import bootstrap

    bootstrap.open_accounts(data).set_password(name, _password(password_file, password_stdin))
    console.print("The password was changed.")


def _role_at(data: Path, party: str, role: str) -> str:
    """Return the role that an account gets.

    Raises:
        SenderError: ``UNKNOWN_PARTY``, or ``ROLE_UNFIT`` for a role that is not done there.
    """
    from tenprint import bootstrap
    from tenprint.policy.access import house_tables

    places = {place.party.id: str(place.party.role) for place in bootstrap.load_network(data).places}
    if party not in places:
        raise SenderError("UNKNOWN_PARTY", f"no party {party!r} here", hint=f"known parties: {', '.join(places)}")
    fitting = house_tables().roles_at(places[party])
    if not fitting or (role and role not in fitting):
        known = ", ".join(fitting) or "none"
        raise SenderError("ROLE_UNFIT", f"nobody works as {role or 'anything'} at {party}", hint=f"roles: {known}")
    return role or str(fitting[0])


def _password(file: Path | None, is_stdin: bool) -> str:
    """Return a password that was typed twice, or the first line of a file or of standard input.

    Raises:
        SenderError: ``PASSWORD_DIFFERS``, ``PASSWORD_MISSING``, ``OPTION_CONFLICT``, or as `read_file`.
    """
    if file is not None and is_stdin:
        raise SenderError("OPTION_CONFLICT", "give --password-file or --password-stdin, not both")
    if file is not None:
        return _first_line(read_file(file, limit_bytes=MAX_PASSWORD_FILE_BYTES))
    if is_stdin:
        return _first_line(sys.stdin.buffer.read(MAX_PASSWORD_FILE_BYTES))
    if not sys.stdin.isatty():
        raise SenderError(
            "PASSWORD_MISSING",
            "a password is asked at a terminal, and this is none",
            hint="add --password-stdin or --password-file FILE",
        )
    first, second = getpass.getpass("Password: "), getpass.getpass("Again: ")
    if first != second:
        raise SenderError("PASSWORD_DIFFERS", "the two passwords differ; nothing was changed")
    return first


def _first_line(data: bytes) -> str:
    lines = data.decode(errors="replace").splitlines()
    if not lines or not lines[0]:
        raise SenderError("PASSWORD_MISSING", "no password was given")
    return lines[0]
