"""Every human step of every story, clicked in a real browser by people who take the roles; one walked by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser import Desk, Keyboard, Site
from console_rig import console
from exchange_rig import Rig
from playwright.sync_api import expect
from stories_rig import STORIES, director_of

from tenprint.exchange import story as exchange_story
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.studies.director import Director
from tenprint.studies.story_file import STORY_NAMES, Story, StoryAnswer
from tenprint.studies.story_state import Phase, Waiting
from tenprint.web import stage_words
from tenprint.web.words import TASK_TITLES, spoken_name

pytestmark = [pytest.mark.web, pytest.mark.slow]

EXAMINATIONS = (TaskKind.EXAMINE, TaskKind.EXAMINE_SECOND)
MOST_MOVES = 30
"""More than any story needs: answers, second findings and clocks together."""


@pytest.fixture
def rig(make: Callable[..., Rig]) -> Rig:
    """Give the demo's network: seven parties and a court."""
    return make(court=True)


@pytest.fixture
def director(rig: Rig) -> Director:
    return director_of(rig)


@pytest.fixture
def stage(rig: Rig, director: Director, serve: Callable[..., Site]) -> Site:
    site = serve(console(rig, director=director))
    site.prints_are_words = True
    return site


class Guests:
    """The people of one story, one after the other at one browser.

    Args:
        desk: the browser.
        director: who knows whom the story waits for.
        story: which.
    """

    def __init__(self, desk: Desk, director: Director, story: Story) -> None:
        self.desk, self.page, self.director, self.story = desk, desk.page, director, story
        self.here: tuple[str, str] = ("", "")
        self.answered: list[tuple[str, str, str]] = []
        self.steps_said: list[str] = []

    def play(self) -> None:
        """Do what the story page asks for, until it says that the story has ended."""
        for _ in range(MOST_MOVES):
            self.desk.open(f"/stories/{self.story.name}")
            state = self.director.state(self.story.name)
            if state.phase == Phase.ENDED:
                return
            asked = [(waiting, self.scripted(waiting)) for waiting in state.waits]
            spoken = next(((waiting, answer) for waiting, answer in asked if answer is not None), None)
            if spoken is None:
                self.step()
            else:
                self.answer(*spoken)
        raise AssertionError(f"{self.story.name} does not end; its page says: {self.desk.text()[:600]}")

    def scripted(self, waiting: Waiting) -> StoryAnswer | None:
        """Return what the file lets somebody answer to the task for which the story waits."""
        own = self.story.answers_to(waiting.task.kind)
        return own[min(waiting.task.findings, len(own) - 1)] if own else None

    def step(self) -> None:
        """Press Step in the bar: a clock, or an enrolment."""
        with self.page.expect_response("**/time"):
            self.page.locator("#time-step").click()
        self.steps_said.append(self.director.said)

    def answer(self, waiting: Waiting, answer: StoryAnswer) -> None:
        """Let the person of the file answer: take the role, open the task from the queue, fill in the form, send it."""
        task, part = waiting.task, stage_words.part_of(waiting.task.kind)
        expect(self.page.locator("#story-now .state")).to_contain_text(f"waits for the {part.title}")
        if self.here == (waiting.party, answer.by):
            expect(self.page.locator("#my-task")).to_be_visible()
        else:
            self.take(waiting.party, answer.by)
        self.desk.open("/queue")
        self.page.locator(f'main h3 a[href="/tasks/{task.id}"]').click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(TASK_TITLES[task.kind])
        details = {name: value for name, value in answer.details.items() if self.is_asked(name, task.kind, answer)}
        self.desk.record(answer.answer, answer.reason, **details)
        expect(self.page.locator("main")).to_contain_text(answer.reason)
        self.answered.append((task.id, str(task.kind), answer.by))

    def is_asked(self, name: str, kind: str, answer: StoryAnswer) -> bool:
        """Tell whether a form asks for a detail; what the file says beside an officer's other answer is not needed."""
        return kind != TaskKind.DECIDE or answer.answer == "detainer" or name != "legal_ground"

    def take(self, party: str, name: str) -> None:
        """Sign out whoever sits here, and take a role by the form of the sign-in page."""
        if self.here[0]:
            self.page.get_by_role("button", name="Sign out").click()
            self.page.get_by_role("link", name="Sign in", exact=True).wait_for()
        self.page.get_by_role("link", name="Sign in", exact=True).click()
        self.page.locator(f'input[name="party"][value="{party}"]').check()
        self.page.locator('main input[name="name"]').fill(name)
        self.page.get_by_role("button", name="Take the role").click()
        self.page.wait_for_url("**/queue*")
        self.here = (party, name)


