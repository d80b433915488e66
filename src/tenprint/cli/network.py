"""`tenprint network`: write a network, see and revive what it gave up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, counting, print_json, print_table, progress
from tenprint.cli.retention import retention
from tenprint.cli.revival import next_step, revive

if TYPE_CHECKING:
    from tenprint.bootstrap import DeadLetter

app = typer.Typer(
    help="Parties, keys, databases and galleries: write a network, run it, look at it.", no_args_is_help=True
)
app.command()(retention)
app.command()(revive)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="New directory for network.toml, databases, keys, galleries.")],
    background: Annotated[
        int, typer.Option(min=0, help="Synthetic subjects enrolled with the immigration repository.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the background subjects.")] = 1,
    first_port: Annotated[
        int | None,
        typer.Option(min=1, max=65_000, help="The parties take it and the next ten; free ones when left out."),
    ] = None,
    jurisdiction: Annotated[
        str, typer.Option(help="Add a city or county of this id, which is told of outcomes and may ask: city-1.")
    ] = "",
    own: Annotated[
        list[str] | None,
        typer.Option(help="An agency or jail of that city or county's own; may be repeated. Else the first of each."),
    ] = None,
    programme: Annotated[
        str,
        typer.Option(help="Rules in force, a name of `tenprint policy list`. Else Secure Communities of October 2010."),
    ] = "",
) -> None:
    """Write a network of eleven parties, each with an address, a key and a certificate of its own.

    Two booking agencies and their two states, a criminal and an immigration repository, a support center, a field
    office, a jail, a court and an auditor. Keys are made anew; each stays in its party's folder.
    """
    from tenprint import bootstrap
    from tenprint.synth.population import background as background_subjects

    founding = bootstrap.Founding(
        directory, clock_mode="system", founders="eleven", first_port=first_port, jurisdiction=jurisdiction,
        own=tuple(own or ()),
    )  # fmt: skip
    founding = replace(founding, programme=programme or founding.programme)
    with progress("enrolling background subjects", background) as advance:
        subjects = background_subjects(background, seed)
        made = bootstrap.init_network(
            directory, seed=seed, background=subjects, founding=founding, on_progress=counting(advance)
        )
    told = f"{len(made.places)} parties and {background} background subjects"
    console.print(f"Wrote {directory / 'network.toml'} with {told}.", soft_wrap=True)
    console.print(f"Next: tenprint network up --data {directory}", style="dim", soft_wrap=True)
    alone = f"Or, all in one process: tenprint submit BOOKING.eft --data {directory}"
    console.print(alone, style="dim", soft_wrap=True)


@app.command("dead-letters")
def dead_letters(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """List messages and enrolments that were given up, with why and what to do next."""
    from tenprint import bootstrap

    with bootstrap.open_network(data, beside=True) as network:
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
        (
            party,
            letter.queue,
            letter.kind,
            letter.case_id,
            letter.id,
            letter.attempts,
            letter.failure,
            next_step(letter),
        )
        for party, letter in found
    )
    print_table("Dead letters", columns, rows, whole=("message",))
    said = "Then try again with: tenprint network revive MESSAGE --party PARTY, or many with --all"
    console.print(said, style="dim", soft_wrap=True)


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
        "next": next_step(letter),
    }
