"""The stories of a demo: the start page, a story's page, and the bar with which time is stopped, stepped and run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import Response
from starlette.routing import Match

from tenprint.core.errors import SenderError
from tenprint.exchange.tasks.answers import person_key
from tenprint.policy.access import Action, OfficialRole
from tenprint.studies.director import SKIPS_A_TASK, Mode, Seat
from tenprint.studies.story_file import Story
from tenprint.studies.story_state import Phase, StoryState, Waiting
from tenprint.studies.troupe import What
from tenprint.web import stage_words
from tenprint.web.aftermath import Happened, happened_in
from tenprint.web.console import Console, Route, go, taking_form
from tenprint.web.desk import Refusal
from tenprint.web.director import Director
from tenprint.web.parties_picture import parties_picture
from tenprint.web.sessions import Session
from tenprint.web.words import spoken_time

AWAY_MINUTES = 10
"""So long after the last request of a guest's browser players answer for the role again; the next one takes it back.
Longer than it takes to read a page; a page that shows a clock or a story asks by itself while it is open."""
NOTHING_AHEAD = "Nothing happens by itself: begin a story, or answer what waits for you"
SEEN_DIGITS = 16
HTMX = "hx-request"
FIRST_STORY = "citizen"
"""The story with which a newcomer is told to begin: it is short, and its first move is the examiner's."""
LOOKERS_ON = frozenset({OfficialRole.AUDITOR, OfficialRole.PUBLIC})
"""Official roles that answer no task."""


class Move(NamedTuple):
    """Whose move it is, as one person sees it.

    Args:
        waiting, part: the task and the role that it asks.
        is_mine: this person's own.
        is_for_another: this person's party, but another person must answer.
    """

    waiting: Waiting
    part: stage_words.Part
    is_mine: bool
    is_for_another: bool


class TimeBar:
    """What the bar on every page says about time.

    Args:
        director: whom it shows.
    """

    def __init__(self, director: Director) -> None:
        self._director = director

    @property
    def now(self) -> str:
        """Return the network's time, written out."""
        return spoken_time(self._director.now)

    @property
    def mode(self) -> tuple[str, str]:
        """Return shape and words for how time passes."""
        return stage_words.mode_words(self._director.mode, self._director.speed)

    @property
    def said(self) -> str:
        """Return what happened last; not for somebody who has a first finding to make."""
        return self._director.said

    @property
    def coming(self) -> str:
        """Return what happens next and when."""
        coming = self._director.coming()
        if coming is None:
            return NOTHING_AHEAD
        is_clock = coming.what == What.NETWORK  # only then is it asked of every story whether a hold ends
        ends_hold = is_clock and coming.at in {state.held_until for state in self._director.states()}
        return stage_words.coming_words(coming, ends_hold=ends_hold)

    @property
    def toggle(self) -> tuple[str, str]:
        """Return what the one button does that stops time or lets it go on until somebody is asked: value, words."""
        return ("go-on", "▸ Play") if self._director.mode == Mode.PAUSED else ("pause", "‖ Pause")

    @property
    def speeds(self) -> tuple[tuple[str, str, bool], ...]:
        """Return at which speeds time can run: value, words, and whether it does so now."""
        speed = self._director.speed
        return tuple((name, words, speed == name) for name, words in stage_words.SPEEDS.items())


