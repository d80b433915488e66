"""What the pages of the stories say: roles, states and time in plain words."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from tenprint.exchange.model.words import Role, TaskKind
from tenprint.studies.director import Mode
from tenprint.studies.story_state import Phase, StoryState
from tenprint.studies.troupe import Event, What
from tenprint.web.words import spoken_name


class Part(NamedTuple):
    """A role as somebody may take it: in words, and the name under which a guest answers."""

    title: str
    guest: str


PARTS: dict[str, Part] = {
    TaskKind.EXAMINE: Part("examiner", "GUEST EXAMINER"),
    TaskKind.EXAMINE_SECOND: Part("second examiner", "GUEST SECOND EXAMINER"),
    TaskKind.STATUS: Part("specialist", "GUEST SPECIALIST"),
    TaskKind.DECIDE: Part("officer", "GUEST OFFICER"),
    TaskKind.SECOND_LOOK: Part("second officer", "GUEST SECOND OFFICER"),
    TaskKind.ANSWER_DETAINER: Part("jail clerk", "GUEST CLERK"),
    TaskKind.REPORT_RELEASE: Part("jail clerk", "GUEST CLERK"),
    TaskKind.REPORT_CUSTODY: Part("jail clerk", "GUEST CLERK"),
    TaskKind.DISPOSE: Part("court clerk", "GUEST COURT CLERK"),
    TaskKind.REVIEW: Part("officer", "GUEST OFFICER"),
    TaskKind.REPORT_OUTCOME: Part("officer", "GUEST OFFICER"),
    TaskKind.ANSWER_REQUEST: Part("operator", "GUEST OPERATOR"),
}
WHAT_THEY_DO: dict[str, str] = {
    TaskKind.EXAMINE: "compare the prints of the booking with those of a candidate that the machine found",
    TaskKind.EXAMINE_SECOND: "compare the prints of the booking with those of a candidate, as the second examiner",
    TaskKind.STATUS: "say what the records tell about the person's status",
    TaskKind.DECIDE: "decide: nothing, an interview, or a request to the jail",
    TaskKind.SECOND_LOOK: "look, as another officer, at a proposed request to hold",
    TaskKind.ANSWER_DETAINER: "answer a request to hold the person",
    TaskKind.REPORT_RELEASE: "report when the person would be released: from then on the hold counts",
    TaskKind.REPORT_CUSTODY: "report how the hold ends",
    TaskKind.DISPOSE: "say how the charges ended",
    TaskKind.REVIEW: "look again at a request to hold, for something new has come",
    TaskKind.REPORT_OUTCOME: "report what becomes of the person who was handed over",
    TaskKind.ANSWER_REQUEST: "answer what a city or county asks",
}
SPEEDS: dict[str, str] = {"minute": "1 min a second", "ten-minutes": "10 min a second", "hour": "1 h a second"}
MODES: dict[str, tuple[str, str]] = {
    Mode.PAUSED: ("‖", "time is paused"),
    Mode.GO_ON: ("▸", "goes on until somebody is asked"),
    Mode.RUNNING: ("▸▸", "time runs"),
}
PARTIES_AT_WORK: dict[str, str] = {
    Role.AGENCY: "books the person, takes ten prints, sends them",
    Role.STATE_BUREAU: "searches its own file, passes the prints on, relays every answer",
    Role.CRIMINAL_REPOSITORY: "searches its file, has the immigration repository searched, answers",
    Role.IMMIGRATION_REPOSITORY: "a machine finds candidates; an examiner says whether one is the person",
    Role.SUPPORT_CENTER: "a specialist says what the records tell about the person's status",
    Role.FIELD_OFFICE: "an officer decides: nothing, an interview, or a request to the jail",
    Role.COURT: "is told of the arrest, and says how the charges ended",
    Role.JAIL: "answers the request, and holds the person no longer than the rule allows",
}


def story_word(state: StoryState) -> tuple[str, str]:
    """Return shape and words for where a story stands."""
    if state.phase == Phase.NOT_BEGUN:
        return ("▲", "its prints could not be made") if state.problem else ("○", "not begun")
    if state.phase == Phase.PREPARING:
        return "◐", "its prints are being made"
    if state.phase == Phase.ENDED:
        return "●", f"ended: {spoken_name(str(state.state))}"
    if state.waits:
        return "◐", "waits for the " + " and the ".join(part_of(waiting.task.kind).title for waiting in state.waits)
    return "◐", f"under way: {spoken_name(str(state.state))}"


def coming_words(coming: Event, *, ends_hold: bool) -> str:
    """Return what happens next; never who it is about nor what is answered, for it stands on everybody's pages.

    Args:
        coming: what lies ahead.
        ends_hold: a hold ends by its clock then.
    """
    if coming.what == What.ANSWER and coming.task is not None:
        what = f"the {part_of(coming.task.kind).title} answers"
    elif coming.what == What.ENROLMENT:
        what = "a new record comes into the immigration repository"
    else:
        what = "the hold lapses" if ends_hold else "a clock runs out, or a message is due"
    return f"Next: {what}, {coming.at:%a} {coming.at.day} {coming.at:%B, %H:%M} UTC"


def part_of(kind: str) -> Part:
    """Return the role that a kind of task asks."""
    return PARTS.get(kind, Part("official", "GUEST OFFICIAL"))


def spoken_hold(hold: timedelta | None) -> str:
    """Return what a hold cost, in hours, as a sentence."""
    if hold is None:
        return "Nobody was held."
    hours = hold.total_seconds() / 3600
    return f"The person was held for {hours:.1f} hours, counted from the jail's answer."


def mode_words(mode: str, speed: str) -> tuple[str, str]:
    """Return shape and words for how time passes."""
    shape, word = MODES[mode]
    return shape, f"{word}: {SPEEDS[speed]}" if speed in SPEEDS else word
