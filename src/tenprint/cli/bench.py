"""`tenprint bench`: measure accuracy and speed on this machine, against figures that anyone can compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli import prints_report, slaps_report
from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table, progress, write_file
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.studies.likeness import Likeness
    from tenprint.studies.packing import CardPacking
    from tenprint.studies.synthesis import SynthesisFigures

DEFAULT_SETS = Path("../shared/samples/fingerprints")
REFERENCE_EER_PERCENT = {
    "SourceAFIS 3.18.1, own minutiae": 8.01,
    "NBIS mindtct + bozorth3": 6.88,
    "LEADER + SourceAFIS matcher": 1.47,
}
"""Means of the same seven development sets, measured for the shared reference (engine.md section 4)."""

COLUMNS = ("set", "EER", "95 %", "FMR1000", "min.", "s/image", "us/pair")


class Part(StrEnum):
    """Parts of `tenprint bench synth`."""

    FOUND = "found"
    LIKENESS = "likeness"
    PACKING = "packing"


app = typer.Typer(help="Measure accuracy and speed.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Measure accuracy and speed."""


@app.command()
def accuracy(
    sets: Annotated[Path, typer.Option(help="Folder of sets, each a folder of FFF_I.png files.")] = DEFAULT_SETS,
    json: Json = False,
) -> None:
    """Equal error rates of extraction and comparison on the development sets (FVC protocol, full impostors)."""
    from tenprint import bootstrap
    from tenprint.engine.compare import compare_prepared, prepare
    from tenprint.studies import accuracy as study

    found = study.find_sets(sets)
    results = []
    total = sum(len(files) for files in found.values())
    with progress("images", total, quiet=json) as advance:
        scored = study.measure(
            found, bootstrap.extract_file, study.Matcher(prepare, lambda a, b: compare_prepared(a, b).score), advance
        )
        results = list(scored)
    mean = sum(r.rates.eer for r in results) / len(results)
    if json:
        print_json(
            {"sets": [asdict(r) for r in results], "mean_eer": mean, "reference_eer_percent": REFERENCE_EER_PERCENT}
        )
        return
    percent = "{:.2f}".format
    print_table(
        f"Percent; {results[0].rates.genuine} genuine and {results[0].rates.impostor} impostor pairs a set",
        COLUMNS,
        (
            (
                r.name, percent(100 * r.rates.eer), f"{100 * r.interval.low:.1f}-{100 * r.interval.high:.1f}",
                percent(100 * r.rates.fmr1000), f"{r.minutiae:.0f}", percent(r.extract_s), f"{r.compare_us:.0f}",
            )
            for r in results
        ),
    )  # fmt: skip
    console.print(f"mean EER {100 * mean:.2f} % over {len(results)} sets")
    for name, value in REFERENCE_EER_PERCENT.items():
        console.print(f"  for comparison, the seven development sets: {name} {value} %", style="dim")
    console.print(
        "These sets were used for tuning; LEADER's training data is unverified and may flatter it.", style="dim"
    )


@app.command()
def synth(
    prints: Annotated[int, typer.Option(help="Impressions in each condition, each of another person.")] = 20,
    plain: Annotated[bool, typer.Option("--plain", help="Plain impressions instead of rolled ones.")] = False,
    part: Annotated[list[Part] | None, typer.Option(help="Only this part; may be given again.")] = None,
    sets: Annotated[Path, typer.Option(help="Folder of real sets to stand beside.")] = DEFAULT_SETS,
    sheet: Annotated[Path | None, typer.Option(help="Write a contact sheet (PNG) here, and measure nothing.")] = None,
    json: Json = False,
) -> None:
    """Measure synthetic prints: minutiae that LEADER finds, likeness to real sets, compression, seconds a print."""
    if sheet is not None:
        from tenprint.studies import print_sheet

        counted = "impressions", print_sheet.IMPRESSIONS
        _write_sheet(sheet, print_sheet.make_sheet, counted, "contact sheet", json=json)
        return
    asked = _Asked(prints, plain=plain, sets=sets, json=json)
    report = {name: _MEASURES[name](asked) for name in dict.fromkeys(part or list(Part))}
    if json:
        print_json({name.value: asdict(figures) for name, figures in report.items()})


@app.command()
def slaps(
    people: Annotated[int, typer.Option(help="Synthetic people, 14 slaps each.")] = 20,
    population: Annotated[int, typer.Option(help="Seed of the people; 501 was used for tuning.")] = 7601,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a picture of three (PNG) here, and measure nothing.")
    ] = None,
    json: Json = False,
) -> None:
    """Segmentation of plain sets on synthetic slaps with known boxes: positions, edges, seconds a slap."""
    if sheet is not None:
        from tenprint.studies import slap_sheet

        _write_sheet(sheet, slap_sheet.make_sheet, ("slaps", slap_sheet.SLAPS), "segmented slaps", json=json)
        return
    from tenprint.studies import slaps as study

    with progress("slaps", study.slap_count(people), quiet=json) as advance:
        figures = study.measure(people, advance, population=population)
    if json:
        print_json(study.report(figures))
    else:
        slaps_report.show(figures)


@dataclass(frozen=True)
class _Asked:
    """Options of `synth` that its parts share."""

    prints: int
    plain: bool
    sets: Path
    json: bool


def _write_sheet(
    sheet: Path, make: Callable[[Callable[[int], None]], bytes], counted: tuple[str, int], title: str, *, json: bool
) -> None:
    """Write a picture for the documents; `counted` is what is rendered for it, and how many of them."""
    with progress(*counted, quiet=json) as advance:
        write_file(sheet, make(advance))
    if json:
        print_json({"sheet": str(sheet)})
    else:
        console.print(f"{title} in {sheet}")


def _found(asked: _Asked) -> SynthesisFigures:
    from tenprint.studies import synthesis as study

    with progress("impressions", asked.prints * len(study.ROWS), quiet=asked.json) as advance:
        figures = study.measure(study.extract_all, asked.prints, plain=asked.plain, on_progress=advance)
    if not asked.json:
        prints_report.show_found(figures, plain=asked.plain)
    return figures


def _likeness(asked: _Asked) -> Likeness:
    from tenprint import bootstrap
    from tenprint.studies import accuracy
    from tenprint.studies import likeness as study

    try:
        files, skipped = study.chosen_files(accuracy.find_sets(asked.sets)), None
    except SenderError as error:
        files, skipped = {}, f"{error}: real sets are left out"
    ours = study.PRINTS_PER_CONDITION * asked.prints
    with progress("impressions", ours + sum(map(len, files.values())), quiet=asked.json) as advance:
        figures = study.measure(bootstrap.extract, bootstrap.read_image, files, ours, advance)
    figures = replace(figures, skipped=skipped)
    if not asked.json:
        prints_report.show_likeness(figures)
    return figures


def _packing(asked: _Asked) -> CardPacking:
    from tenprint import bootstrap
    from tenprint.studies import packing as study

    with bootstrap.image_codec() as (decode, encode), progress("images", study.IMAGES, quiet=asked.json) as advance:
        figures = study.measure_card(decode, encode, advance)
    if not asked.json:
        prints_report.show_packing(figures)
    return figures


_MEASURES: dict[Part, Callable[[_Asked], SynthesisFigures | Likeness | CardPacking]] = {
    Part.FOUND: _found,
    Part.LIKENESS: _likeness,
    Part.PACKING: _packing,
}
