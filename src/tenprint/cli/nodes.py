"""`tenprint network up` and `status`: all parties as processes of this machine; how each of them is."""

from __future__ import annotations

import json as text
import multiprocessing
import multiprocessing.process
import os
import selectors
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli import EXIT_REFUSED, loading
from tenprint.cli.options import DEFAULT_DATA, Data, Json, LogLevel
from tenprint.cli.output import complain, console, plain, print_json, print_table
from tenprint.core.errors import SenderError, StorageError, TenprintError
from tenprint.exchange.model.health import Condition

if TYPE_CHECKING:
    from tenprint.bootstrap import PartyState

READY_SECONDS = 300.0
"""How long all parties together may take to start."""
END_SECONDS = 90.0
WATCH_SECONDS = 0.5
LOG_NAME = "serve.log"
ENDED = 1
"""Exit code when a party did not start, ended by itself, or does not run."""


@dataclass
class _Child:
    """A party's process.

    Args:
        party: its id.
        process: does what `tenprint serve --party` does.
        output: where it says that it is ready.
        log: file of what it writes.
        ready: what it said when it was ready.
    """

    party: str
    process: multiprocessing.process.BaseProcess
    output: IO[bytes]
    log: Path
    ready: dict[str, Any]


def up(
    data: Data = DEFAULT_DATA,
    json: Json = False,
    templates: Annotated[
        Path | None, typer.Option(help="Folder of templates of images seen before, instead of the network's own.")
    ] = None,
    log_level: LogLevel = "info",
    metrics_first_port: Annotated[
        int | None,
        typer.Option(min=1, max=65_000, help="The parties serve /metrics there and at the next ports, in file order."),
    ] = None,
) -> None:
    """Start every party of a network as a process of this machine, and stop them all at Ctrl-C.

    A party that ends by itself is named, and not started again. Each writes its log to parties/ID/serve.log.
    """
    check_level(log_level)
    from tenprint import bootstrap
    from tenprint.web import party_server  # noqa: F401 - loaded here, so that no party need load it

    network = bootstrap.load_network(data)
    places = [place for place in network.places if network.is_here(place)]
    for place in places:
        bootstrap.address_of(place)
    signal.signal(signal.SIGTERM, _interrupted)
    children: list[_Child] = []
    failed = False
    try:
        for number, place in enumerate(places):
            port = None if metrics_first_port is None else metrics_first_port + number
            how = Serving(json=True, templates=templates, drop=None, metrics_port=port, log=None, log_level=log_level)
            children.append(_start(data, place.party.id, data / place.home / LOG_NAME, how))
        _await_ready(children, quiet=json)
        told = [{**child.ready, "log": str(child.log)} for child in children]
        if json:
            print_json({"ready": True, "parties": told})
            sys.stdout.flush()
        else:
            console.print(f"{len(children)} parties run. Ctrl-C stops them all.")
            console.print(f"Next: tenprint submit BOOKING.eft --wait --data {data}", style="dim", soft_wrap=True)
        failed = _watch(children)
    except KeyboardInterrupt:
        pass
    finally:
        _stop(children)
    console.print("Stopped; nothing is lost." if not json else "", end="\n" if not json else "")
    if failed:
        raise typer.Exit(ENDED)


def _start(data: Path, party: str, log: Path, how: Serving) -> _Child:
    """Start a party as a fork: what all of them load, which takes longer than all else, was loaded once."""
    reading, writing = os.pipe()
    with log.open("ab") as errors:
        files = {1: writing, 2: errors.fileno()}
        process = multiprocessing.get_context("fork").Process(target=_be, args=(data, party, how, files), name=party)
        process.start()
    os.close(writing)
    return _Child(party, process, os.fdopen(reading, "rb"), log, {})


