"""`tenprint network notify`, `announce` and `notices`: who is told of a change of rule, and who was."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, plain, print_json, print_table
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


def announce(
    party: Annotated[str, typer.Option("--party", help="Only what this party has switched.")] = "",
    by: Annotated[str, typer.Option("--by", help="Name of the person who decided, where the file names nobody.")] = "",
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Tell those whom it binds what was changed in network.toml since each party's last start or announcement, once.

    A party that starts does the same by itself. The first time announces nothing.
    """
    from tenprint import bootstrap
    from tenprint.exchange import dispatch

    with bootstrap.open_network(data, beside=True) as network:
        if party and party not in network.nodes:
            raise SenderError("UNKNOWN_PARTY", f"no party {party!r} runs here", hint=", ".join(network.nodes))
        nodes = [network.nodes[party]] if party else list(network.nodes.values())
        found = [(node.party.id, one) for node in nodes for one in dispatch.announce(node, by=by)]
        network.settle()
    if json:
        print_json([{"party": whose, **asdict(one)} for whose, one in found])
        return
    if not found:
        console.print("Nothing has changed since the last announcement.")
    for _, one in found:
        told = ", ".join(one.told) or "nobody: it binds nobody here"
        line = f"{one.what}\n  from {one.effective_from}, decided by: {one.decided_by}. Told: {told}"
        console.print(plain(line), markup=False, soft_wrap=True)


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
