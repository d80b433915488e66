"""`tenprint ledger`: check every party's log, and every pair of logs; audits from outside; witnesses."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, plain, print_json, print_table
from tenprint.cli.retention import erased
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.model.known import is_copy
from tenprint.exchange.model.words import Kind, Role

if TYPE_CHECKING:
    from tenprint.exchange.ports import Node
    from tenprint.exchange.tasks.audit_report import AuditReport, SeenLedger

FOUND_SOMETHING = 1
NOT_ALL_KNOWN = 3
"""Exit code when nothing is wrong as far as is known, and something is awaited: pending is not no."""
NOT_SEEN = "not cosigned"
STILL_UNDER_WAY = "Under way, which is no disagreement"
AUDIT_HINT = "tenprint ledger audit A B, or tenprint ledger audit --id AUDIT"

app = typer.Typer(help="Evidence: verify logs, reconcile what two parties recorded.", no_args_is_help=True)
app.command()(erased)


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
    b: Annotated[str, typer.Argument(help="The other party; without it the first one with every other.")] = "",
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Find what only one side of a pair recorded: sent but not received, received but not sent, without receipt.

    A message that nobody has signed for yet is under way, which is no disagreement. Exit code 1: two ledgers disagree.
    3: none disagree, and something is under way: ask again when nothing is due.
    """
    from tenprint import bootstrap
    from tenprint.ledger.reconcile import reconcile as compare_logs

    with bootstrap.open_network(data, beside=True) as network:
        chosen = {network.node(party).party.id for party in (a, b) if party}
        both = [tuple(network.node(party).party.id for party in (a, b))] if a and b else None
        pairs = both or [pair for pair in itertools.combinations(network.nodes, 2) if chosen <= {*pair}]
        if both and len(chosen) == 1:
            raise SenderError("RECONCILE_OF_ONE", "two parties are compared with each other", hint="name another one")
        logs = {party: network.nodes[party].store.entries() for pair in pairs for party in pair}
    found = [(x, y, one) for x, y in pairs for one in compare_logs(x, logs[x], y, logs[y])]
    differing = [(x, y, one) for x, y, one in found if not one.is_pending]
    under_way = [(x, y, one) for x, y, one in found if one.is_pending]
    if json:
        said = [{"a": x, "b": y, "kind": one.kind, "what": one.sentence} for x, y, one in differing]
        waiting = [{"a": x, "b": y, "message": one.message, "since": one.since, "what": one.sentence}
                   for x, y, one in under_way]  # fmt: skip
        print_json({"pairs": len(pairs), "discrepancies": said, "under_way": waiting})
    else:
        columns = ("a", "b", "what")
        if differing:
            print_table("Only one side recorded", columns, ((x, y, one.sentence) for x, y, one in differing))
        if under_way:
            print_table(STILL_UNDER_WAY, columns, ((x, y, one.sentence) for x, y, one in under_way))
        if not found:
            console.print(f"{len(pairs)} pairs of parties recorded the same.")
    if differing or under_way:
        raise typer.Exit(FOUND_SOMETHING if differing else NOT_ALL_KNOWN)


