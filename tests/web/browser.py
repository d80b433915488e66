"""A browser at a desk of the console: signing in, looking, clicking, walking by keyboard, and what must hold always.

Every page that is opened here is watched: a request to another host, an error in the browser's console (what the
content security policy forbids is one) or a script that fails makes the test fail, when the desk is closed.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from exchange_rig import Rig
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tenprint.exchange.model.words import Role, TaskKind
from tenprint.web.serve import ADDRESS, listening_socket, server_of

NARROW, WIDE, TALL = 320, 1280, 900
WAIT_MS = 20_000
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
MOST_TABS = 120
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const labels = [...(one.labels || [])].map(label => label.textContent).join(' ');
  const name = one.getAttribute('aria-label') || labels || one.textContent || one.getAttribute('title') || '';
  return {
    name: name.replace(/\\s+/g, ' ').trim(), tag: one.localName, type: one.type || '', group: one.name || '',
    value: one.value || '', visible: one.matches(':focus-visible'),
  };
}"""
TOO_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(one => one.outerHTML.slice(0, 120))"""


@dataclass
class Site:
    """A console that is served to this machine.

    Args:
        address: its beginning, such as ``http://127.0.0.1:41234``.
        log: what the server logged, line by line.
        prints_are_words: a rig's prints cannot be drawn, and pages that ask for their images are told so.
    """

    address: str
    log: list[str] = field(default_factory=list)
    prints_are_words: bool = False


@contextmanager
def served(app: Any) -> Iterator[Site]:
    """Serve an application in a thread on a free port, as `web.serve` does it; it ends with the block."""
    listener = listening_socket(0)
    site = Site(f"http://{ADDRESS}:{listener.getsockname()[1]}")
    server, keeper = server_of(app), _Keeper(site.log)
    loggers = [logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.error", "uvicorn.access")]
    for logger in loggers:
        logger.addHandler(keeper)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    with closing(listener):
        thread.start()
        try:
            until = time.monotonic() + WAIT_MS / 1000
            while not server.started and thread.is_alive() and time.monotonic() < until:
                time.sleep(0.01)
            assert server.started, "the server did not start"
            yield site
        finally:
            server.should_exit = True
            thread.join(WAIT_MS / 1000)
            for logger in loggers:
                logger.removeHandler(keeper)


class _Keeper(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(logging.Formatter().format(record))


class Desk:
    """One browser of its own (cookies, window) before a console.

    Args:
        site: the console.
        context: the browser's part; closed by whoever made it.
    """

    def __init__(self, site: Site, context: BrowserContext) -> None:
        self.site, self.context = site, context
        self.faults: list[str] = []
        self._documents: set[str] = set()
        context.set_default_timeout(WAIT_MS)
        context.on("request", self._on_request)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.faults.append(f"a script failed: {error.error}"))
        self.page: Page = context.new_page()

    def open(self, path: str) -> Response | None:
        """Go to a path of the console, such as ``/queue``."""
        return self.page.goto(self.site.address + path)

    def sign_in(self, role: Role, name: str = "SAM OFFICIAL") -> Desk:
        """Take a role through the form, by mouse."""
        self.open("/sign-in")
        self.page.locator(f'input[name="party"][value="{role}"]').check()
        self.page.locator('main input[name="name"]').fill(name)
        self.page.get_by_role("button", name="Take the role").click()
        self.page.wait_for_url("**/queue*")
        return self

    def open_task(self, rig: Rig, role: Role, kind: TaskKind, case_id: str) -> str:
        """Go to a task's page; return its path."""
        path = f"/tasks/{rig.task(role, kind, case_id).id}"
        self.open(path)
        return path

    def choose(self, name: str, value: str) -> None:
        """Choose a radio button by the names of the form, by mouse."""
        self.page.locator(f'input[type="radio"][name="{name}"][value="{value}"]').check()

    def record(self, answer: str, reason: str = "as the records say", **details: str) -> None:
        """Fill in a task's form by mouse and send it: radio buttons are chosen, other fields filled."""
        self.choose("answer", answer)
        for name, value in details.items():
            fields = self.page.locator(f'main [name="{name}"]')
            if fields.first.get_attribute("type") == "radio":
                self.choose(name, value)
            else:
                fields.fill(value)
        self._say_of_every_finger(answer)
        self.page.locator('main input[name="reason"], main textarea[name="reason"]').fill(reason)
        self.send()

    def _say_of_every_finger(self, answer: str) -> None:
        """Make a first finding of every finger that an examination asks about: the same as of the whole."""
        for one in self.page.locator(f'main input[type="radio"][name^="finger_"][value="{answer}"][required]').all():
            one.check()

    def send(self) -> None:
        """Press the button that records an answer."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Record my").click()

    def text(self) -> str:
        """Return what the page's main part says, blanks as one."""
        return " ".join(self.page.locator("main").inner_text().split())

    def assert_clean(self) -> None:
        """Fail when a page asked another host for anything, or the browser logged an error."""
        assert not self.faults, "\n".join(self.faults)

    def _on_request(self, request: Request) -> None:
        if request.is_navigation_request():
            self._documents.add(request.url)
        if not request.url.startswith((self.site.address + "/", "data:", "blob:", "about:")):
            self.faults.append(f"a request to another host: {urlsplit(request.url).netloc}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        # A page that is refused with 4xx is logged by the browser too; a part of a page that is missing is a fault.
        if message.text.startswith("Failed to load resource") and message.location["url"] in self._documents:
            return
        if self.site.prints_are_words and "status of 422" in message.text and "/prints/" in message.location["url"]:
            return
        self.faults.append(f"{message.location['url']}: {message.text}")


@contextmanager
def at_desk(chromium: Browser, site: Site, **options: Any) -> Iterator[Desk]:
    """Open a browser of its own before a console; `options` are those of a Playwright context."""
    # Colours are measured as they end up, not on their way: pages keep still for who asks for less motion.
    usual = {"viewport": {"width": WIDE, "height": TALL}, "locale": "en-US", "reduced_motion": "reduce"}
    context = chromium.new_context(**usual | options)
    try:
        desk = Desk(site, context)
        yield desk
        desk.assert_clean()
    finally:
        context.close()


def assert_no_axe_violations(page: Page) -> None:
    """Fail with axe-core's report when a page breaks a rule of WCAG 2.2 A or AA, or a best practice."""
    found = Axe().run(page, options={"runOnly": list(AXE_TAGS), "resultTypes": ["violations"]})
    assert not found.violations_count, found.generate_report()


def assert_fits(page: Page, width: int = NARROW) -> None:
    """Fail when the document scrolls sideways at a width in CSS pixels; the window's size is put back."""
    before = page.viewport_size or {"width": WIDE, "height": TALL}
    page.set_viewport_size({"width": width, "height": before["height"]})
    try:
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{over} px too wide at {width} px: {page.evaluate(TOO_WIDE)[:8]}"
    finally:
        page.set_viewport_size(before)


def assert_fits_at_double_size(page: Page) -> None:
    """Fail when the document scrolls sideways at 200 %: a window of 1280 px zoomed, and text alone at double size."""
    assert_fits(page, WIDE // 2)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    try:
        assert_fits(page, WIDE)
    finally:
        page.evaluate("document.documentElement.style.fontSize = ''")


def assert_readable(page: Page) -> None:
    """Fail when a page has a fault of access in light or dark, at 320 px, or at 200 %; the scheme is light after."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert_no_axe_violations(page)
    assert_fits(page)
    assert_fits_at_double_size(page)


def screenshot(page: Page, name: str, *, whole: bool = True) -> Path:
    """Write a picture of a page for somebody who works on it, never into docs; return where."""
    folder = Path(tempfile.gettempdir()) / "tenprint-pictures"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=whole, animations="disabled")
    return path


class Keyboard:
    """A person who uses no mouse.

    Args:
        page: where.
    """

    def __init__(self, page: Page) -> None:
        self._page = page

    def focused(self) -> dict[str, Any]:
        """Return what has the focus: ``name, tag, type, group, value, visible``; empty when nothing has."""
        return self._page.evaluate(FOCUSED) or {}

    def tab_to(self, name: str, *, tag: str = "", back: bool = False) -> None:
        """Press Tab until the element whose accessible name contains `name` has a visible focus."""
        self._tab_until(lambda one: name in one["name"] and tag in ("", one["tag"]), name, back=back)

    def press(self, name: str, *, tag: str = "") -> None:
        """Walk to a link or a button, and press Enter; wait for the page it leads to."""
        self.tab_to(name, tag=tag)
        with self._page.expect_navigation():
            self._page.keyboard.press("Enter")

    def choose(self, group: str, value: str) -> None:
        """Walk to a group of radio buttons by its name in the form, and choose a value with Space and arrows."""
        self._tab_until(lambda one: one["type"] == "radio" and one["group"] == group, group)
        for _ in range(MOST_TABS):
            if self.focused().get("value") == value:
                self._page.keyboard.press("Space")
                return
            self._page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow key leads to {value!r} of {group!r}")

    def write(self, name: str, text: str) -> None:
        """Walk to a field by its label, and type."""
        self.tab_to(name)
        self._page.keyboard.press("ControlOrMeta+A")
        self._page.keyboard.type(text)

    def _tab_until(self, is_there: Any, what: str, *, back: bool = False) -> None:
        passed: list[str] = []
        for _ in range(MOST_TABS):
            self._page.keyboard.press("Shift+Tab" if back else "Tab")
            one = self.focused()
            if one and is_there(one):
                assert one["visible"], f"the focus on {what!r} cannot be seen"
                return
            passed.append(one.get("name", "nothing")[:40] if one else "nothing")
        raise AssertionError(f"Tab does not lead to {what!r}; passed: {passed[:30]}")
