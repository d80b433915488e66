"""The pictures of the documents: taken from a network with the prints of the stories, in a real browser.

They are made only when they are asked for, because rendering a card takes half a minute; all prints are synthetic.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from browser import Desk, Site, served
from PIL import Image
from playwright.sync_api import expect

from tenprint import bootstrap
from tenprint.cli.staging import director_of
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.studies.director import Director
from tenprint.studies.story_file import load_named
from tenprint.synth.population import background
from tenprint.web.app import create_app

pytestmark = [
    pytest.mark.web,
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("TENPRINT_PICTURES"), reason="pictures are made when TENPRINT_PICTURES is set"
    ),
]

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
"""Of the documents: no other test writes here."""
STORY = "declined"
BACKGROUND = 30
WIDE, TALL, MOST_BYTES = 1200, 900, 250_000
WHOLE = 4000
"""Pixels; no page of a role is taller."""
VIEWER_ENDS = {"viewer-before": ".viewer-stage", "viewer-after": ".legend p"}
"""What a picture of the viewer shows last."""
COLOURS = (256, 128, 64, 32)
"""Of a palette; fewer where a picture would be too large."""
SEED = 7
START = datetime(2010, 10, 4, 14, tzinfo=UTC)


class Workplace(NamedTuple):
    """Whose page is shown in which picture, at which task."""

    role: Role
    person: str
    kind: TaskKind
    picture: str


WORKPLACES = (
    Workplace(Role.SUPPORT_CENTER, "SAM SPECIALIST", TaskKind.STATUS, "console-specialist"),
    Workplace(Role.FIELD_OFFICE, "OLE OFFICER", TaskKind.DECIDE, "console-officer"),
    Workplace(Role.JAIL, "KIM CLERK", TaskKind.ANSWER_DETAINER, "console-jail"),
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[bootstrap.Network, Director]]:
    """Give a running network whose stories have prints, and its director."""
    cards, data = Path(os.environ.get("TENPRINT_CARDS") or ROOT / "data" / "cards"), tmp_path / "net"
    founding = bootstrap.Founding(data, clock_start=START)
    bootstrap.init_network(data, seed=SEED, background=background(BACKGROUND, SEED), founding=founding)
    with ExitStack() as ends:
        shop = ends.enter_context(bootstrap.card_shop(cards))
        shop.made(load_named(STORY).person.fingers)
        salts = bootstrap.seeded_random(bootstrap.load_network(data), SEED)
        templates = bootstrap.templates_of(cards)
        network = ends.enter_context(bootstrap.open_network(data, random=salts, templates=templates, workers=0))
        network.run()
        yield network, director_of(network, shop, data)


@pytest.fixture
def site(house: tuple[bootstrap.Network, Director]) -> Iterator[Site]:
    network, director = house
    with served(create_app(network, is_demo=True, director=director)) as site:
        yield site


class Camera:
    """Takes pictures of what a desk shows.

    Args:
        desk: the browser.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.page = desk, desk.page

    def take(self, name: str, begins: str = "main", ends: str = "main", *, tallest: int = TALL) -> None:
        """Write the part of a page from one element to the end of another, as wide as the window."""
        self.page.wait_for_load_state("networkidle")
        top, bottom = (self._box(selector) for selector in (begins, ends))
        height = min(bottom["y"] + bottom["height"] + 12 - max(top["y"] - 12, 0), tallest)
        clip = {"x": 0, "y": max(top["y"] - 12, 0), "width": WIDE, "height": height}
        path = PICTURES / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, full_page=True, clip=clip, animations="disabled")
        _reduce(path)

    def _box(self, selector: str) -> dict[str, float]:
        box = self.page.locator(selector).first.evaluate(
            "one => { const r = one.getBoundingClientRect(); return {y: r.y + scrollY, height: r.height}; }"
        )
        return dict(box)


