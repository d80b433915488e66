"""`tenprint serve`: the console in a browser of this machine, one party by itself, or the console of one party."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from tenprint.cli import nodes, stories
from tenprint.cli.options import DEFAULT_DATA, Data, LogFile, LogLevel
from tenprint.cli.output import console, print_json
from tenprint.core.errors import SenderError

DEFAULT_PORT = 8765
app = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
"""`tenprint serve` by itself; the command tree has the same function."""


@app.command()
def serve(
    data: Data = DEFAULT_DATA,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Another one is taken when it is in use.")
    ] = DEFAULT_PORT,
    demo: Annotated[
        bool, typer.Option("--demo", help="Anybody at this machine takes any role; only with a simulated clock.")
    ] = False,
    cards: stories.Cards = None,
    party: Annotated[
        str, typer.Option(help="Run this one party by itself: its HTTPS door and its work, and no console.")
    ] = "",
    console_of: Annotated[
        str,
        typer.Option(
            "--console", metavar="PARTY", help="The console of this one party, beside its process; no other's data."
        ),
    ] = "",
    drop: Annotated[
        Path | None,
        typer.Option(help="With --party: folder in which clients leave files, and find their answers (see the guide)."),
    ] = None,
    templates: Annotated[
        Path | None,
        typer.Option(help="With --party: folder of templates of images seen before, instead of the network's own."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="With --party or --console: print the line that says ready as JSON.")
    ] = False,
    metrics_port: Annotated[
        int | None, typer.Option(help="With --party: port of this machine for /metrics (0 takes a free one).")
    ] = None,
    log: LogFile = None,
    log_level: LogLevel = "warning",
) -> None:
    """Serve the console on http://127.0.0.1, for this machine only, until Ctrl-C; or run one party with --party.

    Without --demo people sign in with name and password: add them with `tenprint accounts add`. With --party the
    party takes messages at its url of network.toml; submit, tasks, case, enroll and network work beside it, and so
    does serve --console for its people. Metrics for Prometheus are at /metrics, and the log is one JSON line an event.
    """
    nodes.check_level(log_level)
    if party and console_of:
        said = "--party runs a party, --console serves its pages: two processes"
        raise SenderError("CLI_CONTRADICTION", said, hint="run serve twice, in any order")
    if party:
        nodes.serve_one(data, party, nodes.Serving(json, templates, drop, metrics_port, log, log_level))
        return
    if drop is not None or templates is not None or metrics_port is not None:
        raise SenderError("CLI_CONTRADICTION", "--drop, --templates and --metrics-port belong to --party")
    if json and not console_of:
        raise SenderError("CLI_CONTRADICTION", "--json belongs to --party or --console")
    if console_of and (demo or cards is not None):
        raise SenderError("CLI_CONTRADICTION", "in a demo all parties share one console")
    from tenprint import bootstrap

    with bootstrap.logging_to(log, log_level):
        if console_of:
            _serve_party_console(data, console_of, port, json=json)
        elif demo:
            _serve_demo(data, port, cards)
        else:
            _serve_network(data, port)


def _serve_network(data: Path, port: int) -> None:
    """Run a whole network in this process, and serve its console."""
    from tenprint import bootstrap
    from tenprint.web.app import create_app
    from tenprint.web.serve import ADDRESS, listening_socket
    from tenprint.web.serve import serve as serve_app

    watch = bootstrap.Watch()
    with bootstrap.open_network(data, observe=watch) as network:
        watch.begin(network.nodes.values())
        network.run()
        listener = listening_socket(port)
        taken = listener.getsockname()[1]
        if taken != port:
            console.print(f"Port {port} is in use; taking another one.")
        console.print(f"Tenprint's console: [bold]http://{ADDRESS}:{taken}[/]  (Ctrl-C stops it)", soft_wrap=True)
        accounts = bootstrap.open_accounts(data)
        if not accounts.all():
            console.print("There is no account yet: add one with tenprint accounts add, or try --demo.", style="dim")
        serve_app(create_app(network, is_demo=False, accounts=accounts, metrics=watch.metrics), listener)
        network.sign_checkpoints()  # looks are on the ledgers since the last one
    console.print("Stopped; nothing is lost.")


def _serve_party_console(data: Path, party: str, port: int, *, json: bool) -> None:
    """Serve the console of one party, whose work its own process does: that may start and end meanwhile."""
    from tenprint import bootstrap
    from tenprint.web.app import create_app
    from tenprint.web.serve import ADDRESS, listening_socket
    from tenprint.web.serve import serve as serve_app

    with bootstrap.open_beside(data, party) as house:
        listener = listening_socket(port)
        url = f"http://{ADDRESS}:{listener.getsockname()[1]}"
        accounts = bootstrap.open_accounts(data, party)
        if json:
            print_json({"console": party, "url": url, "pid": os.getpid(), "runs": house.process, "ready": True})
        else:
            console.print(f"Console of {party}: {url}  (Ctrl-C stops it)", soft_wrap=True, markup=False)
            if house.process is None:
                said = "does not run: what people decide is kept, and goes out once it does. Start it with:"
                hint = f"{party} {said} tenprint serve --party {party} --data {data}"
                console.print(hint, style="dim", soft_wrap=True, markup=False)
            if not accounts.all():
                said = f"Nobody has an account there yet: tenprint accounts add NAME --party {party} --data {data}"
                console.print(said, style="dim", soft_wrap=True, markup=False)
        sys.stdout.flush()
        serve_app(create_app(house, is_demo=False, accounts=accounts), listener, compares=bool(house.place.gallery))
    if not json:
        console.print("Stopped; nothing is lost.")


def _serve_demo(data: Path, port: int, cards: Path | None) -> None:
    """Serve a network that is there, with its stories; nothing is founded and nothing waited for."""
    from tenprint import bootstrap
    from tenprint.cli import staging

    network = bootstrap.load_network(data)
    if network.clock_start is None:
        raise SenderError(
            "CLOCK_REAL",
            f"the network in {data} runs by the real time: it may be a real one, and a demo has no passwords",
            hint="choose another --data, or leave --demo out",
        )
    folder, seed = stories.cards_beside(data, cards), network.seed or 0
    plan = staging.Plan(data, folder, seed, port, "", opens_browser=False, waits_for_prints=False)
    staging.open_console(plan, lambda: None)
