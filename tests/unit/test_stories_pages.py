"""Pages of the stories: what a newcomer sees and does, and what a form must not be able to do."""

import re

import pytest
from console_rig import SITE, Desktop, Reader, console
from exchange_rig import Rig
from stories_rig import STORIES, WordShop, director_of

from tenprint.exchange.model.words import Role
from tenprint.studies.director import Mode
from tenprint.web.pages.stage import AWAY_MINUTES
from tenprint.web.sessions import Sessions

pytestmark = pytest.mark.slow


class Newcomer(Reader):
    """A reader, and the director behind its pages."""

    def __init__(self, rig: Rig, *names: str, shop: WordShop | None = None, sessions: Sessions | None = None) -> None:
        self.director = director_of(rig, shop, *names)
        super().__init__(console(rig, director=self.director, sessions=sessions))

    def tick(self, times: int = 20) -> None:
        for _ in range(times):
            self.director.tick()


@pytest.fixture
def newcomer(rig: Rig) -> Newcomer:
    return Newcomer(rig)


def test_the_start_page_shows_parties_ten_stories_and_the_way_to_a_role(newcomer: Newcomer) -> None:
    said = newcomer.get("/")
    assert all(story.title in said and story.line in said for story in STORIES.values())
    assert said.count("not begun") == 10
    assert newcomer.page.count('action="/stories/') == 10
    assert '<title id="parties-title">' in newcomer.page
    assert 'href="/sign-in"' in newcomer.page


def test_a_story_is_begun_followed_by_steps_and_tells_afterwards_what_it_meant(newcomer: Newcomer) -> None:
    story = STORIES["citizen"]
    assert "Begin the story" in newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    assert newcomer.sent_to == "/stories/citizen"
    said = newcomer.get("/stories/citizen")
    assert "waits for the examiner" in said
    assert "Take the role of the examiner" in said
    assert all(sentence in said for sentence in story.not_built)
    for _ in range(12):
        newcomer.post("/time", do="step")
    said = newcomer.get("/stories/citizen")
    assert "ended: no action" in said
    assert story.after.not_told in said
    assert "Nobody was held." in said
    assert "Nothing lies ahead" in said


def test_who_takes_the_role_that_is_asked_gets_the_task_and_no_story_before_the_first_finding(
    newcomer: Newcomer,
) -> None:
    newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    newcomer.take(Role.IMMIGRATION_REPOSITORY, "GUEST EXAMINER")
    newcomer.tick()
    said = newcomer.get("/stories/citizen")
    assert "It is your move." in said
    assert "What happened last:" not in said + newcomer.get("/")
    newcomer.get("/stories/citizen")
    assert STORIES["citizen"].introduction not in said
    assert "visa application" not in said
    (task,) = set(re.findall(r'href="(/tasks/[^"]+)"', newcomer.page))
    said = newcomer.get(task)
    assert "First make your own finding" in said
    assert STORIES["citizen"].title not in said
    for path in ("/", "/stories/citizen", "/stories/citizen/now"):
        said = newcomer.get(path)
        assert STORIES["citizen"].title not in said and STORIES["citizen"].line not in said
    assert "What happened last:" not in newcomer.get("/stories/traffic")


def test_a_newcomer_is_told_with_which_story_to_begin_as_whom_and_what_to_do(newcomer: Newcomer) -> None:
    said = newcomer.get("/")
    first = STORIES["citizen"]
    assert f"Begin here {first.title} {first.line} Press the button." in said
    assert said.count(first.line) == 1
    newcomer.post("/stories/citizen/begin")
    assert "Begin here" not in newcomer.get("/")


def test_after_its_end_a_story_counts_who_was_told_what_and_leads_to_the_next(newcomer: Newcomer) -> None:
    newcomer.get("/stories/citizen")
    assert "What happened to this person" not in newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    for _ in range(12):
        newcomer.director.step()
    said = newcomer.get("/stories/citizen")
    assert "to 6 parties" in said
    assert "immigration repository , told 1 time: search of prints (4 October 2010, 14:30 UTC)" in said
    assert "OFFICER QUILL-FIXTURE at the field office, 4 October 2010" in said
    assert f"Next story: {STORIES['permanent-resident'].title}" in said


def test_every_page_leads_to_the_stories_and_who_has_a_role_to_the_own_queue(newcomer: Newcomer) -> None:
    newcomer.get("/why/access")
    assert 'href="/#stories"' in newcomer.page
    assert 'href="/queue"' not in newcomer.page
    newcomer.take(Role.FIELD_OFFICE, "GUEST OFFICER")
    newcomer.get("/network")
    assert 'href="/#stories"' in newcomer.page
    assert 'href="/queue">My queue' in newcomer.page


def test_every_role_that_can_be_taken_says_in_a_sentence_what_it_does(newcomer: Newcomer) -> None:
    newcomer.get("/sign-in")
    labels = re.findall(r"<label><input type=\"radio\" name=\"party\".*?</label>", newcomer.page, re.DOTALL)
    said = [re.findall(r"<small>(.+?)</small>", label) for label in labels]
    assert len(labels) == 8
    assert all(len(found) == 1 and found[0].endswith(".") for found in said)


