"""The file as a whole: framing, the list of contents, IDCs, version, resolution and character set (Type-1)."""

from __future__ import annotations

import re
from itertools import pairwise

from tenprint.records.itl.character_sets import CharacterSet
from tenprint.records.itl.findings import ERROR, WARNING
from tenprint.records.itl.record import Problem
from tenprint.records.itl.record_view import RecordView
from tenprint.records.itl.table_model import Table
from tenprint.records.itl.transaction import Transaction
from tenprint.records.itl.verdicts import Findings

VERSION_2007, VERSION_2011, VERSION_2013, VERSION_2015 = 400, 500, 501, 502
VERSIONS = ("0200", "0201", "0300", "0400", "0500", "0501", "0502")
DEPRECATED = (3, 5, 6)
"""Low resolution and binary finger images, deprecated by the 2011 edition."""
SINCE = {
    **dict.fromkeys((18, 19, 20, 21, 98), VERSION_2011),
    **dict.fromkeys((11, 12, 22), VERSION_2013),
}
"""Record types by the edition that brought them, where it came after 2007."""
RESERVED = frozenset({*range(23, 98)})
FIXED_RESOLUTION = (3, 4, 5, 6, 7)
"""Types that take their resolution from 1.011 and 1.012; without them both say 00.00."""
LEAST_PPMM = 19.30
"""490 pixels per inch: 500 less the allowed 2 per cent."""
MAX_IDC = 99
CHARACTER_SETS = {int(s): s.name.replace("_", "") for s in CharacterSet if s is not CharacterSet.LATIN_1}
"""Names by index (5.6); 1 is an older 8-bit set, 5 to 127 are reserved, the rest is the user's."""
RESERVED_SETS = range(5, 128)
_DECIMAL = re.compile(r"[0-9]{2}\.[0-9]{2}")
_RULES = {"E0012": "length", "E0005": "field-tags", "E0004": "framing"}


def version_of(transaction: Transaction) -> int:
    """Return 1.002 as a number, 0 when it is none."""
    text = transaction.ver
    return int(text) if len(text) == 4 and text.isascii() and text.isdecimal() else 0


def check_file(transaction: Transaction, views: list[RecordView], table: Table, findings: Findings) -> None:
    """Judge the file as a whole.

    Args:
        transaction: as read.
        views: its records, Type-1 first.
        table: the standard's.
        findings: where to write.
    """
    for problem in transaction.reading_problems:
        _reading(problem, views, findings)
    if not views or views[0].type != 1:
        return
    if len(views) < 2:
        findings.add("records-needed", "nothing follows the Type-1 record", expected="one record of another type")
    _version(transaction, views[0], table, findings)
    _idcs(views, version_of(transaction), findings)
    for view in views:
        if view.type in DEPRECATED and version_of(transaction) >= VERSION_2011:
            findings.add(
                "record-deprecated",
                f"Type-{view.type} records are not allowed since 2011",
                view=view,
                expected="Type-4 or Type-14",
            )
        if view.type in RESERVED or (view.type == 1 and view.index):
            findings.add("record-type", f"there is no Type-{view.type} record here", view=view)
        if SINCE.get(view.type, 0) > version_of(transaction) >= VERSION_2007:
            findings.add(
                "record-type",
                f"Type-{view.type} records came with a later edition than the file declares",
                view=view,
                expected=f"1.002 of {SINCE[view.type]:04d} or higher",
            )
    _resolution(views, version_of(transaction), findings)
    _character_set(views, findings)


def _reading(problem: Problem, views: list[RecordView], findings: Findings) -> None:
    rule = _RULES.get(problem.code, "")
    if not rule:
        rule = "content-idc" if problem.field.endswith(".002") else "content-list"
    kind, _, number = problem.field.partition(".")
    # The record that the problem names: the last of its type that begins before the break; there may be none.
    before = (v for v in reversed(views) if v.record.offset <= problem.offset and str(v.type) == kind)
    findings.add(
        rule,
        problem.message,
        view=next(before, None),
        number=int(number) if number.isdecimal() else 0,
        field=problem.field,
        offset=problem.offset,
        code=problem.code,
    )


def _version(transaction: Transaction, first: RecordView, table: Table, findings: Findings) -> None:
    version = transaction.ver
    if not version_of(transaction) or version in VERSIONS:
        return  # the field's own rules judge what is no version at all
    severity = WARNING if version > table.reads[1] else ERROR
    findings.add(
        "version",
        "the version is none that the table knows",
        view=first,
        number=2,
        found=version,
        expected=" ".join(VERSIONS),
        severity=severity,
    )


