"""The two electronic answers to a ten-print submission: SRE (results) and ERRT (rejection), both ways.

On answers ORI and DAI swap, and TCR repeats the TCN received; a second SRE refers to the first SRE, not to the
submission (EBTS 8.001 sections 1.6, 3.1.1.19). Table 3-1 gives no FBI number on an ident that is not retained and named
none; note 8 of Appendix D gives one for any ident. Tenprint returns it, in 2.014.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tenprint.records.folding import is_plain
from tenprint.records.itl.booking import NO_RESOLUTION, Booking, read_booking
from tenprint.records.itl.ers import ResponseText
from tenprint.records.itl.reader import read
from tenprint.records.itl.transaction import Transaction
from tenprint.records.itl.validation import FOUND_CHARACTERS, Finding, refuse_unless_valid, version_written
from tenprint.records.itl.writer import FieldValue, TaggedRecord, write

IDENT, NON_IDENT = "I", "N"
MAX_MESSAGES = 11
_AGENCY = re.compile("[A-Za-z]{2}[A-Za-z0-9]{7}")
TEXT_CHARACTERS = 300
_MESSAGE = re.compile(
    r"(?P<code>[A-Z][0-9]{4}): (?P<text>.*?)(; FIELD (?P<field>[0-9.]+)(; FOUND \[(?P<found>.*)\])?)?"
)
_SRE_TEXTS = {
    6: "atn", 9: "oca", 14: "fbi", 15: "sid", 18: "nam", 59: "srf", 71: "acn", 75: "ers", 81: "ucn", 87: "taa",
    2007: "sdob", 2008: "snam",
}  # fmt: skip
_SRE_LISTS = {7: "sco", 73: "cri", 98: "ndr"}
_ERRT_TEXTS = {6: "atn", 9: "oca", 15: "sid"}
_ERRT_LISTS = {7: "sco", 14: "fbi", 73: "cri"}


@dataclass(frozen=True, repr=False)
class SubmissionResult:
    """What an SRE says; field names are EBTS mnemonics, ``""`` or ``()`` for absent.

    Args:
        tcn, tcr: of the answer; `tcr` is the TCN of what is answered (of the first SRE in a second one).
        ori, dai: who answers, who asked.
        dat: YYYYMMDD. pry: 1 to 9 or ``""``.
        srf: ``I`` or ``N``: the criminal file's finding, nothing else's.
        cri: controlling agencies as submitted. nam: as submitted, or of the master record on an ident.
        fbi, ucn, sid: numbers given back (Table 3-1). snam, sdob: submitted values that differ from the record's.
        atn, sco, oca, taa: echoed.
        ndr: repositories that have answered, at most 10.
        acn: advice such as to resubmit.
        ers: text of 2.075; see `tenprint.records.itl.ers.ResponseText`.
    """

    tcn: str = ""
    tcr: str = ""
    ori: str = ""
    dai: str = ""
    dat: str = ""
    pry: str = ""
    srf: str = ""
    cri: tuple[str, ...] = ()
    nam: str = ""
    fbi: str = ""
    ucn: str = ""
    sid: str = ""
    snam: str = ""
    sdob: str = ""
    atn: str = ""
    sco: tuple[str, ...] = ()
    oca: str = ""
    taa: str = ""
    ndr: tuple[str, ...] = ()
    acn: str = ""
    ers: str = ""

    def __repr__(self) -> str:
        return f"SubmissionResult(ori={self.ori!r}, tcn={self.tcn!r}, tcr={self.tcr!r}, srf={self.srf!r})"

    @property
    def response(self) -> ResponseText:
        """Return what the ERS text says, parsed."""
        return ResponseText.from_text(self.ers)


@dataclass(frozen=True)
class ErrorMessage:
    """One MSG entry of an ERRT.

    Args:
        code: EBTS code. text: a sentence. field: tag at fault or ``""``. found: its first 30 characters or ``""``.
    """

    code: str
    text: str
    field: str = ""
    found: str = dataclasses.field(default="", repr=False)

    def to_text(self) -> str:
        """Return ``CODE: text; FIELD tag; FOUND [first 30 characters]``, unprintable characters as question marks."""
        tail = f"; FIELD {self.field}" if self.field else ""
        if self.field and self.found:
            tail += f"; FOUND [{_printable(self.found)[:FOUND_CHARACTERS]}]"
        return f"{self.code}: {_printable(self.text)[:TEXT_CHARACTERS]}{tail}"

    @classmethod
    def from_text(cls, text: str) -> ErrorMessage:
        """Return the parts of a MSG entry; a foreign entry becomes text without code."""
        match = _MESSAGE.fullmatch(text)
        if match is None:
            return cls("", text)
        return cls(match["code"], match["text"], match["field"] or "", match["found"] or "")


@dataclass(frozen=True, repr=False)
class ErrorAnswer:
    """What an ERRT says; header and echoed fields as in `SubmissionResult`.

    Args:
        messages: reasons, 1 to 11.
    """

    tcn: str = ""
    tcr: str = ""
    ori: str = ""
    dai: str = ""
    dat: str = ""
    pry: str = ""
    cri: tuple[str, ...] = ()
    atn: str = ""
    sco: tuple[str, ...] = ()
    oca: str = ""
    sid: str = ""
    fbi: tuple[str, ...] = ()
    messages: tuple[ErrorMessage, ...] = ()

    def __repr__(self) -> str:
        codes = tuple(m.code for m in self.messages)
        return f"ErrorAnswer(ori={self.ori!r}, tcn={self.tcn!r}, tcr={self.tcr!r}, codes={codes!r})"


def answer_to(booking: Booking, *, tcn: str, dat: str, srf: str, text: ResponseText | None = None) -> SubmissionResult:
    """Return the plain answer to a booking: ORI and DAI swapped, TCR set, everything echoed that must be.

    Args:
        booking: as submitted.
        tcn: of the answer, 10 to 40 characters. dat: YYYYMMDD.
        srf: ``I`` or ``N``.
        text: what goes into ERS.
    """
    return SubmissionResult(
        tcn=tcn,
        tcr=booking.tcn,
        ori=booking.dai,
        dai=booking.ori,
        dat=dat,
        pry=booking.pry,
        srf=srf,
        cri=booking.cri,
        nam=booking.nam,
        sid=booking.sid,
        atn=booking.atn,
        sco=booking.sco,
        oca=booking.oca,
        taa=booking.taa,
        ers=text.to_text() if text else "",
    )


def second_answer_to(first: SubmissionResult, *, tcn: str, dat: str, text: ResponseText) -> SubmissionResult:
    """Return the second SRE after `first`: its TCR is the TCN of the first answer."""
    return replace(first, tcn=tcn, tcr=first.tcn, dat=dat, ers=text.to_text())


def refusal_of(
    received: Transaction, findings: Iterable[Finding], *, tcn: str, dat: str, ori: str, dai: str
) -> ErrorAnswer:
    """Return the ERRT to a submission, however broken that is: only echoes that are themselves valid are echoed.

    Args:
        received: the submission as read.
        findings: reasons, errors first; the first 11 are told.
        tcn, dat: of the answer.
        ori: who answers.
        dai: whom the answer goes to when the submission does not say so legibly.
    """
    booking = read_booking(received)
    messages = tuple(ErrorMessage(f.code, f.message, f.field, f.found) for f in findings)
    return ErrorAnswer(
        tcn=tcn,
        tcr=booking.tcn if 10 <= len(booking.tcn) <= 40 and is_plain(booking.tcn) else "",
        ori=ori,
        dai=booking.ori if _is_agency(booking.ori) else dai,
        dat=dat,
        pry=booking.pry if booking.pry in tuple("123456789") else "",
        cri=tuple(c for c in booking.cri if _is_agency(c))[:3],
        sco=tuple(s for s in booking.sco if 9 <= len(s) <= 19 and _is_agency(s[:9]) and is_plain(s))[:9],
        messages=messages[:MAX_MESSAGES],
    )


def build_sre(answer: SubmissionResult) -> bytes:
    """Write an SRE.

    Raises:
        RecordError: code and field of what is wrong.
    """
    data = write(_type_1("SRE", answer), [TaggedRecord(2, _fields(answer, _SRE_TEXTS, _SRE_LISTS))])
    refuse_unless_valid(read(data))
    return data


def build_errt(answer: ErrorAnswer) -> bytes:
    """Write an ERRT. A TCR that could not be read from the submission is left out, against Appendix B.

    Raises:
        RecordError: code and field of what is wrong.
    """
    fields = _fields(answer, _ERRT_TEXTS, _ERRT_LISTS)
    if answer.messages:
        fields[60] = [[m.to_text()] for m in answer.messages]
    data = write(_type_1("ERRT", answer), [TaggedRecord(2, fields)])
    if answer.tcr:
        refuse_unless_valid(read(data))
    return data


def read_result(transaction: Transaction) -> SubmissionResult:
    """Return what an SRE says, leniently: what is missing or unreadable is empty."""
    return SubmissionResult(**_parts(transaction, _SRE_TEXTS, _SRE_LISTS))  # type: ignore[arg-type]


def read_error(transaction: Transaction) -> ErrorAnswer:
    """Return what an ERRT says, leniently."""
    second = transaction.first(2)
    messages = tuple(ErrorMessage.from_text(t) for t in second.occurrences("2.060")) if second else ()
    return ErrorAnswer(**_parts(transaction, _ERRT_TEXTS, _ERRT_LISTS), messages=messages)  # type: ignore[arg-type]


def _type_1(tot: str, answer: SubmissionResult | ErrorAnswer) -> dict[int, FieldValue]:
    fields = {
        2: version_written(), 4: tot, 5: answer.dat, 6: answer.pry, 7: answer.dai, 8: answer.ori, 9: answer.tcn,
        10: answer.tcr, 11: NO_RESOLUTION, 12: NO_RESOLUTION,
    }  # fmt: skip
    return {number: text for number, text in fields.items() if text}


def _fields(
    answer: SubmissionResult | ErrorAnswer, texts: dict[int, str], lists: dict[int, str]
) -> dict[int, FieldValue]:
    fields: dict[int, FieldValue] = {n: v for n, name in texts.items() if (v := getattr(answer, name))}
    return fields | {n: [[item] for item in v] for n, name in lists.items() if (v := getattr(answer, name))}


def _parts(transaction: Transaction, texts: dict[int, str], lists: dict[int, str]) -> dict[str, object]:
    parts: dict[str, object] = {
        "tcn": transaction.tcn, "tcr": transaction.tcr, "ori": transaction.ori, "dai": transaction.dai,
        "pry": transaction.pry, "dat": transaction.get("1.005"),
    }  # fmt: skip
    second = transaction.first(2)
    if second is not None:
        parts |= {name: second.get(f"2.{n:03d}") for n, name in texts.items()}
        parts |= {name: second.occurrences(f"2.{n:03d}") for n, name in lists.items()}
    return parts


def _is_agency(text: str) -> bool:
    return _AGENCY.fullmatch(text) is not None


def _printable(text: str) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text)
