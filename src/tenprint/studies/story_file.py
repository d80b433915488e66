"""A named story as data: who is booked when, what people answer, how it must end, and what a page says about it.

A story is one TOML file. Whatever it misspells is refused with the name of file and field: a story that plays something
else than its file says would teach something false.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from tenprint.core.errors import SenderError
from tenprint.exchange.model.requests import RequestOutcome
from tenprint.exchange.model.words import (
    FINAL_STATES,
    CaseState,
    DispositionOutcome,
    ExaminerFinding,
    OfficerDecision,
    OutcomeEvent,
    Review,
    SecondLook,
    StatusFinding,
    TaskKind,
)

Made = TypeVar("Made")

STORY_NAMES = (
    "citizen",
    "permanent-resident",
    "traffic",
    "dismissed",
    "dual-arrest",
    "juvenile",
    "late-hit",
    "declined",
    "expunged",
    "holiday-hold",
)
"""The stories in the order in which they are told: by the day of the booking, so that one clock can run through all."""
OTHERS = "others"
"""The file of what people answer where a newcomer has led a story elsewhere."""
FREE_TEXT_LIMIT = 2000
_CLAIM = re.compile(r"A([1-9]|1\d|2[01])")
_ALLOWED: dict[TaskKind, frozenset[str]] = {
    TaskKind.EXAMINE: frozenset(ExaminerFinding),
    TaskKind.EXAMINE_SECOND: frozenset(ExaminerFinding),
    TaskKind.STATUS: frozenset(StatusFinding),
    TaskKind.DECIDE: frozenset(OfficerDecision),
    TaskKind.SECOND_LOOK: frozenset(SecondLook),
    TaskKind.ANSWER_DETAINER: frozenset({"accept", "decline"}),
    TaskKind.REPORT_RELEASE: frozenset({"would_be_released", "transferred", "released"}),
    TaskKind.REPORT_CUSTODY: frozenset({"transferred", "released"}),
    TaskKind.DISPOSE: frozenset(DispositionOutcome),
    TaskKind.REVIEW: frozenset(Review),
    TaskKind.REPORT_OUTCOME: frozenset(OutcomeEvent),
    TaskKind.ANSWER_REQUEST: frozenset(RequestOutcome),
}


@dataclass(frozen=True)
class StoryCharge:
    """One charge: NCIC code (four digits), its words, the day of the offence."""

    code: str
    literal: str
    date: date


@dataclass(frozen=True)
class StoryPerson:
    """Somebody who does not exist.

    Args:
        name: ``SURNAME,GIVEN MIDDLE``, as EBTS writes it.
        born: day of birth.
        fingers: which synthetic person's fingers these are; no two stories share a number.
        sex, race, height, weight, eyes, hair, birthplace, citizenship: codes of EBTS 8.001 Appendix C.
    """

    name: str
    born: date
    fingers: int
    sex: str
    race: str
    height: str
    weight: str
    eyes: str
    hair: str
    birthplace: str
    citizenship: str


@dataclass(frozen=True)
class Known:
    """Under which number the immigration repository knows the person, and from what (a phrase)."""

    subject: str
    source: str


@dataclass(frozen=True)
class Later:
    """An enrolment at the immigration repository after the booking: number, from what, minutes after the booking."""

    subject: str
    source: str
    minutes: int

    @property
    def after(self) -> timedelta:
        """Return how long after the booking."""
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class StoryAnswer:
    """What a person answers to the n-th task of a kind in this story, n counted in the file's order.

    Args:
        task: kind of task.
        by: who, a visibly invented name.
        answer, reason: what and why.
        minutes: simulated minutes after the task was opened, or after `waits_for` was closed.
        waits_for: kind of task that must be closed first, or ``""``.
        details: what the kind of task asks besides.
    """

    task: str
    by: str
    answer: str
    reason: str
    minutes: int
    waits_for: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def after(self) -> timedelta:
        """Return how long it takes."""
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Aftermath:
    """What a page says after the end; sentences, only what is known.

    Args:
        not_told: what the person was never told.
        cost: what it cost besides hours of hold, which are counted.
        other_rule: what would happen under another rule.
        proof: what the ledgers prove.
    """

    not_told: str
    cost: str
    other_rule: str
    proof: str


@dataclass(frozen=True)
class Story:
    """A named story.

    Args:
        name: of its file.
        title, line: what it is called, and the question that one wants answered; neither tells the end.
        introduction: a paragraph for somebody who knows nothing yet; it does not tell the end.
        claims: those of the article that it answers, such as ``A10``.
        booked: when the person is booked, UTC.
        ends: the final state in which it must end.
        not_built: what a later release must bring before the story is whole.
        person, charges, known, answers, after: as above; `known` is None for somebody in no repository.
        later: an enrolment after the booking, or None.
    """

    name: str
    title: str
    line: str
    introduction: str
    claims: tuple[str, ...]
    booked: datetime
    ends: CaseState
    not_built: tuple[str, ...]
    person: StoryPerson
    charges: tuple[StoryCharge, ...]
    after: Aftermath
    answers: tuple[StoryAnswer, ...] = ()
    known: Known | None = None
    later: Later | None = None

    @property
    def tcn(self) -> str:
        """Return the control number of its booking, by which a later run finds the case again."""
        return f"STORY-{self.name.upper()}"

    @property
    def is_traffic_only(self) -> bool:
        """Tell whether all charges are of the traffic group (NCIC 54xx)."""
        return all(charge.code.startswith("54") for charge in self.charges)

    @property
    def told(self) -> frozenset[str]:
        """Return the kinds of task that somebody answers in this story."""
        return frozenset(answer.task for answer in self.answers)

    def answers_to(self, kind: str) -> tuple[StoryAnswer, ...]:
        """Return the answers to tasks of this kind, in their order."""
        return tuple(answer for answer in self.answers if answer.task == kind)


def story_folder() -> Path:
    """Return where the stories lie, for people who want to read them."""
    return Path(str(resources.files("tenprint.studies") / "stories"))


def load_stories() -> tuple[Story, ...]:
    """Return all named stories, in the order in which they are told.

    Raises:
        SenderError: ``STORY_INVALID``.
    """
    return tuple(load_story(story_folder() / f"{name}.toml") for name in STORY_NAMES)


def load_named(name: str) -> Story:
    """Return one named story.

    Raises:
        SenderError: ``STORY_UNKNOWN``, or ``STORY_INVALID``.
    """
    if name not in STORY_NAMES:
        raise SenderError("STORY_UNKNOWN", f"there is no story {name!r}", hint=f"stories: {', '.join(STORY_NAMES)}")
    return load_story(story_folder() / f"{name}.toml")


def load_story(path: Path) -> Story:
    """Return the story in a TOML file; its name is the file's.

    Raises:
        SenderError: ``STORY_INVALID`` with file and field: not to be read, a field unknown, missing or of another type,
            an unknown kind of task, an answer that its kind does not take, an `ends` that is no final state.
    """
    reader = _Reader(path.name)
    table = reader.table_of(path)
    if "name" in table:
        raise reader.refused("name", "the file's name is the story's")
    story = reader.made(Story, table | {"name": path.stem}, "")
    reader.check(story)
    return story


def load_others() -> tuple[StoryAnswer, ...]:
    """Return what people answer where a newcomer has led a story elsewhere, one answer a kind at most."""
    path = story_folder() / f"{OTHERS}.toml"
    reader = _Reader(path.name)
    table = reader.table_of(path)
    reader.refuse_unknown(table, {"answers"}, "")
    answers = reader.answers(table.get("answers"), "answers")
    reader.check_answers(answers)
    return answers


@dataclass(frozen=True)
class _Reader:
    """Reads one file; every refusal names it."""

    file: str

    def refused(self, name: str, why: str) -> SenderError:
        """Return the refusal of a field."""
        return SenderError("STORY_INVALID", f"{self.file}, field {name or '(the whole)'}: {why}", field=name)

    def table_of(self, path: Path) -> dict[str, Any]:
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
            raise self.refused("", f"it cannot be read: {problem}") from problem

    def refuse_unknown(self, table: Mapping[str, Any], known: set[str], where: str) -> None:
        for name in table:
            if name not in known:
                raise self.refused(f"{where}{name}", "there is no such field")

    def made(self, kind: type[Made], table: Any, where: str) -> Made:
        """Return a dataclass from a table: no field unknown, none missing, each of its type."""
        if not isinstance(table, dict):
            raise self.refused(where.rstrip("."), "a table is needed")
        described: Any = kind
        self.refuse_unknown(table, {item.name for item in fields(described)}, where)
        values = {}
        for item in fields(described):
            place = f"{where}{item.name}"
            if item.name in table:
                values[item.name] = _READERS[str(item.type)](self, table[item.name], place)
            elif item.default is MISSING and item.default_factory is MISSING:
                raise self.refused(place, "it is missing")
        return kind(**values)

    def text(self, value: Any, where: str) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > FREE_TEXT_LIMIT:
            raise self.refused(where, f"text of at most {FREE_TEXT_LIMIT} characters is needed")
        return " ".join(value.split())

    def number(self, value: Any, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.refused(where, "a whole number, not negative, is needed")
        return value

    def day(self, value: Any, where: str) -> date:
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.refused(where, "a day such as 2010-10-04 is needed")
        return value

    def moment(self, value: Any, where: str) -> datetime:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.refused(where, "a time with its zone, such as 2010-10-04T14:00:00Z, is needed")
        return value

    def texts(self, value: Any, where: str) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.refused(where, "a list of texts is needed")
        return tuple(self.text(item, f"{where}[{number}]") for number, item in enumerate(value))

    def pairs(self, value: Any, where: str) -> dict[str, str]:
        if not isinstance(value, dict):
            raise self.refused(where, "a table of texts is needed")
        return {name: self.text(item, f"{where}.{name}") for name, item in value.items()}

    def state(self, value: Any, where: str) -> CaseState:
        if value not in FINAL_STATES:
            raise self.refused(where, f"a final state is needed: {', '.join(sorted(FINAL_STATES))}")
        return CaseState(value)

    def answers(self, value: Any, where: str) -> tuple[StoryAnswer, ...]:
        return self._list(StoryAnswer, value, where)

    def charges(self, value: Any, where: str) -> tuple[StoryCharge, ...]:
        return self._list(StoryCharge, value, where)

    def _list(self, kind: type[Made], value: Any, where: str) -> tuple[Made, ...]:
        if not isinstance(value, list):
            raise self.refused(where, f"[[{where}]] tables are needed")
        return tuple(self.made(kind, item, f"{where}[{number}].") for number, item in enumerate(value))

    def check(self, story: Story) -> None:
        """Refuse what no single field shows."""
        for number, claim in enumerate(story.claims):
            if not _CLAIM.fullmatch(claim):
                raise self.refused(f"claims[{number}]", "a claim is one of A1 to A21")
        if not story.charges:
            raise self.refused("charges", "nobody is booked without a charge")
        for number, charge in enumerate(story.charges):
            if not re.fullmatch(r"\d{4}", charge.code):
                raise self.refused(f"charges[{number}].code", "an NCIC code has four digits")
        self.check_answers(story.answers)

    def check_answers(self, answers: tuple[StoryAnswer, ...]) -> None:
        """Refuse an answer to no kind of task, or one that its kind does not take."""
        for number, answer in enumerate(answers):
            place = f"answers[{number}]"
            for name, kind in (("task", answer.task), ("waits_for", answer.waits_for or answer.task)):
                if kind not in tuple(TaskKind):
                    raise self.refused(f"{place}.{name}", f"{kind!r} is no kind of task: {', '.join(TaskKind)}")
            allowed = _ALLOWED[TaskKind(answer.task)]
            if answer.answer not in allowed:
                raise self.refused(f"{place}.answer", f"{answer.task} is answered with {' or '.join(sorted(allowed))}")


_READERS: dict[str, Callable[[_Reader, Any, str], Any]] = {
    "str": _Reader.text,
    "int": _Reader.number,
    "date": _Reader.day,
    "datetime": _Reader.moment,
    "CaseState": _Reader.state,
    "tuple[str, ...]": _Reader.texts,
    "Mapping[str, str]": _Reader.pairs,
    "tuple[StoryAnswer, ...]": _Reader.answers,
    "tuple[StoryCharge, ...]": _Reader.charges,
    "StoryPerson": lambda reader, value, where: reader.made(StoryPerson, value, f"{where}."),
    "Aftermath": lambda reader, value, where: reader.made(Aftermath, value, f"{where}."),
    "Known | None": lambda reader, value, where: reader.made(Known, value, f"{where}."),
    "Later | None": lambda reader, value, where: reader.made(Later, value, f"{where}."),
}
