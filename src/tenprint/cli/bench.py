"""`tenprint bench`: measure accuracy and speed on this machine, against figures that anyone can compare."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table, progress

DEFAULT_SETS = Path("../shared/samples/fingerprints")
REFERENCE_EER_PERCENT = {
    "SourceAFIS 3.18.1, own minutiae": 8.01,
    "NBIS mindtct + bozorth3": 6.88,
    "LEADER + SourceAFIS matcher": 1.47,
}
"""Means of the same seven development sets, measured for the shared reference (engine.md section 4)."""

COLUMNS = ("set", "EER", "95 %", "FMR1000", "min.", "s/image", "us/pair")

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
