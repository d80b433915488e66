"""The answers that a play puts out: made from the submission's bytes and a seed, so that they can be made again.

Order and pauses are data of each answer (`after`, `seconds`); nothing waits here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import RecordError
from tenprint.exchange.model.bodies import Acknowledgement
from tenprint.exchange.model.numbers import control_number, short_number
from tenprint.records import Booking, Transaction, read_booking
from tenprint.records.folding import is_plain
from tenprint.records.itl.answers import (
    IDENT,
    NON_IDENT,
    ErrorAnswer,
    SubmissionResult,
    answer_to,
    build_errt,
    build_sre,
    refusal_of,
    second_answer_to,
)
from tenprint.records.itl.ers import ResponseText
from tenprint.records.itl.findings import ERROR, Finding
from tenprint.records.words import RepositoryState
from tenprint.studies.rig_judge import CRIMINAL_REPOSITORY, STATE_BUREAU
from tenprint.studies.rig_plays import ERRT, Play, error_codes

TAKEN, REPEAT, REFUSED = "taken", "repeat", "refused"
OUTCOMES = (TAKEN, REPEAT, REFUSED)
FEDERAL_ORI, STATE_ORI = "USRIG0001", "XXRIG0001"
"""Invented agencies of the rig's own, used where the submission names none that can be used."""
IMMIGRATION = "9"
PIECES = 8
EBTS_CONTENT, ACK_CONTENT = "application/vnd.tenprint.ebts", "application/vnd.tenprint.acknowledgement+json"
DELAYED = "THE RESULT OF THE SEARCH IS DELAYED. THIS IS NO NON-IDENTIFICATION. A FURTHER ANSWER FOLLOWS."
LATER_HIT = "A LATER ENROLLMENT MATCHED THE RETAINED PRINTS OF THIS BOOKING."


@dataclass(frozen=True)
class Answer:
    """One thing that the client gets.

    Args:
        id: ``a0003-2``, the second answer to the third submission.
        submission: its number. what: a few words for reports.
        tot, tcn, tcr: as its header says.
        data: the bytes sent; digest: SHA-256 of the bytes that were meant, in hex, which the client is told.
        expects: how a client should acknowledge it: `TAKEN`, `REPEAT` or `REFUSED`.
        seconds: to wait since the submission came, or since `after` (an answer) was acknowledged as `when`.
        pieces: how many pieces it is sent in.
    """

    id: str
    submission: int
    what: str
    tot: str
    tcn: str
    tcr: str
    data: bytes
    digest: str
    expects: str = TAKEN
    seconds: float = 0
    after: str = ""
    when: str = TAKEN
    pieces: int = 1
    content_type: str = EBTS_CONTENT


@dataclass(frozen=True)
class Asked:
    """A submission to be answered.

    Args:
        number: from 1. digest: SHA-256 of its bytes. received: as read. day: YYYYMMDD when it came.
        role: whom the rig plays. ori: its own, or ``""``. seed: of the rig.
    """

    number: int
    digest: str
    received: Transaction
    day: str
    role: str
    ori: str
    seed: int

    @property
    def booking(self) -> Booking:
        """Return the booking."""
        return read_booking(self.received)

    @property
    def own_ori(self) -> str:
        """Return the agency that the answers come from."""
        usual = STATE_ORI if self.role == STATE_BUREAU else FEDERAL_ORI
        said = self.booking.dai
        return self.ori or (said if len(said) == 9 and said.isalnum() and said.isascii() else usual)

    def number_for(self, purpose: str) -> str:
        """Return the TCN of an answer, 20 letters and digits."""
        return control_number("rig", str(self.seed), self.digest, purpose)


def rejection(asked: Asked, findings: tuple[Finding, ...]) -> tuple[Answer, ...]:
    """Return the ERRT to a submission that is wrong: the errors, at most eleven."""
    wrong = [f for f in findings if f.severity == ERROR]
    return (_errt(asked, wrong, "rejection of what is wrong with the submission"),)


