"""`tenprint network`: write a small network, look at one, see and revive what it gave up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, counting, print_json, print_table, progress
from tenprint.exchange.model.failures import what_to_do

if TYPE_CHECKING:
    from tenprint.bootstrap import DeadLetter

GIVEN_UP_AGAIN = 1
"""Exit code of a revival that ended as another dead letter."""

app = typer.Typer(
    help="Parties, keys, databases and galleries: write a small network, look at one.", no_args_is_help=True
)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="New directory for network.toml, databases, keys, galleries.")],
    background: Annotated[
        int, typer.Option(min=0, help="Synthetic subjects enrolled with the immigration repository.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the background subjects.")] = 1,
) -> None:
    """Write a network of seven parties. Keys are made anew; each stays in its party's folder."""
    from tenprint import bootstrap
    from tenprint.synth.population import background as background_subjects

    with progress("enrolling background subjects", background) as advance:
        subjects = background_subjects(background, seed)
        founding = bootstrap.Founding(directory, clock_mode="system")
        bootstrap.init_network(
            directory, seed=seed, background=subjects, founding=founding, on_progress=counting(advance)
        )
    console.print(f"Wrote {directory / 'network.toml'} with {background} background subjects.", soft_wrap=True)
    console.print(f"Next: tenprint submit BOOKING.eft --data {directory}", style="dim", soft_wrap=True)


@app.command()
def status(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """Show each party: role, cases, open tasks, ledger entries, enrolled subjects."""
    from tenprint import bootstrap

    rows = []
    with bootstrap.open_network(data) as network:
        network.run()
        health = network.health()
        for node in network.nodes.values():
            with node.store.transaction() as tx:
                cases, tasks, entries = len(tx.cases()), len(tx.tasks(open_only=True)), tx.ledger_size()
            gallery = network.galleries.get(node.party.id)
            enrolled = len(gallery) if gallery is not None else 0
            condition = str(health[node.party.id].condition)
            rows.append(
                (node.party.id, str(node.party.role), condition, node.party.ori, cases, tasks, entries, enrolled)
            )
    columns = ("party", "role", "condition", "ori", "cases", "open_tasks", "ledger_entries", "enrolled")
    if json:
        print_json([dict(zip(columns, row, strict=True)) | {"health": health[row[0]].as_json()} for row in rows])
    else:
        print_table("Parties", columns, rows)


@app.command("dead-letters")
def dead_letters(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """List messages and enrolments that were given up, with why and what to do next."""
    from tenprint import bootstrap

    with bootstrap.open_network(data) as network:
        network.run()
        found = [(party, letter) for party, letters in network.dead_letters().items() for letter in letters]
    if json:
        print_json([_as_json(party, letter) for party, letter in found])
        return
    if not found:
        console.print("Nothing was given up.")
        return
    columns = ("party", "box", "kind", "case", "message", "attempts", "failure", "next")
    rows = (
        (party, letter.queue, letter.kind, letter.case_id, letter.id, letter.attempts, letter.failure, _next(letter))
        for party, letter in found
    )
    print_table("Dead letters", columns, rows, whole=("message",))
    console.print("Then try again with: tenprint network revive MESSAGE --party PARTY", style="dim")


@app.command()
def revive(
    message_id: Annotated[str, typer.Argument(help="Message of `network dead-letters`; or SENDER/MESSAGE.")],
    party: Annotated[str, typer.Option(help="Party that gave it up.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Try a message or enrolment again that was given up, once what hindered it is mended."""
    from tenprint import bootstrap

    with bootstrap.open_network(data) as network:
        count = network.revive(party, message_id)
        network.run()
        again = [
            letter
            for letter in network.dead_letters().get(network.node(party).party.id, ())
            if message_id in (letter.id, str(letter.key))
        ]
    console.print(f"Revived {count} of {party}.", soft_wrap=True)
    for letter in again:
        console.print(f"Given up again: {letter.failure}; {_next(letter)}", soft_wrap=True)
    if again:
        raise typer.Exit(GIVEN_UP_AGAIN)


def _next(letter: DeadLetter) -> str:
    """Return what to do before it is worth trying again."""
    return what_to_do(letter.queue, letter.kind, letter.failure)


def _as_json(party: str, letter: DeadLetter) -> dict[str, str | int]:
    return {
        "party": party,
        "box": str(letter.queue),
        "kind": letter.kind,
        "case": letter.case_id,
        "message": letter.id,
        "sender": "" if isinstance(letter.key, str) else letter.key.sender,
        "attempts": letter.attempts,
        "failure": letter.failure,
        "next": _next(letter),
    }
