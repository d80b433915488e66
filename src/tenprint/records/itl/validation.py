"""Is this transaction what EBTS 8.001 says it must be? A step apart from reading: files are read first, judged then.

A wrong mandatory field is an error and the submission is rejected; a wrong optional field is a warning, and the
received bytes are kept (domain.md section 5).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from tenprint.core.errors import RecordError
from tenprint.core.fingers import PLAIN_SETS, SINGLE_FINGERS, FingerPosition
from tenprint.records.itl.ebts_fields import (
    GROUPED,
    NEWEST_VERSION,
    OLDEST_VERSION,
    PROFILED,
    SUBMISSIONS,
    TYPE_1,
    TYPE_2,
    FieldRule,
)
from tenprint.records.itl.record import Problem, Record
from tenprint.records.itl.transaction import Transaction

ERROR, WARNING = "error", "warning"
FOUND_CHARACTERS = 30
"""Characters of a bad field that a finding quotes (EBTS 8.001 section 3.8)."""
CRIMINAL_IMAGES = 14


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a transaction.

    Args:
        code: EBTS 8.001 code, Appendix M.
        field: tag such as ``2.018``, ``""`` for the file as a whole.
        found: the first 30 characters of what the field holds; it may be personal data, so it is not shown by repr.
        message: a sentence without personal data.
        severity: ``error`` (reject) or ``warning`` (accept, say so).
    """

    code: str
    field: str
    found: str = dataclasses.field(repr=False)
    message: str
    severity: str = ERROR


def validate(transaction: Transaction, *, authorised: Iterable[str] = PROFILED) -> tuple[Finding, ...]:
    """Check a CAR, CNA, SRE or ERRT against EBTS 8.001.

    Args:
        transaction: as read.
        authorised: types of transaction that the receiver takes from this sender.

    Returns:
        what is wrong, errors first; empty for a valid transaction.
    """
    tot = transaction.tot
    findings = [_from_problem(p) for p in transaction.problems]
    if not transaction.records:
        return tuple(findings)
    if tot and (tot not in PROFILED or tot not in tuple(authorised)):
        findings.append(_finding("A0004", "1.004", tot, "this type of transaction is not known or not authorised here"))
        return tuple(findings)
    profile = tot or "CAR"
    findings += _fields(transaction.records[0], TYPE_1, profile)
    findings += _version(transaction)
    second = transaction.first(2)
    if second is None:
        findings.append(_finding("E0001", "2.001", "", "the Type-2 record is missing"))
    else:
        findings += _fields(second, TYPE_2, profile)
    if tot in SUBMISSIONS and second is not None:
        findings += _relations(transaction, second)
        findings += _images(transaction, second)
    return tuple(sorted(findings, key=lambda f: f.severity != ERROR))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding means rejection."""
    return any(f.severity == ERROR for f in findings)


def refuse_unless_valid(transaction: Transaction) -> None:
    """Raise what a receiver would complain of first.

    Raises:
        RecordError: with the code and field of the first error.
    """
    for finding in validate(transaction):
        if finding.severity == ERROR:
            raise RecordError(finding.code, finding.message, field=finding.field)


def occurrences(record: Record, tag: str) -> tuple[str, ...]:
    """Return a field's occurrences as text; in grouped fields the items of one stay joined by US."""
    if tag in GROUPED:
        return tuple("\x1f".join(items) for items in record.items(tag) if any(items))
    return record.occurrences(tag)


def is_calendar_date(text: str) -> bool:
    """Tell whether `text` is a day that exists, as YYYYMMDD."""
    if len(text) != 8 or not (text.isascii() and text.isdecimal()):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def _finding(code: str, tag: str, found: str, message: str, severity: str = ERROR) -> Finding:
    return Finding(code, tag, found[:FOUND_CHARACTERS], message, severity)


def _from_problem(problem: Problem) -> Finding:
    # Bytes behind the last record are common in the wild and harm nobody.
    is_trailing = problem.code == "E0012" and problem.field == "1.003"
    return _finding(problem.code, problem.field, "", problem.message, WARNING if is_trailing else ERROR)