def answers_to(asked: Asked, play: Play) -> tuple[Answer, ...]:
    """Return everything that a play puts out.

    Raises:
        RecordError: the submission holds what no answer may repeat.
    """
    if play.name == ERRT:
        code = error_codes()[play.code]
        found = asked.received.get(play.field) if not play.field.startswith("14.") else ""
        finding = Finding(code.code, play.field, found[:30], code.text, ERROR)
        answers: tuple[Answer, ...] = (replace(_errt(asked, [finding], "rejection"), seconds=play.seconds),)
    else:
        answers = PLAYED[play.name](asked, play)
    if asked.role == STATE_BUREAU and play.name != "none":
        answers = (_acknowledgement(asked), *_state_result(asked, play), *answers)
    return tuple(_named(answers, asked))


def _named(answers: tuple[Answer, ...], asked: Asked) -> list[Answer]:
    """Number the answers; `after` names an answer by its TCN until then."""
    ids: dict[str, str] = {}
    for place, answer in enumerate(answers, 1):
        ids.setdefault(answer.tcn, f"a{asked.number:04d}-{place}")
    return [
        replace(answer, id=f"a{asked.number:04d}-{place}", after=ids.get(answer.after, ""))
        for place, answer in enumerate(answers, 1)
    ]


def _acknowledgement(asked: Asked) -> Answer:
    fingers = sum(1 for image in asked.received.images() if 1 <= int(image.fgp) <= 10)
    data = Acknowledgement(asked.booking.tcn, min(fingers, 10)).to_bytes()
    tcn = asked.number_for("ACK")
    return Answer(
        "", asked.number, "acknowledgement", "ACK", tcn, asked.booking.tcn, data, sha256_hex(data),
        content_type=ACK_CONTENT,
    )  # fmt: skip


def _state_result(asked: Asked, play: Play) -> tuple[Answer, ...]:
    """Return the state's own result, which speaks for its own file only; a rejection has none."""
    if play.name == ERRT:
        return ()
    result = replace(
        answer_to(asked.booking, tcn=asked.number_for("STATE"), dat=asked.day, srf=NON_IDENT), ori=asked.own_ori
    )
    return (_answer(asked, result, "result of the state's own file"),)


def _first(asked: Asked, text: ResponseText, srf: str = NON_IDENT, purpose: str = "SRE") -> SubmissionResult:
    ori = FEDERAL_ORI if asked.role == STATE_BUREAU else asked.own_ori
    answer = answer_to(asked.booking, tcn=asked.number_for(purpose), dat=asked.day, srf=srf, text=text)
    answer = replace(answer, ori=ori)
    return replace(answer, fbi=short_number("R", 9, "fbi", asked.digest)) if srf == IDENT else answer


def _answer(asked: Asked, result: SubmissionResult, what: str, **more: object) -> Answer:
    data = build_sre(result)
    return Answer("", asked.number, what, "SRE", result.tcn, result.tcr, data, sha256_hex(data), **more)  # type: ignore[arg-type]


def _errt(asked: Asked, findings: list[Finding], what: str) -> Answer:
    ori = FEDERAL_ORI if asked.role == CRIMINAL_REPOSITORY and not is_plain(asked.own_ori) else asked.own_ori
    answer = refusal_of(asked.received, findings, tcn=asked.number_for("ERRT"), dat=asked.day, ori=ori, dai="XXRIG0000")
    data = _written(answer)
    return Answer(f"a{asked.number:04d}-1", asked.number, what, "ERRT", answer.tcn, answer.tcr, data, sha256_hex(data))


def _written(answer: ErrorAnswer) -> bytes:
    try:
        return build_errt(answer)
    except RecordError:  # an echo that may not stand in an answer: the rejection itself must still reach the sender
        return build_errt(replace(answer, tcr="", cri=(), sco=()))


def _settled(asked: Asked) -> ResponseText:
    asked_for = IMMIGRATION in asked.booking.ndr
    rap = "INVENTED RAP SHEET OF THE RIG. NO PERSON." if asked.booking.rap == "Y" else ""
    return ResponseText(RepositoryState.NO_MATCH if asked_for else RepositoryState.NOT_ASKED, rap_sheet=rap)


PENDING = ResponseText(RepositoryState.PENDING, (IMMIGRATION,))
MATCH = ResponseText(RepositoryState.MATCH, iar="INVENTED RESPONSE OF THE RIG. NO PERSON.")


def _ident(asked: Asked, play: Play) -> tuple[Answer, ...]:
    return (_answer(asked, _first(asked, _settled(asked), IDENT), "identification", seconds=play.seconds),)


