"""`tenprint case withdraw | correct | cancel | reopen | removals`: what a named person changes of a case afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, plain, print_json, print_table
from tenprint.core.errors import SenderError
from tenprint.exchange.model.words import Role

if TYPE_CHECKING:
    from tenprint.bootstrap import Network
    from tenprint.exchange.ports import Node

CaseId = Annotated[str, typer.Argument(help="Id from `case list`.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; required, it is kept.")]


def withdraw(
    case_id: CaseId,
    by: Annotated[str, typer.Option(help="Who at the agency takes the booking back.")],
    reason: Annotated[str, typer.Option(help="Why, in one line.")],
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Take a booking back while it is searched or waits for somebody; everybody who was asked is told."""
    from tenprint import bootstrap
    from tenprint.exchange import dispatch, story

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        nodes = list(network.nodes.values())
        agency = next((node for node in nodes if _booked(node, case_id)), None)
        if agency is None:
            raise SenderError("UNKNOWN_CASE", f"no agency here has a case {case_id!r}", hint="see: tenprint case list")
        dispatch.withdraw(agency, case_id, by=by, reason=reason)
        network.settle(case_id=case_id)
        state = story.final_state(nodes, case_id)
    if json:
        print_json({"case": case_id, "state": str(state)})
    else:
        console.print(f"Case {case_id}: [bold]{state}[/]. Everybody who was asked is told.")


def _booked(node: Node, case_id: str) -> bool:
    from tenprint.exchange.model.known import is_copy

    if node.party.role != Role.AGENCY:
        return False
    with node.store.transaction() as tx:
        case = tx.case(case_id)
    return case is not None and not is_copy(case)


