"""`tenprint bench templates` and `bench fuzz`: other vendors' templates, and files that were damaged on purpose."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table, progress, write_file

if TYPE_CHECKING:
    from tenprint.studies.fuzzing import FuzzFigures

SAMPLES = Path("../shared/samples")
IMAGES = SAMPLES / "fingerprints/fvc2002_db1_b"
THEIRS = SAMPLES / "templates/iso_secugen_fvc2002_db1_b"
ROWS = ("templates", "genuine", "impostor", "EER", "95 %", "FMR100", "FMR1000", "ZeroFMR")


def templates(
    images: Annotated[Path, typer.Option(help="Folder of FFF_I.png files.")] = IMAGES,
    theirs: Annotated[Path, typer.Option(help="Folder of their templates, FFF_I.iso, of the same images.")] = THEIRS,
    json: Json = False,
) -> None:
    """Equal error rate of another vendor's templates against ours of the same images, and of each with itself."""
    from tenprint import bootstrap
    from tenprint.engine.compare import compare_prepared, prepare
    from tenprint.studies import accuracy, interchange

    pairs = interchange.find_pairs(images, theirs)
    matcher = accuracy.Matcher(prepare, lambda a, b: compare_prepared(a, b).score)
    with progress("images", len(pairs), quiet=json) as advance:
        figures = interchange.measure(pairs, bootstrap.extract_file, matcher, advance)
    if json:
        print_json(asdict(figures))
        return
    percent = "{:.2f}".format
    print_table(
        f"Percent; {figures.images} images of {images.name}",
        ROWS,
        (
            (
                row.name, row.rates.genuine, row.rates.impostor, percent(100 * row.rates.eer),
                f"{100 * row.interval.low:.1f}-{100 * row.interval.high:.1f}", percent(100 * row.rates.fmr100),
                percent(100 * row.rates.fmr1000), percent(100 * row.rates.zero_fmr),
            )
            for row in figures.rows
        ),
        whole=("templates",),
    )  # fmt: skip
    console.print("as written: their coordinates without the correction of size", style="dim")
    console.print(
        f"minutiae an image: ours {figures.minutiae_ours:.0f}, theirs {figures.minutiae_theirs:.0f}; "
        f"problems in their files: {figures.problems}; one comparison (ours) in all rows"
    )


def fuzz(
    files: Annotated[int, typer.Option(min=1, help="How many damaged files to read.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Of all choices; the same seed makes the same files.")] = 1,
    samples: Annotated[Path, typer.Option(help="Folder that holds transactions/ and templates/.")] = SAMPLES,
    keep: Annotated[Path | None, typer.Option(help="Write files that broke a promise into this folder.")] = None,
    json: Json = False,
) -> None:
    """Read files that were damaged on purpose. Exit code 1 when a foreign exception, a lost byte or a hang is found."""
    from tenprint.studies import fuzzing

    seeds = fuzzing.find_seeds(samples)

    def store(number: int, data: bytes) -> None:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            write_file(keep / f"fuzz-{seed}-{number}.bin", data)

    with progress("files", files, quiet=json) as advance:
        figures = fuzzing.fuzz(seeds, files, seed, on_progress=advance, keep=store)
    if json:
        print_json(asdict(figures))
    else:
        _show(figures)
    if not figures.is_clean:
        raise typer.Exit(1)


def _show(figures: FuzzFigures) -> None:
    rows = (
        ("damaged files read", figures.files),
        ("made from samples", figures.samples),
        ("foreign exceptions", figures.foreign),
        ("broken promises (lost bytes and the like)", figures.broken_laws),
        ("hangs over 1 s of CPU time", figures.hangs),
        ("files with problems, all named", figures.damaged),
        ("files refused with an error of ours", figures.refused),
        ("files still without a problem", figures.clean),
        ("slowest file, CPU milliseconds", f"{1000 * figures.slowest_s:.0f} (number {figures.slowest_number})"),
        ("mean, CPU milliseconds", f"{1000 * figures.total_s / figures.files:.2f}"),
        ("highest memory, MiB", figures.peak_mib),
    )
    print_table(f"Seed {figures.seed}", ("what", "value"), rows)
    if figures.findings:
        found = ((f.number, f.sample, ", ".join(f.steps), f.kind, f.what) for f in figures.findings)
        print_table("Findings", ("number", "sample", "what was done", "kind", "what"), found)
