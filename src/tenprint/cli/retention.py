"""`tenprint network retention` and `tenprint ledger erased`: whose keeping ends, and the proof that it did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import DEFAULT_DATA, EXIT_FOUND, Data, Json
from tenprint.cli.output import console, print_json, print_table
from tenprint.core.clock import ManualClock, to_wire
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.bootstrap import Network
    from tenprint.exchange.dispatch import Ending
    from tenprint.exchange.ports import Node

SHOWN_NEXT = 3
"""Of each party, how many of the cases that are not due yet a table shows; JSON has all."""
LISTED = 1_000_000


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is due; erase nothing.")] = False,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Move a simulated clock on to this day first.")
    ] = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Show whose period of keeping is over and ends next, per party and rule; erase what is due."""
    from tenprint import bootstrap
    from tenprint.exchange import dispatch

    # To look is possible beside running parties; they erase what is due by themselves.
    with bootstrap.open_network(data, beside=dry_run) as network:
        if until is not None and not dry_run:
            _move(network, until.replace(tzinfo=UTC))
        now = until.replace(tzinfo=UTC) if until is not None else network.clock.now()
        nodes = list(network.nodes.values())
        found = [(node.party.id, ending) for node in nodes for ending in dispatch.endings(node)]
        before = {node.party.id: len(node.store.erased_entries()) for node in nodes}
        if not dry_run:
            network.run()
        said = {node.party.id: len(node.store.erased_entries()) - before[node.party.id] for node in nodes}
        left = {node.party.id: len(node.store.erasures(LISTED)) for node in nodes}
    due = [(party, ending) for party, ending in found if ending.due_at <= now]
    following = [(party, ending) for party, ending in found if ending.due_at > now]
    if json:
        lists = {"due": [_as_json(*one) for one in due], "next": [_as_json(*one) for one in following]}
        print_json({"at": to_wire(now), **lists, "erased": said, "still_on_disk": left})
        return
    _show("Due now", due)
    _show("Next", _first_of_each(following))
    if not dry_run:
        console.print(f"Erased {sum(said.values())} parts of cases. Proofs: tenprint ledger erased", soft_wrap=True)
    for party, count in left.items():
        if count:
            console.print(f"{party}: {count} things are still to leave the disk; the next run tries again", style="red")


def erased(
    party: Annotated[str, typer.Option(help="Only what this party erased.")] = "",
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """List what was erased when under which rule, each with its proof against the signed checkpoint."""
    from tenprint import bootstrap
    from tenprint.exchange.tasks import erased as proofs

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        nodes: list[Node] = [network.node(party)] if party else list(network.nodes.values())
        found = [line for node in nodes for line in proofs.erased_by(node)]
        notes = {node.party.id: (node.store.newest_checkpoint() or b"").decode() for node in nodes}
    if json:
        print_json({"erased": [line.as_json() for line in found], "checkpoints": notes})
    else:
        columns = ("party", "time", "case", "rule", "what", "proof")
        rows = (
            (
                line.party,
                _day(str(line.fields["time"])),
                line.fields.get("case", ""),
                line.fields["rule"],
                line.fields["note"],
                line.state,
            )
            for line in found
        )
        print_table("Erased", columns, rows, whole=("case",))
        if not found:
            console.print("Nothing was erased yet. What is due next: tenprint network retention --dry-run")
    if any(line.state == proofs.BROKEN for line in found):
        raise typer.Exit(EXIT_FOUND)


def _move(network: Network, day: datetime) -> None:
    if not isinstance(network.clock, ManualClock):
        raise SenderError("CLOCK_REAL", "this network runs by the real time, which does not jump")
    if day < network.clock.now():
        raise SenderError("CLOCK_BACKWARDS", f"this network's time is {to_wire(network.clock.now())}; it only goes on")
    network.clock.jump_to(day)


def _first_of_each(endings: Iterable[tuple[str, Ending]]) -> list[tuple[str, Ending]]:
    shown: dict[str, list[tuple[str, Ending]]] = {}
    for party, ending in endings:
        shown.setdefault(party, []).append((party, ending))
    return [one for found in shown.values() for one in found[:SHOWN_NEXT]]


def _show(title: str, endings: Iterable[tuple[str, Ending]]) -> None:
    rows = [
        (party, to_wire(ending.due_at)[:10], ending.case_id, _first(ending), ending.postponed)
        for party, ending in endings
    ]
    if rows:
        print_table(title, ("party", "on", "case", "what, under which rule", "postponed"), rows, whole=("case",))
    else:
        console.print(f"{title}: nothing.")


def _first(ending: Ending) -> str:
    """Return what ends first, with its rule: periods of one moment stand together."""
    first = [period for period in ending.periods if period.ends_at == ending.periods[0].ends_at]
    return "; ".join(f"{period.kept}: {period.rule.id}, {period.days} days" for period in first)


def _day(time: str) -> str:
    return time[:16].replace("T", " ")


def _as_json(party: str, ending: Ending) -> dict[str, Any]:
    periods = [
        {
            "kept": str(period.kept),
            "days": period.days,
            "ends_at": to_wire(period.ends_at),
            "rule": period.rule.id,
            "version": period.rule.version,
            "sentence": period.sentence,
        }
        for period in ending.periods
    ]
    due_at = to_wire(ending.due_at)
    return {"party": party, "case": ending.case_id, "due_at": due_at, "postponed": ending.postponed, "periods": periods}
