"""The demo's stories in a real browser: begun, followed, taken over by a newcomer, with time that is stepped."""

from collections.abc import Callable

import pytest
from browser import Desk, Site, assert_readable
from console_rig import console
from exchange_rig import Rig
from stories_rig import director_of

from tenprint.studies.director import Director

pytestmark = [pytest.mark.web, pytest.mark.slow]


@pytest.fixture
def director(rig: Rig) -> Director:
    return director_of(rig)


@pytest.fixture
def stage(rig: Rig, director: Director, serve: Callable[..., Site]) -> Site:
    site = serve(console(rig, director=director))
    site.prints_are_words = True
    return site


def test_a_newcomer_begins_a_story_takes_the_role_and_sees_what_was_never_told(
    stage: Site, director: Director, desktop: Callable[..., Desk]
) -> None:
    desk = desktop(stage)
    page = desk.page
    desk.open("/")
    page.get_by_role("heading", name="A citizen with an old file").wait_for()
    assert_readable(page)
    page.locator("form[action='/stories/citizen/begin'] button").click()
    page.get_by_text("waits for the examiner").wait_for()
    page.get_by_role("button", name="Take the role of the examiner").click()
    page.wait_for_url("**/tasks/*")
    desk.open("/stories/citizen")
    page.get_by_role("button", name="Let the players answer for my role too").click()
    for _ in range(12):
        director.step()
    page.get_by_text("ended: no action").wait_for()  # the page refreshes itself
    assert_readable(page)
    assert "never told that his prints were searched" in page.locator("#story-now").inner_text()


def test_time_is_stepped_from_the_bar_without_leaving_the_page(
    stage: Site, director: Director, desktop: Callable[..., Desk]
) -> None:
    director.begin("citizen")
    desk = desktop(stage)
    desk.open("/stories/citizen")
    desk.page.locator("#time-step").click()
    desk.page.get_by_text("waits for the specialist").wait_for()
    desk.page.get_by_text("4 October 2010, 14:34 UTC").first.wait_for()
    assert desk.page.locator("#time-toggle").get_attribute("value") == "go-on"
    desk.page.locator("#time-hour").click()
    desk.page.locator("#time-hour[aria-pressed='true']").wait_for()
    desk.page.locator("#time-toggle").click()
    desk.page.locator("#time-toggle[value='go-on']").wait_for()
