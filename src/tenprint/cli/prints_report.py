"""Tables of `tenprint bench synth`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenprint.cli.output import console, print_table

if TYPE_CHECKING:
    from tenprint.stats.errors import Interval
    from tenprint.studies.likeness import Likeness
    from tenprint.studies.packing import CardPacking, PackingFigures
    from tenprint.studies.synthesis import SynthesisFigures

FOUND_COLUMNS = (
    "condition", "prints", "true", "found % (95 %)", "kept % (95 %)", "hidden", "with hidden %", "true of extracted %",
)  # fmt: skip
LIKENESS_COLUMNS = ("measure", "prints of", "N", "5 %", "25 %", "median", "75 %", "95 %", "distance", "by chance")
PACKING_COLUMNS = ("images", "N", "ratio", "least", "largest", "PSNR dB", "least", "largest")
_percent = "{:.1f}".format


def show_found(figures: SynthesisFigures, *, plain: bool) -> None:
    """Print which true minutiae were found, by condition, and the seconds an impression takes."""
    from tenprint.studies import synthesis as study

    print_table(
        f"{'Plain' if plain else 'Rolled'} synthetic prints: true minutiae that LEADER finds within "
        f"{study.NEAR_PX:.0f} px and {study.NEAR_DEG:.0f} degrees",
        FOUND_COLUMNS,
        (
            (
                r.condition, r.prints, r.truth, _with_interval(r.share, r.interval),
                _with_interval(r.share_kept, r.interval_kept), r.lost,
                _percent(100 * r.share_with_hidden), _percent(100 * r.precision),
            )
            for r in figures.conditions
        ),
    )  # fmt: skip
    console.print(f"kept: among the {study.KEPT} surest minutiae that a template holds", style="dim")
    console.print(
        f"median seconds on one core: {figures.first_s:.2f} a finger's first impression (ridges grown), "
        f"{figures.again_s:.2f} a further one"
    )


def _with_interval(share: float, interval: Interval) -> str:
    return f"{100 * share:.1f} ({100 * interval.low:.1f}-{100 * interval.high:.1f})"


def show_likeness(figures: Likeness) -> None:
    """Print quantiles of what is read from synthetic and from real prints, and how far they lie apart."""
    rows = []
    for measure in figures.measures:
        for number, (group, spread) in enumerate(measure.groups.items()):
            apart = ("", "")
            if number == 0 and measure.distance is not None and measure.by_chance is not None:
                apart = (f"{measure.distance:.2f}", f"{measure.by_chance:.2f}")
            quantiles = tuple(_percent(value) for value in spread.quantiles)
            rows.append((measure.name if number == 0 else "", group, spread.prints, *quantiles, *apart))
    print_table("Plain prints as LEADER reads them", LIKENESS_COLUMNS, rows)
    if figures.skipped:
        console.print(figures.skipped)
        return
    console.print(
        "distance: Kolmogorov-Smirnov, ours and FVC, real; chance alone exceeds the last column in 5 of 100 cases if "
        "prints were independent (several are of one finger). These sets were used for tuning.",
        style="dim",
    )


def show_packing(figures: CardPacking) -> None:
    """Print how small WSQ makes a card's images."""

    def row(name: str, part: PackingFigures) -> tuple[str | int, ...]:
        numbers = (part.mean_ratio, *part.ratios, part.mean_psnr_db, *part.psnrs_db)
        return (name, part.images, *(_percent(number) for number in numbers))

    print_table(
        f"WSQ of one synthetic card, aimed at {figures.target_ratio:.0f}:1",
        PACKING_COLUMNS,
        (row("rolled", figures.rolled), row("plain sets", figures.plain_sets)),
    )
    console.print("white paper packs better than ridges, so plain sets come out smaller", style="dim")
