"""`tenprint bench quality`: what the measure of print quality calls synthetic prints, and what it foretells."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.bench import DEFAULT_SETS
from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table, progress
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.studies.quality import ConditionFigures, RankFigures


def quality(
    people: Annotated[int, typer.Option(min=0, help="Synthetic people, 12 prints each; 0 leaves them out.")] = 20,
    population: Annotated[int, typer.Option(help="Seed of the people; 6301 and 6302 were used for tuning.")] = 6303,
    sets: Annotated[Path, typer.Option(help="Folder of sets, each a folder of FFF_I.png files.")] = DEFAULT_SETS,
    ranking: Annotated[bool, typer.Option(help="Measure on the real sets too, when they are there.")] = True,
    json: Json = False,
) -> None:
    """Causes on synthetic prints of known condition; equal error rates on real sets without the worst prints."""
    from tenprint import bootstrap
    from tenprint.studies import quality as study

    causes: list[ConditionFigures] = []
    if people:
        with progress("synthetic prints", people * study.PRINTS_A_PERSON, quiet=json) as advance:
            causes = study.measure_causes(bootstrap.extract, people, advance, population=population)
    ranks = _ranks(sets, json) if ranking else []
    if json:
        print_json({"population": population, "causes": [_row(one) for one in causes], "ranks": [*map(asdict, ranks)]})
        return
    if causes:
        _show_causes(causes, population)
    if ranks:
        _show_ranks(ranks)


def _ranks(sets: Path, json: bool) -> list[RankFigures]:
    from tenprint import bootstrap
    from tenprint.engine.compare import compare_prepared, prepare
    from tenprint.studies import accuracy
    from tenprint.studies import quality as study

    try:
        found = accuracy.find_sets(sets)
    except SenderError as problem:
        if not json:
            console.print(f"{problem}: real sets are left out", style="dim", markup=False)
        return []
    matcher: accuracy.Matcher[Any] = accuracy.Matcher(prepare, lambda a, b: compare_prepared(a, b).score)
    with progress("images", sum(map(len, found.values())), quiet=json) as advance:
        return list(
            study.measure_ranking(
                found, bootstrap.read_image, bootstrap.extract, matcher, study.MEASURES, on_progress=advance
            )
        )


def _row(one: ConditionFigures) -> dict[str, Any]:
    shown = asdict(one) | {"right": one.right, "interval": asdict(one.interval)}
    return shown | {"causes": {str(cause): count for cause, count in one.causes.items()}}


def _show_causes(causes: list[ConditionFigures], population: int) -> None:
    from tenprint.engine.quality import Cause

    rows = []
    for one in causes:
        right = f"{one.right} ({_percent(one.interval.low)}-{_percent(one.interval.high)})"
        called = (one.causes[cause] or "" for cause in Cause)
        rows.append((one.kind, one.condition, one.prints, right, *called, one.kept, f"{one.median_score:.0f}"))
    names = (cause.replace("_", " ") for cause in Cause)
    columns = ("kind", "condition", "N", "right (95 % of share)", *names, "no cause", "score")
    print_table(f"What synthetic prints are called, population {population}", columns, rows)
    console.print("right: called what it is; good and creased prints are right when they have no cause", style="dim")


def _show_ranks(ranks: list[RankFigures]) -> None:
    rows = [(one.name, one.measure, *map(_percent, one.eer), f"{one.correlation:.2f}") for one in ranks]
    for measure in dict.fromkeys(one.measure for one in ranks):
        own = [one for one in ranks if one.measure == measure]
        means = [sum(column) / len(own) for column in zip(*(one.eer for one in own), strict=True)]
        correlation = sum(one.correlation for one in own) / len(own)
        rows.append(("mean", measure, *map(_percent, means), f"{correlation:.2f}"))
    columns = ("set", "measure", "EER %", "without worst 10 %", "without worst 20 %", "correlation")
    print_table("Equal error rates when the prints of worst quality are left out", columns, rows)
    console.print("correlation: Spearman's, worse print of a genuine pair against the pair's score", style="dim")


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"
