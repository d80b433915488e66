"""`tenprint bench images` and `tenprint bench records`: codecs and the reader, with figures that anyone can repeat."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import console, print_json, print_table, progress

if TYPE_CHECKING:
    from tenprint.studies.image_codecs import MutationFigures, SpeedFigures

COLUMNS = ("images a second", "median", "least", "most", "in this process, one core")
_rate = "{:.1f}".format


def images(
    number: Annotated[int, typer.Option("--images", min=1, max=10_000, help="Images in each round.")] = 60,
    rounds: Annotated[int, typer.Option(min=1, max=1_000, help="Rounds; medians are shown.")] = 5,
    mutations: Annotated[
        int, typer.Option(min=0, max=10_000_000, help="Decode that many damaged WSQ files instead, and count.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the damage: the same seed gives the same files.")] = 1,
    wsq: Annotated[Path | None, typer.Option(help="Folder of good WSQ files to damage, beside synthetic ones.")] = None,
    json: Json = False,
) -> None:
    """WSQ and JPEG 2000 in the disposable codec processes: images a second, or what damaged files do to them."""
    from tenprint.studies import image_codecs as study

    with progress("prints", study.PRINTS, quiet=json) as advance:
        prints = study.make_prints(advance)
    if mutations:
        good = study.originals(prints, wsq)
        with progress("damaged files", mutations, quiet=json) as advance:
            damage = study.measure_mutations(good, mutations, seed, advance)
        _show_damage(damage, json)
        if damage.foreign or not damage.sane_after:
            raise typer.Exit(1)
        return
    with progress("rounds", rounds, quiet=json) as advance:
        speed = study.measure_speed(prints, number, rounds, advance)
    _show_speed(speed, json)


def records(
    rounds: Annotated[int, typer.Option(min=1, max=100_000, help="How often the file is read.")] = 300,
    json: Json = False,
) -> None:
    """Milliseconds to read a booking of fourteen images (600 kB) without decoding them."""
    from tenprint.studies import reading as study

    figures = study.measure(rounds)
    if json:
        print_json(asdict(figures))
        return
    console.print(
        f"a CAR of {figures.bytes} bytes, {figures.records} records, {figures.images} images, read {figures.rounds} "
        f"times: median {figures.read_ms:.2f} ms, with the list of its images {figures.images_ms:.2f} ms "
        f"(slowest {figures.worst_ms:.2f}); target {figures.target_ms:.0f} ms"
    )


def _show_speed(figures: SpeedFigures, json: bool) -> None:
    if json:
        print_json(asdict(figures))
        return
    width, height = figures.size
    print_table(
        f"{width}x{height} px, {figures.images} images a round, {figures.rounds} rounds, {figures.processes} codec "
        f"processes on {figures.cores} cores",
        COLUMNS,
        (
            (
                "WSQ decoded", _rate(figures.decode_per_s), *map(_rate, figures.decode_range),
                _rate(figures.reference_decode_per_s),
            ),
            (
                "WSQ encoded", _rate(figures.encode_per_s), *map(_rate, figures.encode_range),
                _rate(figures.reference_encode_per_s),
            ),
            ("JPEG 2000 decoded", _rate(figures.jp2_decode_per_s), "", "", ""),
            ("JPEG 2000 encoded", _rate(figures.jp2_encode_per_s), "", "", ""),
        ),
    )  # fmt: skip
    console.print(
        f"target {figures.target_per_s:.0f} decoded a second; CPU time of one: {figures.decode_cpu_ms:.1f} ms here, "
        f"{figures.reference_decode_cpu_ms:.1f} ms in this process; one process had {figures.peak_mib:.0f} MiB at "
        f"most; load of the machine {figures.load:.1f}",
        style="dim",
    )


def _show_damage(figures: MutationFigures, json: bool) -> None:
    if json:
        print_json(asdict(figures))
        return
    print_table(
        f"{figures.count} damaged copies of {figures.originals} WSQ files, seed {figures.seed}",
        ("outcome", "files"),
        (
            ("decoded", figures.decoded),
            ("refused with a code", figures.refused),
            ("- by the header, no codec saw them", figures.refused_by_header),
            ("- by the codec", figures.refused_by_codec),
            ("- crashed a codec process", figures.crashed),
            ("- took too long", figures.late),
            ("foreign exceptions", sum(figures.foreign.values())),
        ),
    )
    console.print(
        f"good files decode as before: {'yes' if figures.sane_after else 'NO'}; slowest file "
        f"{figures.slowest_s:.2f} s; one process had {figures.peak_mib:.0f} MiB at most"
    )
