"""Fixtures of tests in a real browser: Debian's Chromium, driven by Playwright, before a console that is served."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit"))

from browser import Desk, Keyboard, Site, at_desk, served
from console_rig import console
from exchange_rig import Rig, rigs
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give a headless Chromium for the whole session."""
    path = shutil.which("chromium") or CHROMIUM
    if not Path(path).exists():
        pytest.skip("no Chromium here; Debian's package: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def make() -> Iterator[Callable[..., Rig]]:
    """Give a maker of networks (`exchange_rig.build_rig`), which are closed after the test."""
    with rigs() as maker:
        yield maker


@pytest.fixture
def rig(make: Callable[..., Rig]) -> Rig:
    """Give a network of seven parties."""
    return make()


@pytest.fixture
def serve() -> Iterator[Callable[[Any], Site]]:
    """Give a way to serve an application (or a rig's console) until the test ends."""
    with ExitStack() as ends:

        def start(app: Any, **more: Any) -> Site:
            is_rig = isinstance(app, Rig)
            site = ends.enter_context(served(console(app, **more) if is_rig else app))
            site.prints_are_words = is_rig
            return site

        yield start


@pytest.fixture
def site(rig: Rig, serve: Callable[..., Site]) -> Site:
    """Give the served demo console of `rig`."""
    return serve(rig)


@pytest.fixture
def desktop(chromium: Browser) -> Iterator[Callable[..., Desk]]:
    """Give a maker of desks (`browser.Desk`), each a browser of its own; all are watched, and closed after the test."""
    with ExitStack() as ends:
        yield lambda site, **options: ends.enter_context(at_desk(chromium, site, **options))


@pytest.fixture
def desk(desktop: Callable[..., Desk], site: Site) -> Desk:
    """Give one browser before `site`."""
    return desktop(site)


@pytest.fixture
def keyboard(desk: Desk) -> Keyboard:
    """Give the keyboard of `desk`."""
    return Keyboard(desk.page)
