"""`tenprint card`: look at a ten-print card before it is booked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import EXIT_FOUND, Json
from tenprint.cli.output import console, print_json, progress, read_file
from tenprint.core.fingers import SINGLE_FINGERS

if TYPE_CHECKING:
    from tenprint.core.fingers import FingerPosition
    from tenprint.exchange.capture import Decode, FingerBox
    from tenprint.exchange.card_check import CardCheck

app = typer.Typer(help="Look at a ten-print card before it is booked.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at a ten-print card before it is booked."""


@app.command()
def check(
    card: Annotated[Path, typer.Argument(help="ANSI/NIST-ITL file with the card's images (any transaction type).")],
    boxes: Annotated[
        Path | None,
        typer.Option(help="TOML file of \\[\\[box]] tables that say where the plain fingers lie; else segmented."),
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option(help="Finger that is not there: 4=XX amputated, 9=UP unable to print.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare each plain finger with its rolled one.

    Exit code 1: a finger stands in the wrong place, or no finger could be compared. 2: the card cannot be read.
    """
    from tenprint import bootstrap
    from tenprint.exchange import capture

    chosen = capture.read_boxes(read_file(boxes).decode(errors="replace")) if boxes else ()
    gone = capture.read_missing(missing or ())
    with bootstrap.image_codec() as codec:
        found = checked(read_file(card), codec[0], chosen, gone, quiet=json)
    if json:
        print_json(report(found))
    else:
        _show(card, found)
    if found.faults or not found.compared:
        raise typer.Exit(EXIT_FOUND)


def checked(
    card: bytes, decode: Decode, boxes: Sequence[FingerBox], missing: Iterable[FingerPosition], *, quiet: bool
) -> CardCheck:
    """Return the check of a card, with a bar while it goes on; `missing` is said beside what the card says."""
    from tenprint import bootstrap, records
    from tenprint.engine.slaps import segment
    from tenprint.exchange.card_check import Tools, check_card

    with progress("images", len(records.read(card).images()), quiet=quiet) as advance:
        return check_card(
            card, Tools(decode, segment, bootstrap.extract), boxes, frozenset(missing), on_progress=advance
        )


def report(found: CardCheck) -> dict[str, Any]:
    """Return a check as plain values; fingers are numbers (FGP)."""
    return {
        "compared": [int(finger) for finger in found.compared],
        "not_compared": [{"finger": int(n.finger), "sentence": n.sentence} for n in found.not_compared],
        "findings": [
            {
                "fault": str(f.fault), "finger": int(f.finger), "other": int(f.other) if f.other else None,
                "score": f.score, "sentence": f.sentence,
            }
            for f in found.findings
        ],
        "contradictions": list(found.contradictions),
    }  # fmt: skip


def show_warnings(found: CardCheck) -> None:
    """Print what is wrong or in doubt, how many fingers were compared, and why the others were not."""
    for sentence in found.faults:
        console.print(f"[bold red]Warning:[/] {sentence}", soft_wrap=True)
    for sentence in found.doubts:
        console.print(f"[bold]In doubt:[/] {sentence}", soft_wrap=True)
    if not found.compared:
        console.print("[bold]No finger could be compared.[/]")
    else:
        said = "see the warnings" if found.faults else "each plain finger is its rolled one"
        said = "in doubt" if found.doubts and not found.faults else said
        console.print(f"{len(found.compared)} of {len(SINGLE_FINGERS)} fingers compared: {said}.", soft_wrap=True)
    for left in found.not_compared:
        console.print(left.sentence, style="dim", soft_wrap=True)


def _show(card: Path, found: CardCheck) -> None:
    console.print(str(card), style="bold", markup=False)
    show_warnings(found)
    console.print("A machine compares; a person looks and decides.", style="dim")
