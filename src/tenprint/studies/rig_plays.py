"""What the rig can play towards a client under test, and which play a submission gets.

A scenario file says it submission by submission; otherwise the beginning of the control number does (``IDENT-0001``,
``E0001-0001``, ``DELAY5-0001``). The first rule of the file that fits is used, then the beginning, then the default.
A scenario file is TOML::

    default = "nonident"

    [[scenario]]
    play = "errt"              # a name of `PLAYS`
    code = "L0008"             # errt only: a code of EBTS 8.001, Appendix M
    field = "14.999"           # errt only: instead of the field that usually goes with the code
    seconds = 5                # how long the rig lets pass where the play waits
    tcn = "AGENCY-7-"          # what must fit; what is left out fits always: how the control number begins,
    order = 3                  # the how-manieth submission it is, from 1,
    ori = "COSIB0000"          # 1.008,
    tot = "CAR"                # 1.004
"""

from __future__ import annotations

import csv
import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

from tenprint.core.errors import SenderError

DEFAULT_PLAY = "nonident"
MAX_FILE_BYTES, MAX_RULES = 262_144, 1_000
MAX_SECONDS = 86_400
ERRT = "errt"


@dataclass(frozen=True)
class PlayWords:
    """A play as people read it.

    Args:
        prefix: how a control number begins that asks for it, without digits and dash.
        title: what happens. seconds: how long the rig waits unless told otherwise, 0 where nothing waits.
        right: what a client does that takes it well.
    """

    prefix: str
    title: str
    seconds: float
    right: str


PLAYS: Mapping[str, PlayWords] = {
    "ident": PlayWords("IDENT", "identification (SRF I)", 0, "fetch it and take it"),
    "nonident": PlayWords("NONID", "no identification (SRF N)", 0, "fetch it and take it"),
    ERRT: PlayWords("E0001", "rejection with a code (any code of Appendix M: L0008-, A0004-, …)", 0, "take it, mend"),
    "delay": PlayWords(
        "DELAY", "coded N, but the text says that the result is delayed; the true one follows", 5,
        "show the first one as pending, never as no match, and take both",
    ),
    "second": PlayWords(
        "SECOND", "a second answer, whose TCR is the TCN of the first answer", 2,
        "tie it to the first answer's case and take both",
    ),
    "duplicate": PlayWords("DUP", "the same answer twice", 1, "take one, call the other a repeat"),
    "order": PlayWords(
        "ORDER", "the second answer arrives before the first", 2, "let it lie until the first is there; take both"
    ),
    "late": PlayWords(
        "LATE", "a hit after the case was answered, from a later enrolment", 2, "reopen the case and take it"
    ),
    "unsolicited": PlayWords(
        "UNSOL", "besides the answer, one to a submission that was never made", 0, "take the first, refuse the other"
    ),
    "none": PlayWords("NONE", "no answer at all", 0, "show it as waiting, never as no match"),
    "damaged": PlayWords(
        "DAMAGED", "bytes of the answer are damaged; the whole one follows when it was refused", 1,
        "refuse the damaged one, take the whole one",
    ),
    "pieces": PlayWords("PIECES", "the answer comes in small pieces, with pauses", 0, "wait for its end, then take it"),
}  # fmt: skip
_BEGINNING = re.compile(r"([A-Z]+)([0-9]*)-")
_KEYS = {"play", "code", "field", "seconds", "tcn", "order", "ori", "tot"}
_TAG = re.compile(r"[0-9]{1,2}\.[0-9]{3,5}")


@dataclass(frozen=True)
class ErrorCode:
    """A code that an ERRT may carry.

    Args:
        code: such as ``L0008``. text: its condition, from Appendix M. field: the tag that goes with it.
    """

    code: str
    text: str
    field: str


@dataclass(frozen=True)
class Play:
    """What one submission gets.

    Args:
        name: of `PLAYS`. chosen_by: the sentence that says why this one.
        seconds: to wait. code, field: of an ERRT.
    """

    name: str
    chosen_by: str = ""
    seconds: float = 0
    code: str = ""
    field: str = ""

    @property
    def spoken(self) -> str:
        """Return the name as a report says it: ``errt L0008``."""
        return f"{self.name} {self.code}".strip()


@dataclass(frozen=True)
class Rule:
    """One entry of a scenario file: the play, and what must fit; ``""`` and 0 fit everything."""

    play: Play
    tcn: str = ""
    ori: str = ""
    tot: str = ""
    order: int = 0

    def fits(self, tcn: str, ori: str, tot: str, order: int) -> bool:
        """Tell whether a submission gets this play."""
        return (
            tcn.upper().startswith(self.tcn.upper())
            and self.ori in ("", ori)
            and self.tot in ("", tot)
            and self.order in (0, order)
        )


