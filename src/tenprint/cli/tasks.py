"""`tenprint tasks`: what waits for a person; read it, answer it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, print_json, print_table, to_minute
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Task
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.details import details_of

app = typer.Typer(help="What waits for a person: list, show, decide.", no_args_is_help=True)


@app.command("list")
def list_tasks(
    data: Data = DEFAULT_DATA,
    json: Json = False,
    closed: Annotated[bool, typer.Option("--all", help="Show answered tasks too.")] = False,
) -> None:
    """List open tasks of all parties, oldest first."""
    from tenprint import bootstrap

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        found = [task for node in network.nodes.values() for task in _tasks_of(node, open_only=not closed)]
    found.sort(key=lambda task: (task.opened_at, task.id))
    if json:
        print_json([_as_json(task) for task in found])
        return
    print_table(
        "Tasks",
        ("task", "for", "due (UTC)", "answer"),
        ((t.id, f"{t.kind} at {t.party}", to_minute(t.due_at) if t.due_at else "", t.answer or "open") for t in found),
        whole=("task",),
    )
    if found:
        console.print("Read one with: tenprint tasks show TASK", style="dim")


@app.command()
def show(
    task_id: Annotated[str, typer.Argument(help="Id from `tasks list`.")], data: Data = DEFAULT_DATA, json: Json = False
) -> None:
    """Show what a task asks, the evidence, and which answers it takes."""
    from tenprint import bootstrap

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        task, _ = _find(network.nodes, task_id)
    if json:
        print_json(_as_json(task))
        return
    show_task(task)


@app.command()
def decide(
    task_id: Annotated[str, typer.Argument(help="Id from `tasks list`.")],
    answer: Annotated[str, typer.Argument(help="One of the task's answers; `tasks show` lists them.")],
    by: Annotated[str, typer.Option("--by", help="Name of the person who decides; required.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; required, it is kept with the decision.")] = "",
    detail: Annotated[
        list[str] | None,
        typer.Option("--detail", help="NAME=VALUE; `tasks show` lists the names that the task takes; may be repeated."),
    ] = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Record a named person's answer, and run the network until nothing is due."""
    from tenprint import bootstrap
    from tenprint.exchange import dispatch, story

    if not by:
        raise SenderError("PERSON_MISSING", "a decision needs a named person", hint="add --by NAME")
    details = dict(_pair(text) for text in detail or [])
    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        task, node = _find(network.nodes, task_id)
        decided = dispatch.decide_task(node, task_id, answer=answer, reason=reason, by=by, details=details)
        is_settled = network.settle(case_id=task.case_id)
        runs = not network.is_stopped(node.party.id)
        task, _ = _find(network.nodes, task_id)
        # A clerk's question stays open while charges are: then what was settled tells, not the question.
        is_done = not task.is_open or (decided.is_open and is_settled and runs)
        nodes = list(network.nodes.values())
        state = story.final_state(nodes, task.case_id)
        waiting = [one for one in story.open_tasks(nodes, task.case_id) if one.id != task_id]
    if json:
        told = {
            "carried_out": is_done,
            "runs": runs,
            "state": str(state),
            "open_tasks": [{"task": t.id, "party": t.party, "kind": str(t.kind)} for t in waiting],
        }
        print_json(_as_json(decided if task.is_open else task) | told)
        return
    if task.was_replaced:
        console.print(f"Not taken: {task.reason} meanwhile. The question is asked anew, with that.", markup=False)
    else:
        console.print(f"Recorded: {decided.answer} by {decided.decided_by}", markup=False, soft_wrap=True)
    if not is_done:
        said = "is busy: this is carried out as soon as it can"
        if not runs:
            said = f"does not run: this is carried out once it does. Start it: tenprint serve --party {task.party}"
        console.print(f"{task.party} {said}", markup=False, soft_wrap=True)
    console.print(f"The case {task.case_id} is now: [bold]{state}[/]", soft_wrap=True)
    if waiting:
        rows = ((t.id, t.party, str(t.kind), " | ".join(t.answers)) for t in waiting)
        print_table("Waits for people", ("task", "party", "kind", "answers"), rows, whole=("task",))
        console.print("Next: tenprint tasks show TASK", style="dim")
    elif is_done:
        console.print(f"Nobody is asked anything more. Read it with: tenprint case show {task.case_id}", style="dim")


