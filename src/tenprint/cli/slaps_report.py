"""What `tenprint bench slaps` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenprint.cli.output import console, percent_range, print_table

if TYPE_CHECKING:
    from tenprint.studies.slaps import SlapFigures

COLUMNS = ("slaps", "N", "fingers", "placed", "95 %", "edges 32 px", "95 %", "bottom 64 px", "invented")


def show(figures: SlapFigures) -> None:
    """Print counts by kind of slap, errors of edges and seconds."""
    rows = []
    for name, kind in [*figures.kinds.items(), ("all", figures.total)]:
        count, interval = max(1, kind.fingers), kind.placed_interval
        shares = (f"{100 * n / count:.1f} %" for n in (kind.placed, kind.edges, kind.edges_tall))
        placed, edges, tall = shares
        between = percent_range(interval), percent_range(kind.edges_interval)
        rows.append((name, kind.slaps, kind.fingers, placed, between[0], edges, between[1], tall, kind.invented))
    print_table(f"Synthetic slaps, population {figures.population}", COLUMNS, rows)
    for side, values in figures.edge_percentiles.items():
        errors = ", ".join(f"{value:.0f} px at {percentile} %" for percentile, value in values.items())
        console.print(f"  {side} edge off by {errors}", style="dim")
    off = ", ".join(f"{side} {count}" for side, count in figures.total.off.items())
    console.print(f"edges more than 32 px away: {off}", style="dim")
    console.print(f"{figures.seconds:.2f} s a slap; {figures.sure_wrong} wrong boxes with a confidence of 0.9 or more")