@dataclass(frozen=True)
class Plays:
    """Which submission gets what.

    Args:
        rules: of the scenario file, in order. default: name of the play for the rest.
    """

    rules: tuple[Rule, ...] = ()
    default: str = DEFAULT_PLAY

    def choose(self, tcn: str, ori: str, tot: str, order: int) -> Play:
        """Return the play of a submission."""
        for number, rule in enumerate(self.rules, 1):
            if rule.fits(tcn, ori, tot, order):
                return replace(rule.play, chosen_by=f"rule {number} of the scenario file")
        return _by_beginning(tcn) or play_of(self.default, chosen_by="the default")


def _by_beginning(tcn: str) -> Play | None:
    found = _BEGINNING.match(tcn.upper())
    if found is None:
        return None
    word, digits = found.groups()
    said = f"the control number begins with {found.group()}"
    if word + digits in error_codes():
        return play_of(ERRT, code=word + digits, chosen_by=said)
    for name, words in PLAYS.items():
        if name != ERRT and words.prefix == word:
            seconds = min(float(digits[:6]), MAX_SECONDS) if digits and words.seconds else None
            return play_of(name, seconds=seconds, chosen_by=said)
    return None


def play_of(name: str, *, seconds: float | None = None, code: str = "", field: str = "", chosen_by: str = "") -> Play:
    """Return a play with what is usual where nothing is said."""
    known = error_codes().get(code or "E0001")
    if name == ERRT and known is not None:
        return Play(
            name, chosen_by, PLAYS[name].seconds if seconds is None else seconds, known.code, field or known.field
        )
    return Play(name, chosen_by, PLAYS[name].seconds if seconds is None else seconds)


@functools.cache
def error_codes() -> Mapping[str, ErrorCode]:
    """Return the codes of EBTS 8.001, Appendix M, by code."""
    text = (resources.files("tenprint.studies") / "rig_error_codes.csv").read_text("ascii")
    return {row["code"]: ErrorCode(row["code"], row["text"], row["field"]) for row in csv.DictReader(text.splitlines())}


def read_plays(data: bytes) -> Plays:
    """Return what a scenario file says.

    Raises:
        SenderError: ``RIG_SCENARIOS`` with the key at fault.
    """
    if len(data) > MAX_FILE_BYTES:
        raise _wrong("", f"it is larger than {MAX_FILE_BYTES} bytes")
    try:
        known = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as problem:
        raise _wrong("", f"it is no TOML ({problem})"[:200]) from problem
    _refuse_unknown("", known, {"default", "scenario"})
    default, entries = known.get("default", DEFAULT_PLAY), known.get("scenario", [])
    if not isinstance(default, str) or default not in PLAYS:
        raise _wrong("default", _choices())
    if not isinstance(entries, list) or len(entries) > MAX_RULES or not all(isinstance(e, dict) for e in entries):
        raise _wrong("scenario", f"at most {MAX_RULES} tables [[scenario]] stand here")
    return Plays(tuple(_rule(f"scenario {n}", entry) for n, entry in enumerate(entries, 1)), default)


def _rule(place: str, entry: dict[str, Any]) -> Rule:
    _refuse_unknown(place, entry, _KEYS)
    texts = {key: entry.get(key, "") for key in ("play", "code", "field", "tcn", "ori", "tot")}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise _wrong(f"{place}: {key}", "it is a text in quotation marks")
    order, seconds = entry.get("order", 0), entry.get("seconds")
    if type(order) is not int or not 0 <= order <= 1_000_000:
        raise _wrong(f"{place}: order", "it is a number from 1")
    if seconds is not None and (type(seconds) not in (int, float) or not 0 <= seconds <= MAX_SECONDS):
        raise _wrong(f"{place}: seconds", f"it is a number from 0 to {MAX_SECONDS}")
    if texts["play"] not in PLAYS:
        raise _wrong(f"{place}: play", _choices())
    if (texts["code"] or texts["field"]) and texts["play"] != ERRT:
        raise _wrong(f"{place}: code", 'only play = "errt" has a code and a field')
    if texts["code"] and texts["code"] not in error_codes():
        raise _wrong(f"{place}: code", "this is no code of EBTS 8.001, Appendix M")
    if texts["field"] and not _TAG.fullmatch(texts["field"]):
        raise _wrong(f"{place}: field", "it is a tag such as 2.018")
    play = play_of(texts["play"], seconds=seconds, code=texts["code"], field=texts["field"])
    return Rule(play, texts["tcn"], texts["ori"], texts["tot"], order)


def _refuse_unknown(place: str, entry: dict[str, Any], known: set[str]) -> None:
    for key in entry:
        if key not in known:
            raise _wrong(
                f"{place}: {key}" if place else key, "there is no such key; there are " + ", ".join(sorted(known))
            )


def _choices() -> str:
    return "it is one of " + ", ".join(PLAYS)


def _wrong(place: str, what: str) -> SenderError:
    where = f", {place[:80]}" if place else ""
    return SenderError("RIG_SCENARIOS", f"the scenario file cannot be used{where}: {what}", field=place[:80])