def _fields(record: Record, rules: tuple[FieldRule, ...], profile: str) -> Iterator[Finding]:
    known = set()
    for rule in rules:
        if profile not in rule.occurs:
            continue
        known.add(int(rule.tag.partition(".")[2]))
        values = occurrences(record, rule.tag)
        fewest, most = rule.occurs[profile]
        severity = ERROR if fewest or rule.tag == "2.084" else WARNING
        if len(values) < fewest:
            yield _finding("E0001", rule.tag, "", f"the mandatory field {rule.mnemonic} is missing")
        if len(values) > most:
            yield _finding("E0002", rule.tag, values[most], f"{rule.mnemonic} occurs more than {most} times", severity)
        for value in values:
            wrong = _what_is_wrong(rule, value)
            if wrong:
                yield _finding(wrong[0], rule.tag, value, wrong[1], severity)
                break
    for number in sorted({f.number for f in record.fields} - known - {1, 2, 3, 13, 14, 15, 16, 17, -1}):
        tag = f"{record.type}.{number:03d}"
        yield _finding("E0002", tag, record.get(tag), f"the field is not defined for {profile}", WARNING)


def _what_is_wrong(rule: FieldRule, value: str) -> tuple[str, str] | None:
    if not rule.shortest <= len(value) <= rule.longest:
        size = str(rule.longest) if rule.shortest == rule.longest else f"{rule.shortest} to {rule.longest}"
        return "E0003", f"{rule.mnemonic} must have {size} characters"
    if not rule.fits(value):
        return "E0002", f"{rule.mnemonic} contains invalid data"
    is_unknown = rule.date == "zero" and value == "0" * 8
    if rule.date and not is_unknown and not is_calendar_date(value):
        return "E0003", f"{rule.mnemonic} is no calendar date"
    return None


def _version(transaction: Transaction) -> Iterator[Finding]:
    version = transaction.ver
    if version and not OLDEST_VERSION <= version <= NEWEST_VERSION:
        message = f"the version is outside {OLDEST_VERSION} to {NEWEST_VERSION}"
        yield _finding("E0003", "1.002", version, message, WARNING)


def _relations(transaction: Transaction, second: Record) -> Iterator[Finding]:
    if transaction.tot == "CNA" and second.get("2.005") == "N":
        yield _finding("E0006", "2.005", "N", "a CNA must be retained (RET Y)")
    born, arrested = second.get("2.022")[:8], second.get("2.045")
    if is_calendar_date(born) and is_calendar_date(arrested) and arrested < born:
        yield _finding("L0037", "2.045", arrested, "the date of arrest is before the date of birth")
    for charge in second.items("2.047"):
        if len(charge) > 1 and charge[0] and not is_calendar_date(charge[0]):
            yield _finding("E0003", "2.047", charge[0], "a date of offense is no calendar date")
            break


def _images(transaction: Transaction, second: Record) -> Iterator[Finding]:
    """Check the 14 images: ten fingers in their own boxes (rolled, or plain in their place) and four plain sets."""
    images = transaction.images()
    tag = "4.004" if transaction.first(4) and not transaction.first(14) else "14.013"
    if not images:
        yield _finding("E0001", tag, "", f"there is no usable finger image; {CRIMINAL_IMAGES} are needed")
        return
    count = Counter(i.fgp for i in images)
    explained = {int(g[0]) for g in second.items("2.084") if len(g) > 1 and g[0].isdecimal() and g[0].isascii()}
    unexplained = [f for f in SINGLE_FINGERS if not count[f] and int(f) not in explained]
    if unexplained:
        numbers = " ".join(str(int(f)) for f in unexplained)
        yield _finding("E0001", "2.084", numbers, f"no image and no reason (AMP) for finger positions {numbers}")
    for plain, fingers in PLAIN_SETS.items():
        if not count[plain] and not {int(f) for f in fingers} <= explained:
            yield _finding("E0001", tag, str(int(plain)), f"the plain impression {plain.title} is missing")
    for position, occurs in count.items():
        if occurs > 1 and position != FingerPosition.UNKNOWN:
            yield _finding("L0059", tag, str(int(position)), f"position {int(position)} is given {occurs} times")
    for image in images:
        if image.fgp in PLAIN_SETS and image.impression.is_rolled:
            message = f"position {int(image.fgp)} is a plain set, its impression type says rolled"
            yield _finding(
                "E0006", "14.003" if image.record_type == 14 else "4.003", str(int(image.impression)), message
            )
