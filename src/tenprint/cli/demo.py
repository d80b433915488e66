"""`tenprint demo`: the main job on synthetic people, with a live table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Table

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, counting, print_json, progress
from tenprint.core.clock import ManualClock
from tenprint.core.errors import SenderError

if TYPE_CHECKING:  # the study loads the engine; help texts should not wait for it
    from tenprint.studies.demo import Booking, Tally

DEMO_BACKGROUND = 1000
DEMO_START = datetime(2010, 10, 4, 14, 0, tzinfo=UTC)


def demo(
    data: Data = DEFAULT_DATA,
    bookings: Annotated[int, typer.Option(min=1, max=10_000, help="How many people are booked.")] = 8,
    seed: Annotated[int, typer.Option(min=0, max=999_999, help="Same seed, same counts.")] = 7,
    headless: Annotated[bool, typer.Option("--headless", help="No live table.")] = False,
    script: Annotated[Path | None, typer.Option(help="Another script of human roles (TOML).")] = None,
    leave_tasks: Annotated[
        bool, typer.Option("--leave-tasks", help="Play nobody: the tasks wait for you; see `serve --demo`.")
    ] = False,
    json: Json = False,
) -> None:
    """Book synthetic people one after the other and watch each case on its way to a decision.

    A second run with the same directory resumes. Ctrl-C stops cleanly: nothing is lost.
    """
    from tenprint import bootstrap
    from tenprint.studies import demo as study
    from tenprint.studies.script import load_script, script_path

    chosen = script or script_path()
    humans = load_script(chosen)
    _prepare(data, seed)
    quiet = headless or json
    if not quiet:
        console.print(f"Human roles are played from {chosen}", style="dim", soft_wrap=True)
    salts = bootstrap.seeded_random(bootstrap.load_network(data), seed)
    with bootstrap.image_codec() as (_, encode), bootstrap.open_network(data, random=salts) as network:
        if not isinstance(network.clock, ManualClock):
            raise SenderError(
                "CLOCK_REAL", f"the network in {data} runs by the real time", hint="choose another --data"
            )
        stage = study.Stage(network.nodes, network.clock, network.run, encode)
        if quiet:
            tally = study.Demo(stage, humans, seed, plays_people=not leave_tasks).run(bookings)
        else:
            tally = _with_live_table(
                lambda show: study.Demo(stage, humans, seed, show, plays_people=not leave_tasks).run(bookings)
            )
    if json:
        print_json(tally.as_json())
    else:
        _summarise(tally, data, leave_tasks=leave_tasks)


def _prepare(data: Path, seed: int) -> None:
    from tenprint import bootstrap
    from tenprint.synth.population import background

    if (data / "network.toml").exists():
        return
    with progress("enrolling background subjects", DEMO_BACKGROUND) as advance:
        bootstrap.init_network(
            data,
            seed=seed,
            background=background(DEMO_BACKGROUND, seed),
            founding=bootstrap.Founding(data, clock_start=DEMO_START),
            on_progress=counting(advance),
        )


def _with_live_table(play: Callable[[Callable[[Booking], None]], Tally]) -> Tally:
    rows: dict[int, tuple[str, ...]] = {}

    def table() -> Table:
        shown = Table(title="Bookings", title_justify="left", header_style="bold")
        for column in ("no.", "person (fictitious)", "scene", "state", "waits for", "case"):
            shown.add_column(column, overflow="fold")
        for row in rows.values():
            shown.add_row(*row)
        return shown

    with Live(table(), console=console, refresh_per_second=8) as live:

        def show(b: Booking) -> None:
            rows[b.number] = (str(b.number + 1), b.name, b.scene.name, b.state, b.waits_for, b.case_id)
            live.update(table())

        return play(show)


def _summarise(tally: Tally, data: Path, *, leave_tasks: bool) -> None:
    t = tally.as_json()
    ended = ", ".join(f"{count} {state}" for state, count in t["cases"].items())
    shared = sum(t["messages"].values())
    console.print(f"\n[bold]How the cases ended[/]: {ended}")
    console.print(
        f"[bold]Found[/]: {t['candidates']} candidates, {t['false_candidates']} of them somebody else; "
        f"{t['mates_missed']} enrolled people missed"
    )
    console.print(
        f"[bold]Shared[/]: {shared} messages: " + ", ".join(f"{n} {kind}" for kind, n in t["messages"].items())
    )
    console.print(
        "[bold]On the ledgers[/]: " + ", ".join(f"{party} {log['size']}" for party, log in t["ledger"].items())
    )
    console.print("[bold]Seconds[/]: " + ", ".join(f"{stage} {spent}" for stage, spent in t["seconds"].items()))
    where = "" if data == DEFAULT_DATA else f" --data {data}"
    console.print("\nTry next:")
    if leave_tasks:
        console.print(f"  .venv/bin/tenprint serve --demo{where}", style="bold")
    for command in ("case list", "ledger verify", "ledger reconcile"):
        console.print(f"  .venv/bin/tenprint {command}{where}", style="bold")