def _be(data: Path, party: str, how: Serving, files: Mapping[int, int]) -> None:
    """Be a party: with an input, an output, a log and a session of its own, as a command started by hand has them."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in {0: nothing, **files}.items():
        os.dup2(file, number)
    try:
        serve_one(data, party, how)
    except TenprintError as problem:
        complain(problem)
        sys.exit(EXIT_REFUSED)


def _await_ready(children: list[_Child], *, quiet: bool) -> None:
    """Read each party's one line as it comes.

    Raises:
        StorageError: ``PARTY_NOT_STARTED``.
    """
    ends_at = time.monotonic() + READY_SECONDS
    with selectors.DefaultSelector() as waiting:
        for child in children:
            waiting.register(child.output, selectors.EVENT_READ, child)
        while waiting.get_map():
            found = waiting.select(max(0.0, ends_at - time.monotonic()))
            if not found:
                missing = ", ".join(key.data.party for key in waiting.get_map().values())
                raise StorageError("PARTY_NOT_STARTED", f"not ready after {READY_SECONDS:.0f} seconds: {missing}")
            for key, _ in found:
                waiting.unregister(key.fileobj)
                _note_ready(key.data, quiet=quiet)


def _note_ready(child: _Child, *, quiet: bool) -> None:
    line = child.output.readline()
    if not line:
        said = child.log.read_text(errors="replace").strip().splitlines()[-2:]
        raise StorageError(
            "PARTY_NOT_STARTED",
            f"{child.party} did not start: {plain(' '.join(said))[:500]}",
            hint=f"see {child.log}",
        )
    child.ready = text.loads(line)
    if not quiet:
        ready = child.ready
        console.print(
            f"{child.party:<24}{ready['url']:<28}pid {ready['pid']}", markup=False, soft_wrap=True, highlight=False
        )


def _watch(children: list[_Child]) -> bool:
    """Wait until nothing runs any more; say of each party how it ended. Return whether one ended by itself."""
    running = list(children)
    while running:
        for child in list(running):
            code = child.process.exitcode
            if code is not None:
                running.remove(child)
                how = f"ended by itself (exit code {code})" if code else "was stopped"
                console.print(
                    f"{child.party} {how}; the others go on. Its log: {child.log}", markup=False, soft_wrap=True
                )
        time.sleep(WATCH_SECONDS)
    return any(child.process.exitcode for child in children)


def _stop(children: list[_Child]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for child in children:
        child.process.terminate()
    ends_at = time.monotonic() + END_SECONDS
    for child in children:
        child.process.join(max(0.1, ends_at - time.monotonic()))
        if child.process.exitcode is None:
            child.process.kill()
            child.process.join()
        child.output.close()


def _interrupted(number: int, frame: object) -> None:  # noqa: ARG001 - as the system calls it
    raise KeyboardInterrupt


def status(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """Show each party: does it answer, what waits, what was given up, how far its ledger is.

    Exit code 1 when a party does not run that has run by itself, or beside others that do.
    """
    from tenprint import bootstrap

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        found, health = bootstrap.party_states(network), network.health()
    stopped = [state.party for state in found if state.is_stopped]
    conditions = {party: str(one.condition) for party, one in health.items()} | dict.fromkeys(
        stopped, str(Condition.STOPPED)
    )
    if json:
        print_json([
            asdict(state) | {"condition": conditions[state.party], "health": health[state.party].as_json()}
            for state in found
        ])  # fmt: skip
    else:
        _show_status(found, conditions)
    if stopped:
        raise typer.Exit(ENDED)


def _show_status(found: list[PartyState], conditions: Mapping[str, str]) -> None:
    columns = ("party", "runs", "is", "cases", "tasks", "in/out", "given up", "ledger")
    rows = (
        (
            state.party,
            "yes" if state.answers else state.trouble or "no",
            conditions[state.party],
            state.cases,
            state.open_tasks,
            f"{state.inbox_waiting}/{state.outbox_waiting}",
            state.dead_letters,
            state.ledger_entries,
        )
        for state in found
    )
    print_table("Parties", columns, rows, whole=("party",))
    for state in found:
        if state.oldest_waiting:
            console.print(f"{state.party}: a message waits since {state.oldest_waiting}", markup=False)
        if state.next_timer:
            console.print(f"{state.party}: the next timer fires at {state.next_timer}", markup=False)
    if not any(state.pid for state in found):
        console.print("No party runs by itself. Start them with: tenprint network up", style="dim")
    elif stopped := [state.party for state in found if state.is_stopped]:
        said = f"Does not run: {', '.join(stopped)}. Start one with: tenprint serve --party PARTY"
        console.print(said, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class Serving:
    """How one party is run.

    Args:
        json: print the line that says ready as JSON.
        templates: folder of templates of images seen before, instead of the network's own.
        drop: folder in which clients leave files.
        metrics_port: port of ``/metrics`` on this machine; None for none.
        log, log_level: as for `bootstrap.logging_to`.
    """

    json: bool
    templates: Path | None
    drop: Path | None
    metrics_port: int | None
    log: Path | None
    log_level: str


def check_level(level: str) -> None:
    """Refuse what is no level of the log.

    Raises:
        SenderError: ``LOG_LEVEL``.
    """
    with loading():
        from tenprint import bootstrap

    if level not in bootstrap.LEVELS:
        raise SenderError(
            "LOG_LEVEL", f"{level!r} is no level of the log", hint=f"one of {', '.join(bootstrap.LEVELS)}"
        )


def serve_one(data: Path, party: str, how: Serving) -> None:
    """Run one party until Ctrl-C (`tenprint serve --party`)."""
    with loading():
        from tenprint import bootstrap
        from tenprint.web.party_server import serve_party

    json, templates, drop = how.json, how.templates, how.drop

    if drop is not None and not drop.is_dir():
        raise SenderError("DROP_MISSING", f"there is no folder {drop}", hint="make it, and let its clients write there")
    watch = bootstrap.Watch(counts=how.metrics_port is not None)
    with ExitStack() as open_things:
        open_things.enter_context(bootstrap.logging_to(how.log, how.log_level))
        running = open_things.enter_context(bootstrap.open_party(data, party, templates=templates, observe=watch))
        watch.begin([running.node])
        if how.metrics_port is not None:
            port = open_things.enter_context(watch.serving(how.metrics_port))
        place = running.place
        told = {"party": party, "role": str(place.party.role), "url": place.url, "pid": os.getpid(), "ready": True}
        if how.metrics_port is not None:
            told["metrics"] = f"http://127.0.0.1:{port}/metrics"

        def say_ready() -> None:
            if json:
                print_json(told)
            else:
                typer.echo(f"{party} takes messages at {place.url} (pid {os.getpid()}; Ctrl-C stops it)")
            sys.stdout.flush()

        jobs = (running.announce, *(() if drop is None else (running.drop_folder(drop).work,)))
        bootstrap.look_seldom()
        serve_party(running, say_ready, jobs)
    if not json:
        typer.echo("Stopped; nothing is lost.")
