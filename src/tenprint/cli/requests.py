"""`tenprint request ask | list | show`: what a city or county asks, and what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, plain, print_json, print_table
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.exchange.dispatch import Asked
    from tenprint.exchange.tasks.own_records import Proof

NOT_YET = "not yet, which is no no"
FOUND_SOMETHING = 1
"""Exit code when a proof is missing or does not hold."""
app = typer.Typer(help="Requests of cities and counties: ask, and see what has been answered.", no_args_is_help=True)


@app.command()
def ask(
    party: Annotated[str, typer.Option("--party", help="The city or county that asks.")],
    to: Annotated[str, typer.Option("--to", help="A state bureau, the criminal repository or a field office.")],
    topic: Annotated[str, typer.Option("--topic", help="disclosed, activation, limit or own_record.")],
    about: Annotated[str, typer.Option("--about", help="The own agency, or the own jail.")],
    question: Annotated[str, typer.Option("--question", help="What is asked, in one line.")] = "",
    by: Annotated[str, typer.Option("--by", help="Name of the person who asks; required.")] = "",
    since: Annotated[str, typer.Option("--from", help="First day that it is about, YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option("--until", help="Last day that it is about, YYYY-MM-DD.")] = "",
    booking: Annotated[str, typer.Option("--booking", help="For own_record: control number of the booking.")] = "",
    permission: Annotated[
        str, typer.Option("--permission", help="For own_record: reference of the person's written permission.")
    ] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """Ask what was shared, since when an activation holds, or to limit it; a named person answers."""
    from tenprint import bootstrap
    from tenprint.exchange import dispatch

    with bootstrap.open_network(data, beside=True) as network:
        if party not in network.nodes:
            raise SenderError("UNKNOWN_PARTY", f"no party {party!r} runs here", hint=", ".join(network.nodes))
        request_id = dispatch.ask(
            network.nodes[party], to, topic=topic, about=about, question=question, by=by, since=since, until=until,
            tcn=booking, permission=permission,
        )  # fmt: skip
        network.settle(case_id=request_id)
    console.print(f"Request {request_id}", markup=False, soft_wrap=True)
    console.print(f"{to} answers it with tenprint tasks decide; see: tenprint request show {request_id}", style="dim")


@app.command("list")
def list_requests(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """List the requests of the cities and counties here: what, to whom, until when, and what was answered."""
    rows = [_row(one) for one in _requests(data)]
    if json:
        print_json(rows)
        return
    print_table("Requests", ("request", "topic", "about", "by", "to", "asked", "due", "is", "answer"),
                (tuple(row.values()) for row in rows), whole=("request",))  # fmt: skip


@app.command()
def show(
    request_id: Annotated[str, typer.Argument(help="Id from `request list`.")],
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Show one request with its answer; that nothing has come yet is said, with how late it is.

    What an answer about somebody's own record says was disclosed is checked against the ledger of whoever answered, by
    the proofs that came with it: nobody is asked. Exit code 1 when a proof is missing or does not hold.
    """
    from tenprint.exchange.tasks.own_records import trail_as_json

    found = next((one for one in _requests(data) if one.request_id == request_id), None)
    if found is None:
        raise SenderError("UNKNOWN_REQUEST", f"no request {request_id!r} here", hint="see: tenprint request list")
    asked, answer = found.asked, found.answer
    row: dict[str, Any] = _row(found) | {
        "question": asked.question,
        "asked by": asked.by,
        "from day": asked.since,
        "until day": asked.until,
        "booking": asked.tcn,
        "permission": asked.permission,
    }
    if answer is not None:
        row |= {"text": answer.text, "answered by": answer.by, "answered": to_wire(answer.answered_at)}
        row |= {"looked up": to_wire(answer.as_of), "found": list(answer.found.values())}
    proof = found.proof
    if json:
        if answer is not None and proof is not None:
            row["proof"] = proof.as_json() | {"trail": trail_as_json(answer)}
        print_json(row)
    else:
        if proof is not None:
            row |= {"found": [_with_proof(line, proof) for line in row["found"]], "proof": _verdict(proof)}
        for name, value in row.items():
            for line in value if isinstance(value, list) else [value]:
                if line:
                    console.print(plain(f"{name:>12}  {line}"), markup=False, soft_wrap=True)
    if proof is not None and not proof.is_good:
        raise typer.Exit(FOUND_SOMETHING)


def _with_proof(line: str, proof: Proof) -> str:
    state = proof.states.get(line)
    return line if state is None else f"{line}: {state}"


def _verdict(proof: Proof) -> str:
    said = f"{proof.proved} of {len(proof.states)} disclosures proved"
    if proof.signed_at is not None:
        said += f" by the checkpoint over {proof.size} entries signed at {to_wire(proof.signed_at)}"
    return f"{said}; {proof.problem}" if proof.problem else said


def _requests(data: Path) -> list[Asked]:
    from tenprint import bootstrap
    from tenprint.exchange import dispatch
    from tenprint.exchange.model.words import Role

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        nodes = [node for node in network.nodes.values() if node.party.role == Role.JURISDICTION]
        return [one for node in nodes for one in dispatch.requests(node)]


def _row(one: Asked) -> dict[str, str]:
    return {
        "request": one.request_id,
        "topic": one.asked.topic,
        "about": one.asked.about,
        "by": one.party,
        "to": one.addressee,
        "sent": to_wire(one.asked.asked_at),
        "due": to_wire(one.due_at),
        "is": one.verdict,
        "answer": one.answer.outcome if one.answer is not None else NOT_YET,
    }
