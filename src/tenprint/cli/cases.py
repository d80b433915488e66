"""`tenprint case`: the whole story of a booking, in order."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, print_json, print_table
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.story import StoryLine

app = typer.Typer(help="Cases: list them, tell one's whole story.", no_args_is_help=True)


@app.command("list")
def list_cases(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """List all cases with their state, oldest first."""
    from tenprint import bootstrap
    from tenprint.exchange import story

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        nodes = list(network.nodes.values())
        rows = []
        for case in story.all_cases(nodes):
            rows.append((case.case_id, str(story.final_state(nodes, case.case_id)), case.tcn, to_wire(case.opened_at)))
    columns = ("case", "state", "tcn", "opened")
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        shown = [(*row[:3], row[3][:16].replace("T", " ")) for row in rows]
        print_table("Cases", columns, shown, whole=("case",))
        console.print("Tell one with: tenprint case show CASE", style="dim")


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
    if json:
        print_json({"case": case_id, "state": str(state), "story": [asdict(line) for line in lines]})
        return
    console.print(f"Case {case_id}: [bold]{state}[/]")
    print_table("Story", ("time (UTC)", "party", "what"), map(_told, lines), whole=("time (UTC)", "party"))


def _told(line: StoryLine) -> tuple[str, str, str]:
    """Return a line of the story as three cells: message, sentence, rule and person stand together."""
    under = f" [rule {line.rule}]" if line.rule else ""
    who = f" (by {line.person})" if line.person else ""
    stamp = line.time.strftime("%m-%d %H:%M:%S")
    return stamp, line.party, f"{line.message_kind}: {line.sentence}{under}{who}"
