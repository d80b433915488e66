"""`tenprint network revive`: what was given up is tried again, one message or many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console, print_json, print_table
from tenprint.core.errors import SenderError
from tenprint.exchange.model.failures import what_to_do

if TYPE_CHECKING:
    from tenprint.bootstrap import DeadLetter

GIVEN_UP_AGAIN = 1
"""Exit code of a revival that ended as another dead letter."""


def revive(
    message_id: Annotated[str, typer.Argument(help="Message of `network dead-letters`; or SENDER/MESSAGE.")] = "",
    party: Annotated[str, typer.Option(help="Party that gave it up; with --all, of this party only.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All that was given up, by all parties or one.")] = False,
    code: Annotated[str, typer.Option(help="With --all: only what failed with this code.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be tried again; change nothing.")] = False,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Try messages and enrolments again that were given up, once what hindered them is mended."""
    from tenprint import bootstrap

    if every == bool(message_id) or (not every and (code or not party)):
        said = "a message with --party, or --all, which --party and --code make fewer"
        raise SenderError("CLI_CONTRADICTION", f"revive takes {said}", hint="see: tenprint network dead-letters")
    with bootstrap.open_network(data, beside=True) as network:
        network.run()
        chosen = network.dead_letters_of(party, code, message_id)
        again: list[DeadLetter] = []
        if not dry_run:
            for one, letters in chosen.items():
                network.revive(one, letters)
            network.settle()
            names = {(one, letter.queue, letter.row) for one, letters in chosen.items() for letter in letters}
            left = network.dead_letters().items()
            again = [each for one, some in left for each in some if (one, each.queue, each.row) in names]
    _tell(chosen, again, dry_run=dry_run, json=json)
    if again:
        raise typer.Exit(GIVEN_UP_AGAIN)


def next_step(letter: DeadLetter) -> str:
    """Return what to do before it is worth trying again."""
    return what_to_do(letter.queue, letter.kind, letter.failure)


def _tell(chosen: Mapping[str, Iterable[DeadLetter]], again: list[DeadLetter], *, dry_run: bool, json: bool) -> None:
    counts = Counter((party, str(letter.queue), letter.failure) for party, some in chosen.items() for letter in some)
    rows = [(*which, count) for which, count in sorted(counts.items())]
    columns, count = ("party", "box", "code", "count"), sum(counts.values())
    if json:
        letters = [dict(zip(columns, row, strict=True)) for row in rows]
        print_json({"dry_run": dry_run, "letters": letters, "count": count, "given_up_again": len(again)})
        return
    if not count:
        console.print("Nothing was given up.")
        return
    print_table("Given up", columns, rows, whole=columns)
    of = f" of {next(iter(chosen))}" if len(chosen) == 1 else ""
    console.print(f"{'Would revive' if dry_run else 'Revived'} {count}{of}.", soft_wrap=True)
    for (failure, step), times in Counter((letter.failure, next_step(letter)) for letter in again).items():
        console.print(f"Given up again: {times} with {failure}; {step}", soft_wrap=True)
