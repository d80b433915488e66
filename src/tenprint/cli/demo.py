"""`tenprint demo`: stories to follow in a browser, or the main job on synthetic people without one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Table

from tenprint.cli import staging, stories
from tenprint.cli.options import DEFAULT_DATA, Data, Json, LogFile
from tenprint.cli.output import console, counting, print_json, progress
from tenprint.cli.serve import DEFAULT_PORT
from tenprint.core.clock import ManualClock
from tenprint.core.errors import SenderError

if TYPE_CHECKING:  # the study loads the engine; help texts should not wait for it
    from tenprint.studies.demo import Booking
    from tenprint.studies.tally import Tally

DEMO_BACKGROUND = 1000
DEMO_START = datetime(2010, 10, 4, 14, 0, tzinfo=UTC)
DEFAULT_BOOKINGS = 8


@dataclass(frozen=True)
class _Run:
    """What the main job is asked to do."""

    data: Path
    bookings: int
    seed: int
    script: Path | None
    leave_tasks: bool
    is_quiet: bool


def demo(
    data: Data = DEFAULT_DATA,
    story: Annotated[
        str, typer.Option(help="Begin with this story; with --headless play it to its end ('all': the ten in turn).")
    ] = "",
    list_stories: Annotated[bool, typer.Option("--stories", help="List the stories.")] = False,
    headless: Annotated[bool, typer.Option("--headless", help="No console, no table: play, count, end.")] = False,
    table: Annotated[bool, typer.Option("--table", help="A live table in the terminal, no console.")] = False,
    bookings: Annotated[int, typer.Option(min=1, max=10_000, help="How many people are booked.")] = DEFAULT_BOOKINGS,
    seed: Annotated[int, typer.Option(min=0, max=999_999, help="Same seed, same counts.")] = 7,
    script: Annotated[Path | None, typer.Option(help="Another script of human roles (TOML).")] = None,
    leave_tasks: Annotated[
        bool, typer.Option("--leave-tasks", help="Play nobody: the tasks wait for you; see `serve --demo`.")
    ] = False,
    cards: stories.Cards = None,
    background: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Other people in the immigration repository of a new network.")
    ] = DEMO_BACKGROUND,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Of the console; another one is taken when it is in use.")
    ] = DEFAULT_PORT,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    log: LogFile = None,
    json: Json = False,
) -> None:
    """Follow stories in a browser: who is booked, who is told, who decides. You may take any role yourself.

    With --headless, eight synthetic people are booked and every role is played from a script; with --table you can
    watch that in the terminal. A second run with the same directory resumes. Ctrl-C stops cleanly: nothing is lost.
    """
    if list_stories:
        stories.show_list(json=json)
        return
    is_job = headless or json or table or leave_tasks or script is not None or bookings != DEFAULT_BOOKINGS
    if story and is_job:
        chosen = stories.chosen(story)
        _prepare(data, seed, background)
        stories.play(data, chosen, seed=seed, cards=cards, json=json)
        return
    if not is_job:
        begins = stories.chosen(story)[0].name if story else ""
        plan = staging.Plan(data, stories.cards_beside(data, cards), seed, port, begins, opens_browser=not no_browser)
        with _log_to(log):
            staging.open_console(plan, lambda: _prepare(data, seed, background))
        return
    _prepare(data, seed, background)
    run = _Run(data, bookings, seed, script, leave_tasks, headless or json)
    tally = _main_job(run)
    if json:
        print_json(tally.as_json())
    else:
        _summarise(tally, data, leave_tasks=leave_tasks)


def _log_to(path: Path | None) -> AbstractContextManager[None]:
    """Return what writes the log of a demo: it is quiet unless a file is named."""
    from tenprint import bootstrap

    return nullcontext() if path is None else bootstrap.logging_to(path, "info")


def _main_job(run: _Run) -> Tally:
    from tenprint import bootstrap
    from tenprint.studies import demo as study
    from tenprint.studies.script import load_script, script_path
    from tenprint.studies.stage import Stage

    chosen = run.script or script_path()
    humans = load_script(chosen)
    if not run.is_quiet:
        console.print(f"Human roles are played from {chosen}", style="dim", soft_wrap=True)
    salts = bootstrap.seeded_random(bootstrap.load_network(run.data), run.seed)
    with bootstrap.image_codec() as (_, encode), bootstrap.open_network(run.data, random=salts) as network:
        if not isinstance(network.clock, ManualClock):
            raise SenderError(
                "CLOCK_REAL", f"the network in {run.data} runs by the real time", hint="choose another --data"
            )
        stage = Stage(network.nodes, network.clock, network.run, encode)
        plays_people = not run.leave_tasks
        if run.is_quiet:
            return study.Demo(stage, humans, run.seed, plays_people=plays_people).run(run.bookings)
        return _with_live_table(
            lambda show: study.Demo(stage, humans, run.seed, show, plays_people=plays_people).run(run.bookings)
        )


def _prepare(data: Path, seed: int, count: int) -> None:
    from tenprint import bootstrap
    from tenprint.synth.population import background

    if (data / "network.toml").exists():
        return
    with progress("enrolling background subjects", count) as advance:
        bootstrap.init_network(
            data,
            seed=seed,
            background=background(count, seed),
            founding=bootstrap.Founding(data, clock_start=DEMO_START, founders="demo"),
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

    with Live(table(), console=console.rich, refresh_per_second=8) as live:

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
