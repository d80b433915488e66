"""`tenprint network switches`: what each party's switches say today, and whose cooperation they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, print_json, print_table

if TYPE_CHECKING:
    from tenprint.exchange.model.switches import Position
    from tenprint.policy.programme import Programme

NOT_IN_SOURCES = "unconfirmed"
"""Who could decline, where the sources do not say."""


def switches(
    party: Annotated[str, typer.Option(help="Only this party's switches.")] = "",
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Show each party's switches today: since when, by whose decision, whose cooperation they need, who could decline.

    With --json also what the rule says that speaks, and the source of each line.
    """
    from tenprint import bootstrap
    from tenprint.exchange import dispatch
    from tenprint.exchange.model.switches import positions
    from tenprint.policy import programme

    with bootstrap.open_network(data, beside=True) as network:
        directory, today = network.directory, network.clock.now().date()
        announced = {name: dispatch.deciders(node) for name, node in network.nodes.items()}
    rules = programme.load(directory.programme)
    parties = (directory.party(party),) if party else directory.parties
    found = [
        _row(one.id, position, rules, announced.get(one.id, {}).get(position.key, ""))
        for one in parties
        for position in positions(directory, one, rules, today)
    ]
    if json:
        print_json(found)
        return
    shown = ("party", "switch", "value", "since", "decided_by", "needs", "could_decline", "rule")
    columns = ("party", "switch", "today", "since", "decided by", "needs", "could decline", "by the rule")
    print_table(f"Switches on {today}", columns, ([_cell(row, name) for name in shown] for row in found))
    console.print(
        "* unconfirmed: inference, or the sources do not say. Sources and rules in words: --json", style="dim"
    )


def _row(party: str, position: Position, rules: Programme, announced: str) -> dict[str, Any]:
    switch, by = position.switch, position.decided_by or announced
    rule = next((one for each in rules.rules.values() for one in each if one.id == switch.rule), None)
    return {
        "party": party,
        "switch": f"{switch.name} {position.about}".rstrip(),
        "says": switch.says,
        "value": position.value,
        "since": position.since or None,
        "decided_by": None if position.is_to_come else by or None,
        "to_come": position.stated[-1] if position.is_to_come else None,
        "stated": list(position.stated),
        "needs": list(switch.needs),
        "could_decline": list(switch.could_decline) or [NOT_IN_SOURCES],
        "rule": rule.id if rule else None,
        "rule_says": rule.sentence if rule else None,
        "source": switch.source,
        "standing": switch.standing,
    }


def _cell(row: dict[str, Any], name: str) -> str:
    value = row[name]
    if name in ("needs", "could_decline"):
        listed = ", ".join(one.replace("_", " ") for one in value)
        is_open = name == "could_decline" and row["standing"] == NOT_IN_SOURCES and value != [NOT_IN_SOURCES]
        return f"{listed} *" if is_open else listed
    if name == "value" and row["to_come"] and not row["to_come"].endswith(value):
        return f"{value}; {row['to_come']}"
    return value or ("none" if name == "rule" else "not said")