@app.command()
def claim(
    task_id: Annotated[str, typer.Argument(help="Id from `tasks list`.")],
    by: Annotated[str, typer.Option("--by", help="Name of the person who will answer; required.")] = "",
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Also when a colleague has claimed it; the ledger names both.")
    ] = False,
    data: Data = DEFAULT_DATA,
) -> None:
    """Claim a task: nobody else can answer it then."""
    from tenprint import bootstrap
    from tenprint.exchange.tasks import claims

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        _, node = _find(network.nodes, task_id)
        task = (claims.take_over if take_over else claims.claim)(node, task_id, by)
        network.sign_checkpoints()
    console.print(f"Claimed by {task.claimed_by}", markup=False)


@app.command()
def release(
    task_id: Annotated[str, typer.Argument(help="Id from `tasks list`.")],
    by: Annotated[str, typer.Option("--by", help="Name of the person who has claimed it; required.")] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """Give a claimed task back."""
    from tenprint import bootstrap
    from tenprint.exchange.tasks import claims

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        _, node = _find(network.nodes, task_id)
        claims.release(node, task_id, by)
        network.sign_checkpoints()
    console.print("Released: everybody whose work it is may answer it.")


def show_task(task: Task) -> None:
    """Write what a task asks, what is shown, and how it is answered or was."""
    due = f", due {to_minute(task.due_at)} UTC" if task.due_at else ""
    console.print(f"[bold]{task.kind}[/] for {task.party}, case {task.case_id}" + due)
    print_table("Evidence shown", ("what", "value"), _flat(task.shown))
    console.print(f"Evidence hash {task.shown_hash}", style="dim")
    if task.is_open:
        if takes := details_of(task.kind):
            print_table("Details of the answer (--detail NAME=VALUE)", ("name", "what it says"), takes.items())
        console.print(
            f"Answer with: tenprint tasks decide {task.id} ({' | '.join(task.answers)}) --by NAME --reason TEXT"
        )
        if needed := _needs(task):
            console.print(needed, soft_wrap=True)
    elif task.was_replaced:
        console.print(f"Closed, {task.reason}: the question was asked anew. See: tenprint tasks list", markup=False)
    else:
        console.print(f"Answered: {task.answer} by {task.decided_by}: {task.reason}", markup=False)


def _needs(task: Task) -> str:
    """Return which answers of a task need a detail, as a sentence, or ``""``."""
    from tenprint.exchange.model.words import TaskKind
    from tenprint.records.nlets.iar import NEEDS_GROUND

    needing = [answer for answer in task.answers if answer in NEEDS_GROUND]
    if task.kind == TaskKind.STATUS and needing:
        return f"With --detail legal_ground=TEXT, the ground of law on which it rests: {', '.join(needing)}"
    return ""


def _tasks_of(node: Node, *, open_only: bool) -> list[Task]:
    with node.store.transaction() as tx:
        return tx.tasks(open_only=open_only)


def _find(nodes: dict[str, Node], task_id: str) -> tuple[Task, Node]:
    for node in nodes.values():
        with node.store.transaction() as tx:
            task = tx.task(task_id)
        if task is not None:
            return task, node
    raise SenderError(
        "UNKNOWN_TASK", f"no party of this network has a task {task_id!r}", hint="see: tenprint tasks list --all"
    )


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise SenderError("DETAIL_INVALID", f"--detail takes NAME=VALUE, not {text!r}")
    return name.strip(), value.strip()


def _flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [row for key, item in value.items() for row in _flat(item, f"{name}.{key}" if name else str(key))]
    if isinstance(value, list | tuple):
        return [row for number, item in enumerate(value, 1) for row in _flat(item, f"{name}.{number}")]
    return [(name, str(value))]


def _moment(moment: Any) -> str:
    return to_wire(moment) if moment else ""


def _as_json(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "case_id": task.case_id,
        "party": task.party,
        "kind": str(task.kind),
        "opened_at": to_wire(task.opened_at),
        "due_at": _moment(task.due_at),
        "answers": list(task.answers),
        "details": dict(details_of(task.kind)),
        "shown": task.shown,
        "shown_hash": task.shown_hash,
        "claimed_by": task.claimed_by,
        "answer": task.answer,
        "reason": task.reason,
        "decided_by": task.decided_by,
        "decided_at": _moment(task.decided_at),
    }
