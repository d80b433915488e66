"""`tenprint bench chaos`: parties are killed, messages lost and doubled, clocks jump; every case ends all the same."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.bench_exchange import Database
from tenprint.cli.options import Json
from tenprint.cli.output import console, plain, print_json, print_table, progress, write_file
from tenprint.cli.stopping import stopped_by_sigterm

if TYPE_CHECKING:
    from tenprint.bootstrap.chaos import Plan, Result, Run

MOST_TOLD = 20
LISTS = "differences", "falls"
"""Parts of the JSON that people are told line by line."""
DIFFERS = 1
"""Exit code when anything was lost or repeated, or ended otherwise."""


def chaos(
    bookings: Annotated[int, typer.Option(min=1, max=100_000, help="How many people are booked.")] = 300,
    kills: Annotated[int, typer.Option(min=1, max=10_000, help="How often a party's process is killed.")] = 60,
    seed: Annotated[int, typer.Option(min=0, max=999_999, help="Of bookings, answers and disturbances.")] = 1,
    database: Annotated[Database, typer.Option(help="Of the parties.")] = Database.SQLITE,
    out: Annotated[
        Path | None, typer.Option(help="Folder for undisturbed.csv and disturbed.csv, to compare with diff.")
    ] = None,
    json: Json = False,
) -> None:
    """Run the same bookings twice through eleven processes over HTTPS: left in peace, and with all that can go wrong.

    In the second run processes are killed and started again, messages are dropped, doubled, held back and delayed,
    receipts are lost, connections refused, and clocks jump. Every case has to end as in the first run.
    """
    from tenprint.bootstrap import chaos as wiring
    from tenprint.web.party_server import serve_party

    with stopped_by_sigterm(), tempfile.TemporaryDirectory(prefix="tenprint-chaos-") as made:
        plan = wiring.Plan(Path(made), str(database), bookings, kills, seed)
        with progress("kills", kills, quiet=json) as advance:
            result = wiring.run_both(plan, serve_party, advance)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, run in _runs(result):
            write_file(out / f"{name}.csv", table(run))
    if json:
        print_json(as_json(plan, result))
    else:
        tell(plan, result)
    if not result.is_good:
        raise typer.Exit(DIFFERS)


def table(run: Run) -> bytes:
    """Return a run as CSV, a line per booking."""
    from tenprint.studies.chaos import columns

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns(run.parties))
    writer.writerows(life.row(run.parties, run.ends) for life in run.lives)
    return text.getvalue().encode()


def tell(plan: Plan, result: Result) -> None:
    """Print what was done and found, for people."""
    numbers = [(name, value) for name, value in as_json(plan, result).items() if name not in LISTS]
    title = f"{plan.bookings} bookings, {plan.kills} kills, {plan.database}"
    print_table(title, ("what", "how many"), numbers)
    for line in (*result.difference.told[:MOST_TOLD], *_falls_told(result)):
        console.print(line, markup=False, soft_wrap=True)
    alike = "Every case ended as in the undisturbed run"
    if result.is_good:
        console.print(f"{alike}.")
    elif not result.difference.diverged and any(run.ended.fell for _, run in _runs(result)):
        console.print(f"{alike}, but processes fell that nobody had ended.")
    else:
        console.print("The runs differ.")


def as_json(plan: Plan, result: Result) -> dict[str, Any]:
    """Return what was done and found."""
    run = result.disturbed
    return {
        "database": plan.database,
        "bookings": plan.bookings,
        "kills": run.ended.kills,
        "lost": result.difference.lost,
        "repeated": result.difference.repeated,
        "diverged": result.difference.diverged,
        "seconds": round(result.undisturbed.ended.seconds + run.ended.seconds, 1),
        "undisturbed_seconds": round(result.undisturbed.ended.seconds, 1),
        **run.events,
        "fell": run.ended.fell,
        "fell_undisturbed": result.undisturbed.ended.fell,
        "waiting": run.waiting,
        "dead_letters": run.dead_letters,
        "dead_letters_undisturbed": result.undisturbed.dead_letters,
        "ledgers_damaged": run.damaged,
        "discrepancies": run.discrepancies,
        "differences": result.difference.told[:MOST_TOLD],
        "falls": [{"run": name, **asdict(fall)} for name, one in _runs(result) for fall in one.ended.falls],
    }


def _runs(result: Result) -> tuple[tuple[str, Run], ...]:
    return ("undisturbed", result.undisturbed), ("disturbed", result.disturbed)


def _falls_told(result: Result) -> Iterator[str]:
    """Tell of each process that fell how it ended and what it wrote last."""
    for name, run in _runs(result):
        for fall in run.ended.falls:
            yield f"{fall.party} fell in the {name} run: {fall.how}" + (
                ", saying" if fall.lines else ", saying nothing"
            )
            yield from (f"  {plain(line)}" for line in fall.lines)
