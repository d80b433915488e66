"""The demo in a browser: a network founded while the first story's prints are made, then the console, until Ctrl-C."""

from __future__ import annotations

import os
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tenprint.cli.output import console, progress
from tenprint.core.clock import ManualClock
from tenprint.core.errors import SenderError

if TYPE_CHECKING:  # the console loads the exchange; help texts should not wait for it
    from tenprint.bootstrap import Network
    from tenprint.studies.cards import CardShop
    from tenprint.studies.director import Director
    from tenprint.studies.story_file import Story

BROWSER_DELAY_SECONDS = 0.5


@dataclass(frozen=True)
class Plan:
    """What is asked of the demo.

    Args:
        data, cards: folders of the network and of the rendered cards.
        seed: of salts and ids.
        port: wanted.
        begins: story that begins by itself, or ``""``.
        opens_browser: open one where there is one.
        waits_for_prints: serve only when the first story can begin.
    """

    data: Path
    cards: Path
    seed: int
    port: int
    begins: str
    opens_browser: bool
    waits_for_prints: bool = True


def open_console(plan: Plan, found: Callable[[], None]) -> None:
    """Found the network if need be, make the first story's prints meanwhile, and serve the console until Ctrl-C.

    Args:
        plan: what is asked.
        found: founds the network unless it is there.
    """
    from tenprint import bootstrap
    from tenprint.studies.story_file import load_stories
    from tenprint.web.app import create_app
    from tenprint.web.serve import listening_socket, serve

    started = time.monotonic()
    told = load_stories()
    first = next((story for story in told if story.name == plan.begins), told[0])
    listener = listening_socket(plan.port)
    with bootstrap.card_shop(plan.cards) as shop:
        if plan.waits_for_prints:
            _make_ready(shop, first, found)
        salts = bootstrap.seeded_random(bootstrap.load_network(plan.data), plan.seed)
        templates = bootstrap.templates_of(plan.cards)
        watch = bootstrap.Watch()
        with bootstrap.open_network(plan.data, random=salts, templates=templates, observe=watch) as network:
            watch.begin(network.nodes.values())
            network.run()
            director = director_of(network, shop, plan.data)
            app = create_app(network, is_demo=True, director=director, metrics=watch.metrics)
            with directing(director):
                if plan.begins:
                    director.begin(plan.begins)
                _say_where(plan, listener.getsockname()[1], first, time.monotonic() - started)
                serve(app, listener)
            network.sign_checkpoints()  # looks are on the ledgers since the last one
    console.print("Stopped; nothing is lost: the same command goes on from here.")


def director_of(network: Network, shop: CardShop, data: Path) -> Director:
    """Return who directs the stories of a network.

    Raises:
        SenderError: ``CLOCK_REAL`` when the network runs by the real time.
    """
    from tenprint.studies.director import Director
    from tenprint.studies.stage import Stage
    from tenprint.studies.story_file import load_others, load_stories

    if not isinstance(network.clock, ManualClock):
        raise SenderError("CLOCK_REAL", f"the network in {data} runs by the real time", hint="choose another --data")
    stage = Stage(network.nodes, network.clock, network.run)
    return Director(stage, load_stories(), shop, others=load_others())


@contextmanager
def directing(director: Director) -> Iterator[None]:
    """Let time pass and cards be made while the block runs. The console must have given the director its place."""
    stop = threading.Event()
    threads = [threading.Thread(target=work, args=(stop,), daemon=True) for work in (director.serve, director.prepare)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        threads[0].join()  # it may be at work on the network; the other one waits for workers, which end with the shop


def _make_ready(shop: CardShop, first: Story, found: Callable[[], None]) -> None:
    """Found the network and make the first story's prints at the same time."""
    helper = ThreadPoolExecutor(1)
    try:
        making = helper.submit(shop.made, first.person.fingers)
        found()
        with progress(f"making the prints of '{first.title}'", None):
            making.result()
    finally:
        helper.shutdown(wait=False, cancel_futures=True)


def _say_where(plan: Plan, port: int, first: Story, seconds: float) -> None:
    from tenprint.web.serve import ADDRESS

    address = f"http://{ADDRESS}:{port}"
    if port != plan.port:
        console.print(f"Port {plan.port} is in use; taking {port} instead.", style="bold")
    if plan.waits_for_prints:
        done = "has begun and waits for a person" if plan.begins else "can begin"
        console.print(f"Ready after {seconds:.0f} s: the story '{first.title}' {done}; the others follow meanwhile.")
    console.print(f"Tenprint's demo: [bold]{address}[/]  (Ctrl-C stops it)", soft_wrap=True)
    if plan.opens_browser and _has_browser():
        threading.Timer(BROWSER_DELAY_SECONDS, webbrowser.open, (address,)).start()


def _has_browser() -> bool:
    """Tell whether somebody sits here: a terminal and a display, and no machine that only builds and tests."""
    has_display = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return has_display and sys.stdout.isatty() and not os.environ.get("CI")