def correct(
    case_id: CaseId,
    party: Annotated[str, typer.Option("--party", help="Whose record it is: an agency, a state bureau, a court, …")],
    kind: Annotated[str, typer.Option("--kind", help="corrected, expunged or sealed.")],
    what: Annotated[str, typer.Option("--what", help="What is wrong, or which order it was.")] = "",
    reason: Reason = "",
    by: Annotated[str, typer.Option("--by", help="Name of the person who corrects; required.")] = "",
    status: Annotated[
        str,
        typer.Option(
            "--status", help="A support center's: the right status, such as citizen; it replaces the old one."
        ),
    ] = "",
    legal_ground: Annotated[
        str, typer.Option("--legal-ground", help="With --status: the ground of law on which that status rests.")
    ] = "",
    outcome: Annotated[
        str,
        typer.Option("--outcome", help="A field office's: which outcome is wrong, with its day: removed=2010-11-02."),
    ] = "",
    right_outcome: Annotated[
        str,
        typer.Option("--right-outcome", help="With --outcome: what is right: returned=2010-11-03, or did_not_happen."),
    ] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """Correct a record, or tell that it was expunged or sealed, to everybody who was told of it."""
    from tenprint.exchange import dispatch
    from tenprint.exchange.model.corrections import OfOutcome

    of_outcome = None
    if outcome or right_outcome:
        (wrong, _, on), (right, _, right_on) = outcome.partition("="), right_outcome.partition("=")
        of_outcome = OfOutcome(wrong, on, right, right_on)

    with _party(data, party) as (network, node):
        said = {"kind": kind, "what": what, "status": status, "legal_ground": legal_ground}
        correction_id = dispatch.correct(node, case_id, **said, reason=reason, by=by, of_outcome=of_outcome)
        network.settle(case_id=case_id)
        rows = [row for row in subsequent_activity([node], case_id)["correction"] if row["id"] == correction_id]
    for row in rows:
        console.print(plain(f"Sent. Answered: {row['answered']}"), markup=False)
    console.print(f"See who has not: tenprint case show {case_id}", style="dim")


def cancel(
    case_id: CaseId,
    party: Annotated[str, typer.Option("--party", help="The field office.")],
    by: Annotated[str, typer.Option("--by", help="Name of the officer; required.")] = "",
    reason: Reason = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """Take a request to hold back; the jail ends the hold and reports when it ended."""
    from tenprint.exchange import dispatch

    with _party(data, party) as (network, node):
        dispatch.cancel_detainer(node, case_id, by=by, reason=reason)
        network.settle(case_id=case_id)
    console.print(f"The jail is told. See: tenprint case show {case_id}")


def reopen(
    case_id: CaseId,
    party: Annotated[str, typer.Option("--party", help="The court, or the jail.")],
    by: Annotated[str, typer.Option("--by", help="Name of the clerk; required.")] = "",
    reason: Reason = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """Open a court's charges again, or a jail's question how a hold ended that has lapsed by the clock."""
    from tenprint.exchange import dispatch

    with _party(data, party) as (network, node):
        ask_again = dispatch.reopen_custody if node.party.role == Role.JAIL else dispatch.reopen_charges
        task = ask_again(node, case_id, by=by, reason=reason)
        network.settle(case_id=case_id)
    console.print(f"Answer it with: tenprint tasks decide {task.id}")


def removals(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """Count the cases that ended in a return or a removal, as the field offices reported it, and nothing else."""
    from tenprint import bootstrap
    from tenprint.exchange.model.words import Role
    from tenprint.exchange.tasks.outcomes import removals as counted

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        counts = {}
        for node in network.nodes.values():
            if node.party.role == Role.FIELD_OFFICE:
                with node.store.transaction() as tx:
                    counts[node.party.id] = counted(tx.cases())
    if json:
        print_json(counts)
        return
    print_table("Removals, from dated reports of outcomes", ("field office", "cases"), counts.items())


@contextmanager
def _party(data: Path, party: str) -> Iterator[tuple[Network, Node]]:
    """Open a network, with one of its parties.

    Raises:
        SenderError: ``UNKNOWN_PARTY``.
    """
    from tenprint import bootstrap

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        if party not in network.nodes:
            known = ", ".join(network.nodes)
            raise SenderError("UNKNOWN_PARTY", f"no party {party!r} runs here", hint=f"one of {known}")
        yield network, network.nodes[party]


def subsequent_activity(nodes: Sequence[Node], case_id: str) -> dict[str, list[dict[str, str]]]:
    """Return what courts have said, what became of the person, and who has answered corrections, each once."""
    from tenprint.exchange import dispatch
    from tenprint.exchange.tasks.outcomes import OUTCOMES
    from tenprint.exchange.tasks.spread import dispositions_of

    said: dict[str, dict[str, str]] = {}
    became: list[dict[str, str]] = []
    corrected = []
    for node in nodes:
        with node.store.transaction() as tx:
            case = tx.case(case_id)
        for one in dispositions_of(case) if case else []:
            said[one["disposition_id"]] = {
                "charge_number": one.get("charge_number", ""),
                "charge": one["charge"],
                "charge_outcome": one["charge_outcome"],
                "offence": one["offence"],
                "decided_on": one["decided_on"],
                "court": one["court"],
                "docket": one["reference"],
                "clerk": one["by"],
                "said_at": one["said_at"],
            }
        became = max(became, case.known.get(OUTCOMES, []) if case else [], key=len)
        for ack in dispatch.acknowledgements(node, case_id):
            if ack.origin == node.party.id:
                answered = ", ".join(f"{party} ({words})" for party, words in ack.done.items() if words)
                waits = ", ".join(party for party, words in ack.done.items() if not words)
                corrected.append(
                    {
                        "id": ack.correction_id,
                        "kind": ack.correction_kind,
                        "what": ack.what,
                        "reason": ack.reason,
                        "by": ack.origin,
                        "person": ack.person,
                        "made_at": ack.made_at,
                        "answered": answered or "nobody yet",
                        "not answered": waits or "nobody",
                    }
                )
    return {"disposition": list(said.values()), "outcome": became, "correction": corrected}
