"""`tenprint bench`: measure accuracy and speed on this machine, against figures that anyone can compare."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table, progress, write_file

DEFAULT_SETS = Path("../shared/samples/fingerprints")
REFERENCE_EER_PERCENT = {
    "SourceAFIS 3.18.1, own minutiae": 8.01,
    "NBIS mindtct + bozorth3": 6.88,
    "LEADER + SourceAFIS matcher": 1.47,
}
"""Means of the same seven development sets, measured for the shared reference (engine.md section 4)."""

COLUMNS = ("set", "EER", "95 %", "FMR1000", "min.", "s/image", "us/pair")
SYNTH_COLUMNS = (
    "condition", "prints", "true", "found", "%", "95 %", "hidden", "found yet", "% of both", "extracted",
    "true of these %",
)  # fmt: skip

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
    sheet: Annotated[Path | None, typer.Option(help="Write a contact sheet (PNG) here, and measure nothing.")] = None,
    json: Json = False,
) -> None:
    """Share of the true minutiae of synthetic prints that LEADER finds, by condition; seconds a rolled impression."""
    from tenprint import bootstrap
    from tenprint.studies import print_sheet
    from tenprint.studies import synthesis as study
    from tenprint.synth.conditions import Condition

    if sheet is not None:
        with progress("impressions", print_sheet.IMPRESSIONS, quiet=json) as advance:
            write_file(sheet, print_sheet.make_sheet(advance))
        if json:
            print_json({"sheet": str(sheet)})
        else:
            console.print(f"contact sheet in {sheet}")
        return
    with progress("impressions", prints * len(Condition), quiet=json) as advance:
        figures = study.measure(bootstrap.extract, prints, plain=plain, on_progress=advance)
    if json:
        print_json(asdict(figures))
        return
    percent = "{:.1f}".format
    print_table(
        f"{'Plain' if plain else 'Rolled'} synthetic prints: true minutiae that LEADER finds within "
        f"{study.NEAR_PX:.0f} px and {study.NEAR_DEG:.0f} degrees",
        SYNTH_COLUMNS,
        (
            (
                r.condition, r.prints, r.truth, r.found, percent(100 * r.share),
                f"{100 * r.interval.low:.1f}-{100 * r.interval.high:.1f}", r.lost, r.lost_found,
                percent(100 * r.share_with_hidden), r.extracted,
                percent(100 * r.precision),
            )
            for r in figures.conditions
        ),
    )  # fmt: skip
    console.print(
        f"median seconds on one core: {figures.first_s:.2f} a finger's first impression (ridges grown), "
        f"{figures.again_s:.2f} a further one"
    )
