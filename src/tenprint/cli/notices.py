"""`tenprint network notify` and `tenprint network notices`: who is told of a change of rule, and who was."""

from __future__ import annotations

from typing import Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, print_json, print_table
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError


def notify(
    party: Annotated[str, typer.Option("--party", help="Whose rule, route or activation list changes.")],
    binds: Annotated[list[str], typer.Option("--binds", help="A party or a role that it binds; may be repeated.")],
    effective_from: Annotated[str, typer.Option("--from", help="Day from which it holds, YYYY-MM-DD.")],
    what: Annotated[str, typer.Option("--what", help="What changes, in one line.")] = "",
    by: Annotated[str, typer.Option("--by", help="Name of the person who decided; required.")] = "",
    data: Data = DEFAULT_DATA,
) -> None:
    """Tell those whom a change of rule, route or activation binds: what changed, who decided, from when."""
    from tenprint import bootstrap
    from tenprint.exchange import dispatch

    with bootstrap.open_network(data, beside=True) as network:
        if party not in network.nodes:
            raise SenderError("UNKNOWN_PARTY", f"no party {party!r} runs here", hint=", ".join(network.nodes))
        told = dispatch.notify(network.nodes[party], what=what, by=by, effective_from=effective_from, binds=binds)
        network.settle()
    console.print(f"Told: {', '.join(told)}", markup=False)


def notices(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """List the notices of changes: from when, what, who decided, who was told, and who has signed for it."""
    from tenprint import bootstrap
    from tenprint.exchange import dispatch

    rows = []
    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        for node in network.nodes.values():
            for one in dispatch.notices(node):
                if one.sender == node.party.id:
                    rows.append(
                        {
                            "from": one.said.effective_from,
                            "what": one.said.what,
                            "decided by": one.said.decided_by,
                            "told by": one.sender,
                            "to": one.recipient,
                            "sent": to_wire(one.sent_at),
                            "signed for": "yes" if one.is_delivered else "not yet",
                        }
                    )
    if json:
        print_json(rows)
        return
    print_table("Notices of changes", ("from", "what", "decided by", "told by", "to", "sent", "signed for"),
                (tuple(row.values()) for row in rows))  # fmt: skip