def _reduce(path: Path) -> None:
    """Write a picture with as many colours as its size allows."""
    with Image.open(path) as taken:
        picture = taken.convert("RGB")
    for colours in COLOURS:
        picture.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            return
    raise AssertionError(f"{path.name} has {path.stat().st_size} bytes with {COLOURS[-1]} colours")


def test_the_pictures_of_the_documents_are_taken_while_a_story_is_played(
    house: tuple[bootstrap.Network, Director], site: Site, desktop: Callable[..., Desk]
) -> None:
    network, director = house
    desk = desktop(site, viewport={"width": WIDE, "height": TALL})
    page, camera = desk.page, Camera(desk)
    desk.open("/")
    camera.take("console-start", "header")
    page.locator(f"form[action='/stories/{STORY}/begin'] button").click()
    page.get_by_text("waits for the examiner").wait_for()
    director.pause()
    desk.open(f"/stories/{STORY}")
    camera.take("console-story", ends="#story-now")

    _examine(camera, director)
    for seen in WORKPLACES:
        _work(camera, director, seen)
    assert director.state(STORY).state == load_named(STORY).ends

    desk.sign_in(Role.FIELD_OFFICE, "OLE OFFICER")
    case_id = director.state(STORY).case_id
    desk.open(f"/cases/{case_id}")
    why = page.locator('a[href^="/why/"][href*="office"]').last.get_attribute("href") or ""
    for scheme, name in (("dark", "console-case-dark"), ("light", "console-case")):
        page.emulate_media(color_scheme=scheme)
        camera.take(name, "#picture", ".scroll", tallest=WHOLE)
    for path, name in ((_request(network, case_id), "message"), (why, "why"), ("/network", "network")):
        desk.open(path)
        camera.take(f"console-{name}")


def test_the_picture_of_the_validation_desk_is_taken(
    house: tuple[bootstrap.Network, Director], site: Site, desktop: Callable[..., Desk]
) -> None:
    desk = desktop(site, viewport={"width": WIDE, "height": TALL})
    desk.open("/check/example")
    Camera(desk).take("file-check")
    assert desk.page.locator(".findings li").count() == 4


def _request(network: bootstrap.Network, case_id: str) -> str:
    """Return the address of the request to hold, as the field office keeps it."""
    node = next(node for node in network.nodes.values() if node.party.role == Role.FIELD_OFFICE)
    with node.store.transaction() as tx:
        sent = next(message for message in tx.messages(case_id) if message.kind == Kind.DETAINER)
    return f"/messages/{node.party.id}/{sent.sender}/{sent.id}"


def _examine(camera: Camera, director: Director) -> None:
    """Take the viewer before and after the first finding, with the right index in the frames, and record both."""
    desk, page = camera.desk, camera.desk.page
    desk.sign_in(Role.IMMIGRATION_REPOSITORY, "ANN EXAMINER")
    path, reason = _waiting(director), load_named(STORY).answers_to(TaskKind.EXAMINE)[0].reason
    for name in ("viewer-before", "viewer-after"):
        desk.open(path)
        expect(page.locator("#viewer")).to_have_attribute("data-ready", "yes")
        page.locator('.strip a[data-finger="2"]').click()
        expect(page.locator("#viewer")).to_have_attribute("data-finger", "2")
        if name == "viewer-after":
            page.get_by_role("button", name="Minutiae and pairs").click()
            expect(page.locator(".legend")).to_be_visible()
        camera.take(name, "#viewer", VIEWER_ENDS[name], tallest=WHOLE)
        desk.record("identification", reason)


def _work(camera: Camera, director: Director, seen: Workplace) -> None:
    """Take a role's page, and let the file's answer be recorded by its form."""
    camera.desk.sign_in(seen.role, seen.person)
    said = load_named(STORY).answers_to(seen.kind)[0]
    camera.desk.open(_waiting(director))
    camera.take(seen.picture, ends="form.answer", tallest=WHOLE)
    camera.desk.record(said.answer, said.reason, **said.details)


def _waiting(director: Director) -> str:
    """Return the address of the task for which the story waits."""
    return f"/tasks/{director.state(STORY).waits[0].task.id}"