class StagePages:
    """The stories and their time.

    Args:
        console: what pages are made with.
        director: who lets time pass.
    """

    def __init__(self, console: Console, director: Director) -> None:
        self._console, self._director = console, director
        self._doings: dict[str, Callable[[], object]] = {
            "pause": director.pause,
            "step": director.step,
            "go-on": director.go_on,
            **{name: partial(director.run, name) for name in stage_words.SPEEDS},
        }

    def start(self, request: Request) -> Response:
        """Say what this is, show the parties, offer the stories and the roles."""
        return self._shown(request, "stories", picture=parties_picture(), **self._cards(request))

    def cards(self, request: Request) -> Response:
        """Show the stories' cards for the start page to refresh itself; 204 when they stand as they were seen."""
        values = self._cards(request)
        if request.query_params.get("seen") == values["cards_seen"]:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return self._shown(request, "story_cards", **values)

    def _cards(self, request: Request) -> dict[str, object]:
        kept_back = self._kept_back(self._console.session_of(request))
        states = self._director.states()
        shown = [(state, *stage_words.story_word(state), state.case_id in kept_back) for state in states]
        told = "|".join(f"{state.story.name}:{word}:{is_kept}" for state, _, word, is_kept in shown)
        return {
            "states": shown,
            "cards_seen": _digest(told.encode()),
            "hides_last": bool(kept_back),
            "first": FIRST_STORY,
        }

    def story(self, request: Request, name: str) -> Response:
        """Show a story: what it is about, whose move it is, what is not built, and after its end what it meant."""
        return self._shown(request, "story", **self._values(request, name))

    def now(self, request: Request, name: str) -> Response:
        """Show the part of a story's page that changes, by itself; 204 when it reads as it was seen.

        What is put in anew is read out anew by a screen reader, and what had the focus may lose it.
        """
        values = self._values(request, name)
        if self._console.session_of(request) is None:
            return self._shown(request, "story_now", **values)
        seen = _digest(self._shown(request, "story_now", **values).body)
        if request.query_params.get("seen") == seen:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return self._shown(request, "story_now", **values | {"seen": seen})

    def begin(self, request: Request, form: Mapping[str, str], name: str) -> Response:
        """Begin a story; a second time changes nothing. Who would lose a task by it is asked first."""
        seat, state = self._bound(request, form), self._known(name)
        try:
            self._director.begin(name, skips_tasks=form.get("anyway") == "yes")
        except SenderError as problem:
            if problem.code != SKIPS_A_TASK:
                raise
            return self._console.page("begin_anyway", seat, HTTPStatus.CONFLICT, told=state.story, problem=problem)
        return go(f"/stories/{name}")

    def players(self, request: Request, form: Mapping[str, str], name: str) -> Response:
        """Let the players answer in a story also for roles that somebody has taken, or no longer."""
        self._bound(request, form)
        self._known(name)
        self._director.play_my_role(name, plays=form.get("plays") == "yes")
        return go(f"/stories/{name}")

    def time(self, request: Request) -> Response:
        """Show the network's time, for the bar to refresh itself. Asks for no session: it keeps nobody signed in."""
        del request
        return self._console.page("time_now", None)

    def change_time(self, request: Request, form: Mapping[str, str]) -> Response:
        """Stop time, step it, or let it run; then go on with the page on which the bar stood."""
        seat = self._bound(request, form)
        doing = self._doings.get(form.get("do", ""))
        if doing is None:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Time can be paused, stepped, or run at one of the speeds.")
        doing()
        if HTMX in request.headers:
            answer = self._console.page("time_bar", seat)
            answer.headers["HX-Trigger"] = "moved"
            return answer
        return go(_page_before(request))

    def _values(self, request: Request, name: str) -> dict[str, object]:
        state = self._known(name)
        seat = self._console.session_of(request)
        moves, kept_back = [self._move(waiting, seat) for waiting in state.waits], self._kept_back(seat)
        return {
            "state": state,
            "told": state.story,
            "shape_and_word": stage_words.story_word(state),
            "moves": moves,
            "is_kept_back": state.case_id in kept_back,
            "hides_last": bool(kept_back),
            "stage_words": stage_words,
            "now_time": self._director.now,
            "happened": self._happened(state) if state.case_id not in kept_back else None,
            "next_story": self._next_story(name),
            "Phase": Phase,
            "seen": "",
        }

    def _happened(self, state: StoryState) -> Happened | None:
        """Return what the ledgers tell of a story that has ended."""
        if state.phase != Phase.ENDED:
            return None
        with self._console.desk.at_work() as house:
            return happened_in(house.nodes.values(), state.case_id)

    def _next_story(self, name: str) -> Story | None:
        """Return the next story that has not begun, in the order in which they are told; then from the beginning."""
        states = self._director.states()
        place = next((number for number, state in enumerate(states) if state.story.name == name), 0)
        onward = (*states[place + 1 :], *states[:place])
        return next((state.story for state in onward if state.phase == Phase.NOT_BEGUN), None)

    def _kept_back(self, seat: Session | None) -> frozenset[str]:
        """Return the cases of which somebody must be told nothing before an own first finding on their prints."""
        return self._console.desk.kept_back(seat) if seat is not None and seat.is_signed_in else frozenset()

    def _move(self, waiting: Waiting, seat: Session | None) -> Move:
        part = stage_words.part_of(waiting.task.kind)
        if seat is None or seat.party != waiting.party or seat.role in LOOKERS_ON:
            return Move(waiting, part, is_mine=False, is_for_another=False)
        is_for_another = self._console.desk.asks_another(seat, waiting.task)
        return Move(waiting, part, not is_for_another, is_for_another)

    def _known(self, name: str) -> StoryState:
        try:
            return self._director.state(name)
        except SenderError as problem:
            raise Refusal(HTTPStatus.NOT_FOUND, "There is no story of this name.", problem.code) from problem

    def _bound(self, request: Request, form: Mapping[str, str]) -> Session:
        session = self._console.bound(self._console.session_of(request), form)
        self._console.desk.require(session, Action.PLAY_STORIES, "")
        return session

    def _shown(self, request: Request, template: str, **values: object) -> Response:
        """Return a page whose forms are bound to a session: a browser without one gets one."""
        known = self._console.session_of(request)
        session = known or self._console.sessions.start()
        answer = self._console.page(template, session, **values)
        return answer if known else self._console.with_cookie(answer, session)


