"""`tenprint bench exchange`: bookings a second through seven parties, with matching stubbed by truth."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, errors, print_json, print_table, progress
from tenprint.cli.stopping import stopped_by_sigterm
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.bootstrap import bench_https
    from tenprint.bootstrap.bench import Figures, Plan
    from tenprint.studies.throughput import Window

TOGETHER, BY_HTTPS = 1_000, 20
PEAK_PER_SECOND = 4
"""National peak of ten-print submissions, about (domain.md)."""
_SIZE = re.compile(r"([1-9][0-9]{0,7})([kK]?)")


class Database(StrEnum):
    """Where the parties' rows lie."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def exchange(
    bookings: Annotated[
        int | None,
        typer.Option(min=1, help="How many: 1000, each thousand measured by itself; with --https 20, one by one."),
    ] = None,
    database: Annotated[Database, typer.Option(help="Of the seven parties.")] = Database.SQLITE,
    database_url: Annotated[
        str, typer.Option(help="PostgreSQL address with {party} for each party's database; else a server is started.")
    ] = "",
    workers: Annotated[int, typer.Option(min=1, max=2, help="Processes.")] = 2,
    body: Annotated[str, typer.Option(help="Size of a booking: 20k, 600k.")] = "20k",
    seed: Annotated[int, typer.Option(min=0, max=999_999, help="Of the bookings.")] = 1,
    profile: Annotated[bool, typer.Option("--profile", help="Show where the time goes.")] = False,
    https: Annotated[
        bool, typer.Option("--https", help="One booking at a time through seven processes that speak HTTPS.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where the network's files lie; a temporary folder by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Bookings a second through seven parties in process; signatures, ledgers and blobs are real, matching is not."""
    body_bytes = _bytes(body)
    if https:
        _one_by_one(bookings or BY_HTTPS, str(database), body_bytes, seed, folder, as_json=json)
        return
    from tenprint.bootstrap import bench

    bookings = bookings or TOGETHER
    with stopped_by_sigterm(), tempfile.TemporaryDirectory(prefix="tenprint-bench-", dir=folder) as made:
        plan = bench.Plan(Path(made) / "network", str(database), bookings, body_bytes, workers, seed)
        with (
            bench.bench_network(plan.folder, plan.database, database_url) as disk_bytes,
            progress("bookings", bookings, quiet=json) as advance,
        ):
            figures = bench.measure(plan, disk_bytes, profile=profile, advance=advance, on_window=_tell_window)
    if json:
        print_json(_as_json(plan, figures))
    else:
        _show(plan, figures)


def _one_by_one(
    bookings: int, database: str, body_bytes: int, seed: int, folder: Path | None, *, as_json: bool
) -> None:
    from tenprint.bootstrap import bench_https
    from tenprint.web.party_server import serve_party

    with stopped_by_sigterm(), tempfile.TemporaryDirectory(prefix="tenprint-bench-", dir=folder) as made:
        plan = bench_https.Plan(Path(made) / "network", database, bookings, body_bytes, seed)
        with progress("bookings", bookings, quiet=as_json) as advance:
            figures = bench_https.measure(plan, serve_party, advance)
    found = _https_json(plan, figures)
    if as_json:
        print_json(found)
        return
    low, high = found["interval_ms"]
    console.print(
        f"one booking with an immigration match through seven processes over HTTPS, {database}: "
        f"median {found['median_ms']} ms (95 %: {low} to {high}), {found['cpu_ms']} ms of processors; "
        "people answer at once"
    )
    columns = ("kind", "from", "to", "a booking", "accepted after ms", "receipt ms", "handled ms")
    rows = (["" if value is None else value for value in passage.values()] for passage in found["passages"])
    print_table("Messages in the order of their arrival, medians", columns, rows)
    console.print(
        "Accepted: since the booking was handed in. Receipt and handled: since the message was accepted. "
        "Messages of a party to itself are timers and news.",
        style="dim",
    )


def _https_json(plan: bench_https.Plan, figures: bench_https.Figures) -> dict[str, Any]:
    taken = figures.milliseconds
    return {
        "database": plan.database,
        "bookings": len(taken),
        "body_bytes": plan.body_bytes,
        "median_ms": round(figures.median_ms, 1),
        "interval_ms": [round(bound, 1) for bound in figures.interval_ms],
        "fastest_ms": round(min(taken), 1),
        "slowest_ms": round(max(taken), 1),
        "first_ms": round(figures.first_ms, 1),
        "cpu_ms": round(figures.cpu_ms, 1),
        "passages": [
            {
                "kind": passage.kind,
                "sender": passage.sender,
                "recipient": passage.recipient,
                "per_booking": round(passage.count, 2),
                "accepted_ms": round(passage.accepted_ms, 1),
                "receipt_ms": None if passage.receipt_ms is None else round(passage.receipt_ms, 1),
                "handled_ms": round(passage.handled_ms, 1),
            }
            for passage in figures.passages
        ],
    }


def _bytes(text: str) -> int:
    said = _SIZE.fullmatch(text)
    if said is None or int(said[1]) * (1_000 if said[2] else 1) > 20_000_000:
        raise SenderError("SIZE_INVALID", "a booking's size is a number of bytes such as 20k or 600k, up to 20000k")
    return int(said[1]) * (1_000 if said[2] else 1)


def _windows(windows: Sequence[Window]) -> list[dict[str, Any]]:
    return [
        {
            "bookings": window.bookings,
            "bookings_per_second": round(window.bookings / window.seconds, 1),
            "cpu_ms_per_booking": round(1000 * window.cpu_seconds / window.bookings, 2),
            "bytes_per_booking": round(window.disk_bytes / window.bookings),
        }
        for window in windows
    ]


def _tell_window(window: Window) -> None:
    """Say on standard error what was measured, as soon as it was: a run that is stopped has shown it."""
    (found,) = _windows([window])
    errors.print(
        f"{found['bookings']} bookings: {found['bookings_per_second']}/s, "
        f"{found['cpu_ms_per_booking']} ms of processors and {found['bytes_per_booking']:,} bytes a booking"
    )


def _as_json(plan: Plan, figures: Figures) -> dict[str, Any]:
    done = sum(window.bookings for window in figures.windows)
    return {
        "database": plan.database,
        "bookings": done,
        "body_bytes": plan.body_bytes,
        "workers": plan.workers,
        "bookings_per_second": round(figures.bookings_per_second, 1),
        "cpu_ms_per_booking": round(1000 * sum(w.cpu_seconds for w in figures.windows) / done, 2),
        "bytes_per_booking": round(sum(w.disk_bytes for w in figures.windows) / done),
        "unloaded_ms": round(figures.unloaded_ms, 1),
        "windows": _windows(figures.windows),
        "profile": [asdict(row) for row in figures.profile],
    }


def _show(plan: Plan, figures: Figures) -> None:
    found = _as_json(plan, figures)
    columns = ("bookings", "bookings/s", "CPU ms/booking", "bytes/booking")
    title = f"{plan.database}, {plan.workers} processes, bookings of {plan.body_bytes:,} bytes"
    print_table(title, columns, (row.values() for row in found["windows"]))
    console.print(
        f"median {found['bookings_per_second']} bookings/s (the national peak was about {PEAK_PER_SECOND}/s); "
        f"one booking on an idle network {found['unloaded_ms']} ms (median)"
    )
    if plan.database == Database.POSTGRESQL:
        console.print("CPU is that of the worker processes; the server's is not in it.", style="dim")
    if figures.profile:
        rows = ((row.function, f"{row.own_ms:.3f}", f"{row.calls:.1f}") for row in figures.profile)
        print_table("Own time by function, one process under the profiler", ("function", "ms", "calls"), rows)
        console.print("per booking; the profiler itself makes small functions look dearer", style="dim")