def test_an_answered_task_leads_back_to_its_story(newcomer: Newcomer) -> None:
    newcomer.take(Role.FIELD_OFFICE, "GUEST OFFICER")
    newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    newcomer.tick()
    newcomer.get("/stories/citizen")
    (task,) = set(re.findall(r'href="(/tasks/[^"]+)"', newcomer.page))
    newcomer.get(task)
    (form_id,) = re.findall(r'name="form_id" value="([^"]+)"', newcomer.page)
    newcomer.post(task, form_id=form_id, answer="no_action", reason="a citizen")
    newcomer.get(task)
    assert 'href="/stories/citizen"' in newcomer.page and STORIES["citizen"].title in newcomer.page


def test_players_answer_for_everybody_else_while_a_newcomer_is_the_officer(newcomer: Newcomer) -> None:
    newcomer.take(Role.FIELD_OFFICE, "GUEST OFFICER")
    newcomer.get("/stories/traffic")
    newcomer.post("/stories/traffic/begin")
    newcomer.tick()
    assert "It is your move." in newcomer.get("/stories/traffic")
    newcomer.post("/stories/traffic/players", plays="yes")
    newcomer.tick()
    said = newcomer.get("/stories/traffic")
    assert "ended: transferred" in said
    assert "held for 6.0 hours" in said


def test_a_role_whose_guest_has_left_goes_back_to_its_player_and_a_click_takes_it_again(rig: Rig) -> None:
    seconds = [0.0]
    newcomer = Newcomer(rig, sessions=Sessions(lambda: seconds[0]))
    newcomer.take(Role.FIELD_OFFICE, "GUEST OFFICER")
    assert f"asked for nothing in {AWAY_MINUTES} minutes" in newcomer.get("/")
    newcomer.get("/stories/traffic")
    newcomer.post("/stories/traffic/begin")
    newcomer.tick()
    seconds[0] += AWAY_MINUTES * 60 - 1
    newcomer.client.get("/time")  # the bar of an open page keeps nobody in
    waiting = rig.tasks(Role.FIELD_OFFICE, open_only=True)
    for _ in range(5):
        newcomer.director.step()
    assert rig.tasks(Role.FIELD_OFFICE, open_only=True) == waiting != []
    newcomer.get("/queue")
    assert newcomer.director.state("traffic").waits[0].plays_at is None
    seconds[0] += AWAY_MINUTES * 60
    assert newcomer.director.state("traffic").waits[0].plays_at is not None
    newcomer.get("/queue")
    assert newcomer.director.state("traffic").waits[0].plays_at is None
    seconds[0] += AWAY_MINUTES * 60
    for _ in range(5):
        newcomer.director.step()
    assert "decide" not in {str(task.kind) for task in rig.tasks(Role.FIELD_OFFICE, open_only=True)}
    assert "GUEST OFFICER" in newcomer.get("/queue")  # signed in all the time


def test_beginning_twice_makes_one_case(rig: Rig, newcomer: Newcomer) -> None:
    newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    newcomer.post("/stories/citizen/begin")
    with rig.nodes[Role.AGENCY].store.transaction() as tx:
        assert len(tx.cases()) == 1


def test_a_story_whose_prints_are_being_made_says_so_and_refreshes_itself(rig: Rig) -> None:
    newcomer = Newcomer(rig, "citizen", shop=WordShop(missing=(1,)))
    newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    assert "its prints are being made" in newcomer.get("/stories/citizen")
    assert 'http-equiv="refresh"' in newcomer.page
    newcomer.director.prepare_one()
    assert "waits for the examiner" in newcomer.get("/stories/citizen")


def test_time_is_paused_run_and_shown_on_every_page(newcomer: Newcomer) -> None:
    assert "4 October 2010, 08:00 UTC : time is paused. Nothing happens by itself" in newcomer.get("/sign-in")
    newcomer.get("/")
    newcomer.post("/time", do="ten-minutes")
    assert (newcomer.director.mode, newcomer.director.speed) == (Mode.RUNNING, "ten-minutes")
    assert "time runs: 10 min a second" in newcomer.get("/time")
    newcomer.get("/")
    newcomer.post("/time", do="pause")
    assert newcomer.director.mode == Mode.PAUSED
    newcomer.post("/time", 400, do="rewind")


def test_the_bar_says_what_happens_next_and_names_nobody_and_no_answer(newcomer: Newcomer) -> None:
    newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    newcomer.post("/time", do="pause")
    said = newcomer.get("/time")
    assert "Next: the examiner answers, Mon 4 October, 14:34 UTC" in said
    assert "identification" not in said and STORIES["citizen"].title not in said
    newcomer.get("/stories/citizen")
    newcomer.post("/stories/holiday-hold/begin")
    while newcomer.director.state("holiday-hold").held_until is None:
        newcomer.director.step()
    assert "Next: the hold lapses, " in newcomer.get("/time")