def _digest(shown: bytes | memoryview) -> str:
    return hashlib.sha256(shown).hexdigest()[:SEEN_DIGITS]


def _page_before(request: Request) -> str:
    """Return the path of the page that sent a form, when it is one of ours that can be asked for again."""
    try:
        came_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    is_ours = came_from.netloc == request.headers.get("host", "") and came_from.path.startswith("/")
    if not is_ours or came_from.path.startswith("//"):
        return "/"
    asked = {"type": "http", "method": "GET", "path": came_from.path, "root_path": "", "headers": []}
    return came_from.path if any(r.matches(asked)[0] == Match.FULL for r in request.app.routes) else "/"


def _story_of(director: Director, case_id: str) -> Story | None:
    """Return the story that a case belongs to, or None."""
    return next((state.story for state in director.states() if state.case_id == case_id), None)


def seats_of(console: Console) -> tuple[Seat, ...]:
    """Return the roles that signed-in people have taken; who only looks on, such as an auditor, has taken none.

    Who has left without signing out keeps no role: see `AWAY_MINUTES`.
    """
    seats = [session for session in console.sessions.signed_in(AWAY_MINUTES * 60) if session.role not in LOOKERS_ON]
    return tuple(Seat(session.party, person_key(session.person)) for session in seats)


def routes(console: Console, director: Director) -> list[Route]:
    """Return the addresses of this group; from now on every page carries the bar."""
    console.globals["time_bar"] = TimeBar(director)
    console.globals["away_minutes"] = AWAY_MINUTES
    console.globals["story_of"] = partial(_story_of, director)
    director.take_place(console.desk.at_work, lambda: seats_of(console))
    pages = StagePages(console, director)
    return [
        Route("/", pages.start),
        Route("/cards", pages.cards),
        Route("/stories/{name}", pages.story),
        Route("/stories/{name}/now", pages.now),
        Route("/stories/{name}/begin", taking_form(pages.begin), "POST"),
        Route("/stories/{name}/players", taking_form(pages.players), "POST"),
        Route("/time", pages.time),
        Route("/time", taking_form(pages.change_time), "POST"),
    ]