def _idcs(views: list[RecordView], version: int, findings: Findings) -> None:
    others = [v for v in views[1:] if v.record.idc >= 0]
    for at, occurrence in enumerate(views[0].all(3)[1:], 2):
        idc = occurrence.items[-1]
        if idc.isdecimal() and len(idc) < 9 and int(idc) > MAX_IDC:
            findings.add(
                "content-list",
                "an IDC is larger than 99",
                view=views[0],
                number=3,
                occurrence=at,
                item="IDC",
                found=idc,
                expected="0 to 99",
            )
    # NIST's own files of 2015 have gaps, so this is a remark and no refusal.
    used = sorted({v.record.idc for v in others})
    if version >= VERSION_2011 and used and (used[0] > 1 or any(b - a > 1 for a, b in pairwise(used))):
        findings.add(
            "idc-sequence",
            "the IDCs do not count up one by one",
            view=others[-1],
            number=2,
            found=" ".join(map(str, used)),
            expected="0, 1, 2 and so on without a gap",
            severity=WARNING,
        )
    seen: dict[int, list[RecordView]] = {}
    for view in others:
        for other in seen.setdefault(view.record.idc, []):
            if _contradict(view, other):
                findings.add(
                    "idc-shared",
                    "records that share an IDC do not show the same thing",
                    view=view,
                    number=2,
                    found=str(view.record.idc),
                    expected="an IDC of its own",
                )
                break
        if len(seen[view.record.idc]) < MAX_IDC:
            seen[view.record.idc].append(view)


def _contradict(one: RecordView, other: RecordView) -> bool:
    """Tell whether two records cannot be representations of one trait: two text records, or two different fingers."""
    if one.type == other.type == 2:
        return True
    if one.type != other.type or one.type not in (4, 13, 14, 15):
        return False
    number = 4 if one.type == 4 else 13
    return set(one.numbers(number)) != set(other.numbers(number))


def _resolution(views: list[RecordView], version: int, findings: Findings) -> None:
    has_fixed = any(v.type in FIXED_RESOLUTION for v in views)
    for number, name in ((11, "NSR"), (12, "NTR")):
        text = views[0].text(number)
        if not _DECIMAL.fullmatch(text):
            continue
        if not has_fixed and text != "00.00":
            findings.add(
                "resolution-type-4",
                f"{name} must be 00.00 without a Type-4 or Type-7 record",
                view=views[0],
                number=number,
                found=text,
                expected="00.00",
                # Files of 1-2000 that circulate as valid give their resolution in any case: a remark.
                severity=WARNING if 0 < version < VERSION_2007 else ERROR,
            )
        if has_fixed and float(text) < LEAST_PPMM and any(v.type == 4 for v in views):
            findings.add(
                "resolution-type-4",
                f"{name} is below the least resolution of a Type-4 record",
                view=views[0],
                number=number,
                found=text,
                expected="19.30 pixels a millimetre or more",
            )


def _character_set(views: list[RecordView], findings: Findings) -> None:
    first = views[0]
    sets = [(o.items[0], o.items[1] if len(o.items) > 1 else "") for o in first.all(15)]
    index = int(sets[0][0]) if sets and sets[0][0].isdecimal() and len(sets[0][0]) < 4 else 0
    if sets and sets[0][0]:
        name = re.sub("[^A-Z0-9]", "", sets[0][1].upper())
        known = CHARACTER_SETS.get(index)
        if index in RESERVED_SETS or (known and name and not name.startswith(known)):
            findings.add(
                "character-set",
                "index and name of the character set do not belong together",
                view=first,
                number=15,
                occurrence=1,
                item="CSN",
                found=sets[0][1],
                expected=known or "",
            )
    for view in views:
        for number, occurrences in view.fields.items():
            for at, occurrence in enumerate(occurrences, 1):
                if index in (0, 3) and not occurrence.text.isascii() and not _readable(view, number, index):
                    findings.add(
                        "text-encoding",
                        "the field is not in the character set that 1.015 names",
                        view=view,
                        number=number,
                        occurrence=at,
                        expected=CHARACTER_SETS[index],
                    )
                    break


def _readable(view: RecordView, number: int, index: int) -> bool:
    if index == 0:
        return False
    try:
        (view.record.value(view.tag(number)) or b"").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