@pytest.mark.parametrize("name", STORY_NAMES)
def test_every_human_step_of_a_story_is_clicked_to_the_end_that_its_file_says(
    name: str, rig: Rig, stage: Site, director: Director, desktop: Callable[..., Desk]
) -> None:
    story = STORIES[name]
    desk = desktop(stage)
    desk.open("/")
    desk.page.locator(f"form[action='/stories/{name}/begin'] button").click()
    desk.page.wait_for_url(f"**/stories/{name}")
    director.pause()
    guests = Guests(desk, director, story)
    guests.play()

    state = director.state(name)
    expect(desk.page.locator("#story-now .state")).to_contain_text(f"ended: {spoken_name(story.ends)}")
    assert state.state == exchange_story.final_state(rig.all, state.case_id) == story.ends
    assert not state.ends_otherwise
    # The players have the same names as the people here; what a step did says that no player answered anything.
    assert not [said for said in guests.steps_said if "answers" in said]
    assert _decided(rig, state.case_id) == {(task, by) for task, _, by in guests.answered}
    assert [kind for _, kind, _ in guests.answered if kind not in EXAMINATIONS] == [
        answer.task for answer in story.answers if answer.task not in EXAMINATIONS
    ]


def test_a_story_is_walked_by_keyboard_alone_from_the_start_page_to_its_end(
    rig: Rig, stage: Site, director: Director, desktop: Callable[..., Desk]
) -> None:
    desk, story = desktop(stage), STORIES["citizen"]
    keyboard = Keyboard(desk.page)
    desk.open("/")
    keyboard.press("Begin", tag="button")
    for kind in (TaskKind.EXAMINE, TaskKind.STATUS, TaskKind.DECIDE):
        part, said = stage_words.part_of(kind), story.answers_to(kind)[0]
        keyboard.press(f"Take the role of the {part.title}", tag="button")
        for finding in range(1 + (kind == TaskKind.EXAMINE)):
            if finding == 0:
                expect(desk.page.get_by_role("heading", level=1)).to_have_text(TASK_TITLES[kind])
                for finger in range(1, 11) if kind == TaskKind.EXAMINE else ():
                    keyboard.choose(f"finger_{finger}", said.answer)
            keyboard.choose("answer", said.answer)
            keyboard.write("Reason", said.reason)
            keyboard.press("Record my", tag="button")
        assert f"by {part.guest}" in desk.text()
        desk.page.wait_for_load_state("networkidle")  # nobody signs out while the prints are still on their way
        keyboard.press("Sign out", tag="button")
        keyboard.press("Tenprint", tag="a")
        keyboard.press(story.title, tag="a")
    assert f"ended: {spoken_name(story.ends)}" in desk.text()
    case_id = director.state("citizen").case_id
    assert exchange_story.final_state(rig.all, case_id) == story.ends
    assert len(_decided(rig, case_id)) == len(story.answers)


def _decided(rig: Rig, case_id: str) -> set[tuple[str, str]]:
    """Return who decided which of a case's tasks, at every party; tasks that a clock closed name nobody."""
    tasks = [task for role in Role if role in rig.nodes for task in rig.tasks(role) if task.case_id == case_id]
    return {(task.id, task.decided_by) for task in tasks if task.decided_by}
