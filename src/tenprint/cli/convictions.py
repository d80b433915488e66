"""`tenprint case convictions`: of the bookings that were shared, how many ended in a conviction, and how many never."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, plain, print_json, print_table

if TYPE_CHECKING:
    from tenprint.exchange.tasks.shared import SharedCount

WORDS = {
    "convicted": "convicted as charged",
    "reduced": "convicted of less",
    "dismissed": "dismissed",
    "acquitted": "acquitted",
    "not_charged": "not charged",
    "pending": "no disposition yet (pending is not no)",
    "withdrawn": "withdrawn by the agency",
    "expunged_or_sealed": "expunged or sealed",
    "erased": "erased: no disposition is kept any more",
}


def convictions(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """Count the bookings shared with the immigration repository by last disposition: shared and never convicted."""
    from tenprint import bootstrap
    from tenprint.exchange.tasks.shared import shared_bookings

    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        counted = shared_bookings(network.nodes.values())
    if json:
        print_json(counted.as_json())
        return
    rows = [*counted.by_standing.items(), *((why, count) for why, count in counted.aside.items() if count)]
    print_table("Shared with the immigration repository", ("last disposition", "bookings"), _named(rows))
    for line in _told(counted):
        console.print(plain(line), markup=False, soft_wrap=True)
    console.print(
        "Each booking, each entry, and how to recompute it: tenprint case convictions --json",
        style="dim",
        soft_wrap=True,
    )


def _named(rows: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(WORDS[str(word)], count) for word, count in rows]


def _told(counted: SharedCount) -> list[str]:
    """Return what the table does not say, as sentences."""
    lines = [
        f"Shared and never convicted: {counted.never_convicted} of {len(counted.bookings)} "
        "(dismissed, acquitted, not charged)."
    ]
    if counted.set_aside:
        lines.append(f"Of these, convicted before a later decision took the place of that: {counted.set_aside}.")
    if counted.under_way:
        lines.append(f"Sent, and no receipt yet, so not counted: {len(counted.under_way)}.")
    read = ", ".join(f"{one.party} ({one.entries} entries, root {one.root[:16]}…)" for one in counted.ledgers)
    return [*lines, f"Counted until {counted.counted_until:%Y-%m-%d %H:%M} UTC from the ledgers of {read}."]
