"""`tenprint bench cards`: how often the check of a card is wrong, on synthetic cards with and without faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, percent_range, print_json, print_table, progress

if TYPE_CHECKING:
    from tenprint.studies.card_checks import CheckFigures

COLUMNS = (
    "cards",
    "N",
    "compared",
    "false",
    "cards with one, 95 %",
    "in doubt",
    "faults",
    "named",
    "missed, 95 %",
    "doubted",
)


def cards(
    people: Annotated[int, typer.Option(help="Synthetic people, one card of each kind a person.")] = 12,
    population: Annotated[int, typer.Option(help="Seed of the people; 502 was used for choosing thresholds.")] = 7602,
    json: Json = False,
) -> None:
    """Check of a card: false faults on sound synthetic cards, misses on faulty ones."""
    from tenprint import bootstrap
    from tenprint.engine.slaps import segment
    from tenprint.exchange.card_check import Tools
    from tenprint.studies import card_checks as study

    total = people * len(study.Fault)
    with bootstrap.image_codec() as codec, progress("cards", total, quiet=json) as advance:
        tools = Tools(codec[0], segment, bootstrap.extract)
        figures = study.measure(people, tools, codec, advance, population=population)
    if json:
        print_json(study.report(figures))
    else:
        _show(figures)


def _show(figures: CheckFigures) -> None:
    rows = [
        (
            kind, f.cards, f.compared, f.false_faults, percent_range(f.false_card_interval), f.unconfirmed,
            f.expected or "", f.named if f.expected else "",
            percent_range(f.miss_interval) if f.expected else "", f.doubted or "",
        )
        for kind, f in figures.kinds.items()
    ]  # fmt: skip
    print_table(f"Synthetic cards, population {figures.population}", COLUMNS, rows)
    console.print(
        "false: faults that nobody put there; in doubt: sound fingers said not to be confirmed; doubted: fingers at "
        "fault of which only this is said.",
        style="dim",
    )
