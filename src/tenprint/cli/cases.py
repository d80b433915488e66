"""`tenprint case`: the whole story of a booking, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.case_changes import subsequent_activity
from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, plain, print_json, print_table
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.model.words import Role
from tenprint.exchange.story import StoryLine

if TYPE_CHECKING:
    from tenprint.exchange.model.case import Case
    from tenprint.exchange.ports import Node

IN_TIME = "in time"
BOOKING = "booking"
KINDS = (BOOKING, "request", "audit")
"""What a case is about; the words of the last two stand in what their party knows of the case."""
app = typer.Typer(help="Cases: list them, tell one's story, its times; take a booking back.", no_args_is_help=True)


@app.command("list")
def list_cases(
    data: Data = DEFAULT_DATA,
    json: Json = False,
    kind: Annotated[str, typer.Option(help=f"Only these: {', '.join(KINDS)}.")] = "",
) -> None:
    """List all cases with their state, oldest first: bookings, a city's requests, an auditor's questions."""
    from tenprint import bootstrap
    from tenprint.exchange import story

    if kind and kind not in KINDS:
        raise SenderError("CASE_KIND", f"{kind!r} is no kind of case", hint=f"one of {', '.join(KINDS)}")
    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        nodes = list(network.nodes.values())
        rows = []
        for case in story.all_cases(nodes):
            if kind in ("", _kind_of(case)):
                state = str(story.final_state(nodes, case.case_id))
                rows.append((case.case_id, _kind_of(case), state, case.tcn, to_wire(case.opened_at)))
    columns = ("case", "kind", "state", "tcn", "opened")
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        shown = [(*row[:4], row[4][:16].replace("T", " ")) for row in rows]
        print_table("Cases", columns, shown, whole=("case",))
        console.print("Tell one with: tenprint case show CASE", style="dim")


def _kind_of(case: Case) -> str:
    """Return what a case is about: of a request or a question its party knows what was asked."""
    return next((kind for kind in KINDS if kind in case.known), BOOKING)


@app.command()
def show(
    case_id: Annotated[str, typer.Argument(help="Id from `case list`.")], data: Data = DEFAULT_DATA, json: Json = False
) -> None:
    """Tell a case's whole story: each line with time, party, message, rule and person."""
    from tenprint import bootstrap
    from tenprint.exchange import story

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        nodes = list(network.nodes.values())
        lines = story.case_story(nodes, case_id)
        if not lines:
            raise SenderError("UNKNOWN_CASE", f"no party knows a case {case_id!r}", hint="see: tenprint case list")
        state = story.final_state(nodes, case_id)
        times, former = _times(nodes, case_id), _attempts(nodes, case_id)
        after, copied = subsequent_activity(nodes, case_id), _copied(nodes, case_id)
    if json:
        told = [asdict(line) for line in lines]
        head = {"case": case_id, "state": str(state), "story": told, "times": times, "attempts": former}
        receivers = [dict(zip(("party", "copied_by", "ori"), row, strict=True)) for row in copied]
        print_json(head | after | {"copies": receivers})
        return
    console.print(f"Case {case_id}: [bold]{state}[/]")
    for party, state_bureau, ori in copied:
        said = f"{party} has copies of the answers to a booking of {ori or 'another agency'}, from {state_bureau}."
        console.print(plain(f"{said} It has not booked the person."), markup=False, soft_wrap=True)
    print_table("Story", ("time (UTC)", "party", "what"), map(_told, lines), whole=("time (UTC)", "party"))
    for attempt in former:
        sentence = f"Former attempt {attempt['tcn']}: rejected with {attempt['codes']} ({attempt['rejection']})."
        console.print(sentence, markup=False)
    for row in times:
        if row["verdict"] != IN_TIME:
            console.print(_waited(row), markup=False)
    for name, rows in after.items():
        for row in rows:
            said = f"{name}: " + "; ".join(f"{key} {value}" for key, value in row.items() if value)
            console.print(plain(said), markup=False)