def test_one_button_stops_time_and_lets_it_go_on_and_the_speed_at_which_it_runs_is_marked(newcomer: Newcomer) -> None:
    newcomer.get("/")
    assert '<button id="time-toggle" name="do" value="go-on"' in newcomer.page
    newcomer.post("/time", do="hour")
    newcomer.get("/")
    assert '<button id="time-toggle" name="do" value="pause"' in newcomer.page
    assert re.findall(r'value="([^"]+)" class="[^"]*" aria-pressed="true"', newcomer.page) == ["hour"]


def test_the_bar_leads_back_to_its_own_page_and_nowhere_else(newcomer: Newcomer) -> None:
    newcomer.get("/stories/citizen")
    for referer, leads in (
        (f"{SITE}/stories/citizen", "/stories/citizen"),
        ("http://evil.example/stories/citizen", "/"),
        (f"{SITE}//evil.example/", "/"),
        ("", "/"),
    ):
        newcomer.client.headers["referer"] = referer
        newcomer.post("/time", do="pause")
        assert newcomer.sent_to == leads
    newcomer.client.headers["hx-request"] = "true"
    answer = newcomer.client.post("/time", data=newcomer.tokens() | {"do": "pause"})
    assert answer.text.startswith("<section")


@pytest.mark.parametrize("path", ["/stories/citizen/begin", "/stories/citizen/players", "/time"])
def test_a_form_without_the_sessions_token_or_from_another_site_changes_nothing(newcomer: Newcomer, path: str) -> None:
    newcomer.get("/")
    newcomer.post(path, 403, csrf="wrong", do="hour", plays="yes")
    newcomer.client.headers["origin"] = "http://evil.example"
    newcomer.post(path, 403, do="hour", plays="yes")
    newcomer.client.cookies.clear()
    newcomer.client.headers["origin"] = SITE
    newcomer.post(path, 401, do="hour", plays="yes")
    assert newcomer.director.mode == Mode.PAUSED
    assert "not begun" in newcomer.get("/stories/citizen")


@pytest.mark.parametrize("name", ["nobody", "others", "..%2f..%2fetc%2fpasswd", "citizen.toml"])
def test_an_unknown_story_is_not_found(newcomer: Newcomer, name: str) -> None:
    newcomer.get(f"/stories/{name}", 404)
    newcomer.get("/")
    newcomer.post(f"/stories/{name}/begin", 404)


def test_without_a_director_there_are_no_stories(rig: Rig) -> None:
    desk = Desktop(console(rig))
    desk.get("/stories/citizen", 404)
    assert "time-bar" not in desk.get("/")


def test_who_begins_a_story_past_the_own_task_is_asked_first(newcomer: Newcomer) -> None:
    newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    newcomer.take(Role.IMMIGRATION_REPOSITORY, "GUEST EXAMINER")
    newcomer.tick()
    newcomer.get("/")
    before = newcomer.director.now
    assert "Nothing has changed yet" in newcomer.post("/stories/holiday-hold/begin", 409)
    assert newcomer.director.now == before
    newcomer.post("/stories/holiday-hold/begin", anyway="yes")
    assert newcomer.sent_to == "/stories/holiday-hold"
    assert newcomer.director.now == STORIES["holiday-hold"].booked


def test_taking_a_role_for_a_task_leads_to_the_task_and_to_no_other_address(newcomer: Newcomer) -> None:
    newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    newcomer.tick()
    newcomer.get("/stories/citizen")
    (task,) = re.findall(r'name="task" value="([^"]+)"', newcomer.page)
    as_examiner = {"party": Role.IMMIGRATION_REPOSITORY, "name": "GUEST EXAMINER"}
    newcomer.post("/sign-in", **as_examiner, task="//elsewhere.invalid")
    assert newcomer.sent_to == "/queue"
    newcomer.get("/queue")
    newcomer.post("/sign-out")
    newcomer.get("/stories/citizen")
    newcomer.post("/sign-in", **as_examiner, task=task)
    assert newcomer.sent_to == f"/tasks/{task}"


def test_the_cards_refresh_themselves_only_when_a_story_has_moved(newcomer: Newcomer) -> None:
    newcomer.get("/")
    (address,) = re.findall(r'hx-get="(/cards\?seen=[0-9a-f]+)"', newcomer.page)
    assert newcomer.get(address, 204) == ""
    newcomer.get("/")
    newcomer.post("/stories/traffic/begin")
    newcomer.tick()
    said = newcomer.get(address)
    assert "waits for the examiner" in said and "<html" not in newcomer.page


def test_the_part_of_a_story_that_changes_is_sent_only_when_it_reads_otherwise(newcomer: Newcomer) -> None:
    newcomer.get("/")
    newcomer.get("/stories/citizen/now?seen=")
    (address,) = re.findall(r'hx-get="(/stories/citizen/now\?seen=[0-9a-f]+)"', newcomer.page)
    assert newcomer.get(address, 204) == ""
    newcomer.get("/stories/citizen")
    newcomer.post("/stories/citizen/begin")
    newcomer.tick()
    assert "waits for the examiner" in newcomer.get(address)