@app.command()
def audit(
    a: Annotated[str, typer.Argument(help="A party.")] = "",
    b: Annotated[str, typer.Argument(help="The other party.")] = "",
    audit_id: Annotated[str, typer.Option("--id", help="An earlier audit: read what has been answered by now.")] = "",
    by: Annotated[str, typer.Option(help="The auditor that asks; by default the first one of the network.")] = "",
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Let an auditor, who holds nobody's data, compare two ledgers: signed checkpoints and opened fields alone.

    Whoever has not answered yet is accused of nothing. Exit code 1: a ledger does not verify, was refused, or they
    disagree. 3: the audit is incomplete, because somebody has not answered or a message is under way between them.
    """
    from tenprint import bootstrap
    from tenprint.exchange import dispatch
    from tenprint.exchange.tasks import audit_report

    if bool(audit_id) == bool(a or b) or bool(a) != bool(b):
        raise SenderError("AUDIT_OF_WHOM", "an audit is of two parties, or an earlier one by its id", hint=AUDIT_HINT)
    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        node = network.node(by or Role.AUDITOR)
        if not audit_id:
            audit_id = dispatch.ask_for_ledgers(node, network.node(a).party.id, network.node(b).party.id)
            network.settle(case_id=audit_id)
        report = audit_report.report_of(node, audit_id)
    if json:
        print_json(report.as_json())
    else:
        _print_audit(report, node.party.id)
    if report.verdict != audit_report.Verdict.CLEAN:
        is_open = report.verdict == audit_report.Verdict.INCOMPLETE
        raise typer.Exit(NOT_ALL_KNOWN if is_open else FOUND_SOMETHING)


@app.command()
def trail(
    case_id: Annotated[str, typer.Argument(help="Id from `case list`.")],
    by: Annotated[str, typer.Option(help="Who asks: the agency that booked, or an auditor.")] = "agency",
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Ask along the way of a booking to whom it was disclosed; each line is proved by the discloser's ledger.

    Which prints a message carried is the discloser's own word. An acknowledgement discloses nothing, and stands apart.
    """
    from tenprint import bootstrap
    from tenprint.exchange import dispatch
    from tenprint.exchange.tasks import audit_report

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        node = _asker(network.nodes.values(), network.node, by, case_id)
        dispatch.ask_for_trail(node, case_id)
        network.settle(case_id=case_id)
        trails = audit_report.trails_of(node, case_id)
    rows = [
        (one.party, *(str(line.fields.get(name, "")) for name in ("time", "message_kind", "counterpart")),
         one.prints_of(line), "proved" if line.is_proved else "NOT PROVED")
        for one in trails
        for line in one.lines
    ]  # fmt: skip
    columns = ("party", "time", "sent", "to", "prints carried", "proof")
    disclosed = [row for row in rows if row[2] != Kind.ACK]
    acknowledged = [row for row in rows if row[2] == Kind.ACK]
    problems = [(one.party, one.problem) for one in trails if one.problem]
    if json:
        names = tuple(name.replace(" ", "_") for name in columns)
        said, others = ([dict(zip(names, row, strict=True)) for row in part] for part in (disclosed, acknowledged))
        beyond = {one.party: one.beyond for one in trails if one.beyond}
        told = {"case": case_id, "disclosures": said, "acknowledgements": others}
        print_json(told | {"problems": dict(problems), "not_yet_covered": beyond})
    else:
        print_table(f"To whom case {case_id} was disclosed", columns, disclosed)
        if acknowledged:
            print_table("Acknowledged, which discloses nothing", columns, acknowledged)
        for party, problem in problems:
            console.print(plain(f"{party}: {problem}"), markup=False, style="red")
    if problems or any(not line.is_proved for one in trails for line in one.lines):
        raise typer.Exit(FOUND_SOMETHING)


@app.command()
def witnesses(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """Show who cosigned each ledger's newest checkpoint, and every pair of checkpoints that cannot both be true."""
    from tenprint import bootstrap

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        standing = network.witness_standing()
        found = network.contradictions()
    if json:
        print_json({"logs": [one.as_json() for one in standing], "contradictions": [one.as_json() for one in found]})
    else:
        rows = ((one.party, one.size, witness, _when(at)) for one in standing for witness, at in one.witnesses.items())
        print_table("Witnesses", ("ledger", "entries", "witness", "cosigned"), rows)
        for one in found:
            said = f"{one.party} signed two ledgers of {one.size} entries; {', '.join(one.kept_by)} kept both or one"
            console.print(said, markup=False, style="red")
    if found:
        raise typer.Exit(FOUND_SOMETHING)


def _asker(nodes: Iterable[Node], node: Callable[[str], Node], by: str, case_id: str) -> Node:
    """Return the party named, or for the default the agency that knows the case, when there are several."""
    for each in nodes:
        if by == "agency" and each.party.role == Role.AGENCY:
            with each.store.transaction() as tx:
                case = tx.case(case_id)
            if case is not None and not is_copy(case):
                return each
    return node(by)


def _print_audit(report: AuditReport, auditor: str) -> None:
    columns = ("party", "entries", "root", "signed", "witnesses", "result")
    print_table(f"Ledgers as {auditor} was shown them", columns, map(_seen, report.ledgers))
    for ledger in report.ledgers:
        for finding in ledger.findings:
            said = f"{ledger.party}: {finding.code} {finding.sentence}"  # a refusal is another party's sentence
            console.print(plain(said), markup=False, style="yellow" if ledger.is_awaited else "red")
    if report.discrepancies:
        print_table("They disagree", ("kind", "what"), ((one.kind, one.sentence) for one in report.discrepancies))
    if report.under_way:
        print_table(STILL_UNDER_WAY, ("what",), ((one.sentence,) for one in report.under_way))
    if report.is_clean:
        console.print("Both ledgers verify, and each message that one recorded the other recorded too.")
    elif report.next_step:
        console.print(plain(f"{report.audit_id} is incomplete, which accuses nobody. Next: {report.next_step}"))


def _seen(ledger: SeenLedger) -> tuple[object, ...]:
    witnesses = ", ".join(f"{name} {_when(at)}" for name, at in ledger.witnesses.items()) or "none named"
    result = "verified" if ledger.is_verified else "not answered yet" if ledger.is_awaited else "NOT VERIFIED"
    return ledger.party, ledger.size, ledger.root[:16], _when(ledger.signed_at), witnesses, result


def _when(at: datetime | None) -> str:
    return to_wire(at)[:19].replace("T", " ") if at else NOT_SEEN