def _nonident(asked: Asked, play: Play) -> tuple[Answer, ...]:
    return (_answer(asked, _first(asked, _settled(asked)), "no identification", seconds=play.seconds),)


def _delay(asked: Asked, play: Play) -> tuple[Answer, ...]:
    text = ResponseText(RepositoryState.PENDING, ("1", IMMIGRATION), rap_sheet=DELAYED)
    first = _first(asked, text)
    true = replace(
        second_answer_to(first, tcn=asked.number_for("TRUE"), dat=asked.day, text=_settled(asked)),
        srf=IDENT, fbi=short_number("R", 9, "fbi", asked.digest),
    )  # fmt: skip
    return (
        _answer(asked, replace(first, acn="RESULT DELAYED: THIS IS NO NON-IDENTIFICATION"), "delayed, coded N"),
        _answer(asked, true, "the true result: identification", seconds=play.seconds),
    )


def _pair(asked: Asked) -> tuple[SubmissionResult, SubmissionResult]:
    first = _first(asked, PENDING)
    return first, second_answer_to(first, tcn=asked.number_for("SECOND"), dat=asked.day, text=MATCH)


def _second(asked: Asked, play: Play) -> tuple[Answer, ...]:
    first, second = _pair(asked)
    return (
        _answer(asked, first, "first answer, immigration pending"),
        _answer(asked, second, "second answer, immigration match", seconds=play.seconds),
    )


def _order(asked: Asked, play: Play) -> tuple[Answer, ...]:
    first, second = _pair(asked)
    return (
        _answer(asked, second, "second answer, sent before the first"),
        _answer(asked, first, "first answer, sent after the second", seconds=play.seconds),
    )


def _duplicate(asked: Asked, play: Play) -> tuple[Answer, ...]:
    one = _answer(asked, _first(asked, _settled(asked)), "no identification")
    return one, replace(one, what="the same answer again", expects=REPEAT, seconds=play.seconds)


def _late(asked: Asked, play: Play) -> tuple[Answer, ...]:
    first = _first(asked, _settled(asked))
    text = replace(MATCH, rap_sheet=LATER_HIT)
    late = second_answer_to(first, tcn=asked.number_for("LATE"), dat=asked.day, text=text)
    return (
        _answer(asked, first, "no identification"),
        _answer(asked, late, "late hit after the case was answered", seconds=play.seconds, after=first.tcn),
    )


def _unsolicited(asked: Asked, play: Play) -> tuple[Answer, ...]:
    strange = replace(_first(asked, _settled(asked), purpose="STRANGE"), tcr=asked.number_for("NEVER SENT"))
    return (
        _answer(asked, _first(asked, _settled(asked)), "no identification"),
        _answer(asked, strange, "answer to a submission that was never made", expects=REFUSED, seconds=play.seconds),
    )


def _none(asked: Asked, play: Play) -> tuple[Answer, ...]:
    del asked, play
    return ()


def _damaged(asked: Asked, play: Play) -> tuple[Answer, ...]:
    whole = _answer(asked, _first(asked, _settled(asked)), "the whole answer after the damaged one")
    broken = replace(whole, what="damaged answer", data=_damage(whole.data, asked.digest), expects=REFUSED)
    return broken, replace(whole, seconds=play.seconds, after=whole.tcn, when=REFUSED)


def _damage(data: bytes, seed: str) -> bytes:
    """Return the bytes with one changed in the middle and the end cut off; which ones depends on the seed."""
    chance = hashlib.sha256(seed.encode()).digest()
    place = len(data) // 4 + chance[0] % (len(data) // 2)
    changed = data[:place] + bytes([data[place] ^ (1 + chance[1] % 127)]) + data[place + 1 :]
    return changed[: -(1 + chance[2] % 16)]


def _pieces(asked: Asked, play: Play) -> tuple[Answer, ...]:
    first = _first(asked, _settled(asked))
    return (_answer(asked, first, "answer in pieces", seconds=play.seconds, pieces=PIECES),)


PLAYED: dict[str, Callable[[Asked, Play], tuple[Answer, ...]]] = {
    "ident": _ident, "nonident": _nonident, "delay": _delay, "second": _second, "order": _order,
    "duplicate": _duplicate, "late": _late, "unsolicited": _unsolicited, "none": _none, "damaged": _damaged,
    "pieces": _pieces,
}  # fmt: skip
