"""`tenprint ledger`: check every party's log, and every pair of logs."""

from __future__ import annotations

import itertools
from typing import Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, print_json, print_table

FOUND_SOMETHING = 1

app = typer.Typer(help="Evidence: verify logs, reconcile what two parties recorded.", no_args_is_help=True)


@app.command()
def verify(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """Recompute every party's log from its entries and check it against the signed checkpoint."""
    from tenprint import bootstrap

    rows, findings = [], []
    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        for party in network.nodes:
            found = network.verify_ledger(party)
            size, root = network.root(party)
            damaged = any(finding.is_fault for finding in found)
            rows.append((party, size, root.hex(), "DAMAGED" if damaged else "verified"))
            findings += [{"party": party, "code": f.code, "finding": f.sentence, "fault": f.is_fault} for f in found]
    if json:
        columns = ("party", "size", "root", "result")
        print_json({"logs": [dict(zip(columns, row, strict=True)) for row in rows], "findings": findings})
    else:
        print_table("Ledgers", ("party", "entries", "root", "result"), rows)
        for finding in findings:
            console.print(f"{finding['party']}: {finding['code']} {finding['finding']}", markup=False, style="red")
    if any(finding["fault"] for finding in findings):
        raise typer.Exit(FOUND_SOMETHING)


@app.command()
def reconcile(
    a: Annotated[str, typer.Argument(help="A party; without parties every pair is checked.")] = "",
    b: Annotated[str, typer.Argument(help="The other party.")] = "",
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Find what only one side of a pair recorded: sent but not received, received but not sent, without receipt."""
    from tenprint import bootstrap
    from tenprint.ledger.reconcile import reconcile as compare_logs

    with bootstrap.open_network(data, beside=True) as network:
        chosen = [(network.node(a).party.id, network.node(b).party.id)] if a and b else None
        pairs = chosen or list(itertools.combinations(network.nodes, 2))
        logs = {party: network.nodes[party].store.entries() for pair in pairs for party in pair}
    found = [(x, y, compare_logs(x, logs[x], y, logs[y])) for x, y in pairs]
    differing = [(x, y, item.sentence) for x, y, items in found for item in items]
    if json:
        print_json({"pairs": len(pairs), "discrepancies": [{"a": x, "b": y, "what": what} for x, y, what in differing]})
    elif differing:
        print_table("Only one side recorded", ("a", "b", "what"), differing)
    else:
        console.print(f"{len(pairs)} pairs of parties recorded the same.")
    if differing:
        raise typer.Exit(FOUND_SOMETHING)
