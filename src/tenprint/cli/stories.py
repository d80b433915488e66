"""Stories on the command line: which there are, and playing them to their end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tenprint.cli.output import console, errors, print_json, print_table
from tenprint.core.clock import ManualClock
from tenprint.core.errors import SenderError

if TYPE_CHECKING:  # studies load the exchange; help texts should not wait for it
    from tenprint.studies.cards import CardShop
    from tenprint.studies.story_file import Story
    from tenprint.studies.tally import Played
    from tenprint.studies.troupe import Troupe

ALL = "all"
CARDS_FOLDER = "cards"
EXIT_ENDED_OTHERWISE = 1

Cards = Annotated[
    Path | None,
    typer.Option(envvar="TENPRINT_CARDS", help="Where rendered cards are kept; 'cards' beside --data by default."),
]


def show_list(*, json: bool) -> None:
    """Print the stories and how each must end."""
    from tenprint.studies.story_file import load_stories

    told = load_stories()
    if json:
        print_json([{"story": s.name, "title": s.title, "line": s.line, "ends": str(s.ends)} for s in told])
        return
    print_table("Stories", ("story", "what happens", "ends in"), [(s.name, s.line, s.ends) for s in told])
    console.print("Follow one: tenprint demo --story NAME", style="dim")


def chosen(name: str) -> tuple[Story, ...]:
    """Return the story of this name, or all.

    Raises:
        SenderError: ``STORY_UNKNOWN`` or ``STORY_INVALID``.
    """
    from tenprint.studies.story_file import load_named, load_stories

    return load_stories() if name == ALL else (load_named(name),)


def cards_beside(data: Path, cards: Path | None) -> Path:
    """Return the folder of rendered cards: the one asked for, or `cards` beside the network's."""
    return cards or data.resolve().parent / CARDS_FOLDER


def play(data: Path, told: Sequence[Story], *, seed: int, cards: Path | None, json: bool) -> None:
    """Play stories in turn, print what was counted, and exit with 1 when one ended in another state than its own."""
    from tenprint import bootstrap
    from tenprint.studies.stage import Stage
    from tenprint.studies.story_file import load_others
    from tenprint.studies.tally import count
    from tenprint.studies.troupe import Troupe, ending

    folder = cards_beside(data, cards)
    salts = bootstrap.seeded_random(bootstrap.load_network(data), seed)
    templates = bootstrap.templates_of(folder)
    with (
        bootstrap.card_shop(folder) as shop,
        bootstrap.open_network(data, random=salts, templates=templates) as network,
    ):
        if not isinstance(network.clock, ManualClock):
            raise SenderError("CLOCK_REAL", f"the network in {data} runs by the real time", hint="take another --data")
        troupe = Troupe(Stage(network.nodes, network.clock, network.run), load_others())
        played, seconds = _played(troupe, shop, told)
        tally = count(troupe.stage, played, seconds)
        ends = [ending(troupe.stage, story, case.case_id) for story, case in zip(told, played, strict=True)]
    if json:
        print_json(tally.as_json())
    else:
        for story, case in zip(told, played, strict=True):
            console.print(f"[bold]{story.name}[/]: {story.title}; case {case.case_id}", soft_wrap=True)
        console.print("Ended in: " + ", ".join(f"{n} {state}" for state, n in tally.as_json()["cases"].items()))
        console.print(f"Next: tenprint case show {played[-1].case_id} --data {data}", style="dim", soft_wrap=True)
    for sentence in filter(None, ends):
        errors.print(f"[bold red]STORY_ENDED_OTHERWISE[/] {sentence}", soft_wrap=True)
    if any(ends):
        raise typer.Exit(EXIT_ENDED_OTHERWISE)


def _played(troupe: Troupe, shop: CardShop, told: Sequence[Story]) -> tuple[list[Played], dict[str, float]]:
    from tenprint.studies.tally import Stopwatch

    watch, played = Stopwatch(), []
    watch.add(dict.fromkeys(("render", "encode", "extract"), 0.0))  # a kept card costs nothing, and says so
    with watch.timed("total"):
        for story in told:
            made = shop.made(story.person.fingers)
            watch.add(made.seconds)
            with watch.timed("exchange"):
                played.append(troupe.play(story, lambda other: shop.made(other.person.fingers)))
    return played, watch.seconds
