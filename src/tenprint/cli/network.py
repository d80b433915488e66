"""`tenprint network`: write a small network, look at one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, counting, print_json, print_table, progress

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
        for node in network.nodes.values():
            with node.store.transaction() as tx:
                cases, tasks, entries = len(tx.cases()), len(tx.tasks(open_only=True)), tx.ledger_size()
            gallery = network.galleries.get(node.party.id)
            enrolled = len(gallery) if gallery is not None else 0
            rows.append((node.party.id, str(node.party.role), node.party.ori, cases, tasks, entries, enrolled))
    columns = ("party", "role", "ori", "cases", "open_tasks", "ledger_entries", "enrolled")
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table("Parties", columns, rows)