@app.command()
def times(
    case_id: Annotated[str, typer.Argument(help="Id from `case list`.")], data: Data = DEFAULT_DATA, json: Json = False
) -> None:
    """Show how long each party waited for each answer, and the limit of that."""
    from tenprint import bootstrap

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        rows = _times(list(network.nodes.values()), case_id)
    if not rows:
        raise SenderError(
            "UNKNOWN_CASE", f"no party waits or waited in a case {case_id!r}", hint="see: tenprint case list"
        )
    if json:
        print_json({"case": case_id, "times": rows, "breaches": sum(bool(row["is_breach"]) for row in rows)})
        return
    columns = ("party", "waits for", "asked (UTC)", "took", "limit", "verdict")
    shown = [
        (
            row["party"], row["waits_for"], str(row["asked_at"])[5:19].replace("T", " "), row["took"] or "-",
            row["limit"], row["verdict"],
        )
        for row in rows
    ]  # fmt: skip
    print_table("Times", columns, shown, whole=("party",))


def _copied(nodes: Sequence[Node], case_id: str) -> list[tuple[str, str, str]]:
    """Return which agencies have copies of a booking's answers: the party, the state that sends them, whose booking."""
    from tenprint.exchange.model.known import COPIED_BY, is_copy

    found = []
    for node in nodes:
        with node.store.transaction() as tx:
            case = tx.case(case_id)
        if case is not None and is_copy(case):
            found.append((node.party.id, str(case.known[COPIED_BY]), case.ori))
    return found


def _attempts(nodes: Sequence[Node], case_id: str) -> list[dict[str, str]]:
    """Return the former attempts of a booking as its agency knows them."""
    from tenprint.exchange.model.known import is_copy
    from tenprint.exchange.tasks.resubmissions import attempts_of

    for node in nodes:
        with node.store.transaction() as tx:
            case = tx.case(case_id) if node.party.role == Role.AGENCY else None
        if case is not None and not is_copy(case):
            return [dict(attempt) for attempt in attempts_of(case)]
    return []


def _times(nodes: Sequence[Node], case_id: str) -> list[dict[str, Any]]:
    """Return the waits of all parties in a case, for people and programs."""
    from tenprint.exchange.tasks import waits

    rows = []
    for node in nodes:
        now = node.services.clock.now()
        for wait in waits.waits_of(node, case_id):
            seconds = (wait.answered_at - wait.asked_at).total_seconds() if wait.answered_at else None
            rows.append(
                {
                    "party": wait.party,
                    "hop": wait.hop,
                    "waits_for": wait.waits_for,
                    "counterpart": wait.counterpart,
                    "asked_at": to_wire(wait.asked_at),
                    "answered_at": to_wire(wait.answered_at) if wait.answered_at else None,
                    "seconds": seconds,
                    "took": "" if seconds is None else _spoken(seconds),
                    "limit_seconds": wait.limit.seconds,
                    "limit": waits.span(wait.limit.seconds),
                    "due_at": to_wire(wait.due_at),
                    "verdict": wait.verdict(now),
                    "is_breach": wait.is_breach(now),
                    "source": wait.limit.source,
                }
            )
    return rows


def _spoken(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {int(seconds % 60)} s"


def _waited(row: dict[str, Any]) -> str:
    since, due = (str(row[name])[:16].replace("T", " ") for name in ("asked_at", "due_at"))
    who = f"{row['party']} waits for {row['waits_for']} since {since} UTC"
    ends = {
        "waiting": f"{who}, limit {row['limit']}. That is pending, not a no.",
        "overdue": f"{who}; it was due at {due} UTC. That is pending, not a no.",
        "late": f"{row['party']} got {row['waits_for']} late: after {row['took']}, limit {row['limit']}.",
        "given up": f"{row['party']} no longer waits for {row['waits_for']}.",
    }
    return ends[str(row["verdict"])]


def _told(line: StoryLine) -> tuple[str, str, str]:
    """Return a line of the story as three cells: message, sentence, rule and person stand together."""
    under = f" [rule {line.rule}]" if line.rule else ""
    who = f" (by {line.unnamed})" if line.unnamed else ""
    stamp = line.time.strftime("%m-%d %H:%M:%S")
    about = f"{line.message_kind}: " if line.message_kind else ""
    return stamp, line.party, f"{about}{line.sentence}{under}{who}"
