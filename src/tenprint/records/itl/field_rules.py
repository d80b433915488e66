"""Does a field hold what the table says? Occurrence, length, characters, codes, dates, items: one rule each."""

from __future__ import annotations

from tenprint.records.itl.findings import ERROR, WARNING
from tenprint.records.itl.judging import is_date
from tenprint.records.itl.patterns import compile_pattern
from tenprint.records.itl.record_view import MAX_OCCURRENCES_OF_FILE, Occurrence, RecordView
from tenprint.records.itl.table_model import ANY, CodeTable, FieldRule, ItemRule, Table
from tenprint.records.itl.verdicts import Findings

BINARY_LAST = 8
"""Types up to this one have no tags, or only the domain's fields (Type-2)."""
USER_DEFINED = range(200, 901)
"""Field numbers that Types 10 and above leave to the user."""
EXTENDED_MINUTIAE = range(13, 400)
"""Fields of Type-9 that vendors and the extended feature set fill; the table says which of them it does not know."""


def check_fields(view: RecordView, table: Table, findings: Findings) -> None:
    """Judge every field of a record by the table.

    Args:
        view: of a record whose type the table covers.
        table: the standard's.
        findings: where to write.
    """
    rules = table.of_type(view.type)
    for rule in rules:
        if findings.full:
            return
        fewest, most = rule.occurs.get(ANY, (0, 0))
        count = len(view.all(rule.number))
        if count < fewest:
            findings.add(
                "field-missing",
                f"the mandatory field {rule.mnemonic} is missing",
                view=view,
                number=rule.number,
                expected=rule.title,
                clause=rule.clause,
            )
        if len(view.fields.get(rule.number, ())) > most:
            findings.add(
                "field-occurs",
                f"{rule.mnemonic} occurs more than {most} times",
                view=view,
                number=rule.number,
                found=str(count),
                expected=f"at most {most}",
                clause=rule.clause,
            )
        _field(view, rule, table, findings)
    for number in view.cut:
        message = f"the file has more than {MAX_OCCURRENCES_OF_FILE} subfields; the rest of this field is not judged"
        findings.add("field-occurs", message, view=view, number=number, expected="fewer subfields")
    for number in view.twice:
        findings.add("field-twice", "the field is given twice", view=view, number=number, expected="one field")
    if view.type > BINARY_LAST or view.type == 1:
        _unknown(view, {rule.number for rule in rules}, findings)


def _unknown(view: RecordView, known: set[int], findings: Findings) -> None:
    allowed = EXTENDED_MINUTIAE if view.type == 9 else USER_DEFINED if view.type != 1 else ()
    for number in view.fields:
        if number not in known and number not in allowed:
            findings.add(
                "field-unknown",
                "the field is not known to the standard",
                view=view,
                number=number,
                found=view.text(number),
                severity=WARNING,
            )


def _field(view: RecordView, rule: FieldRule, table: Table, findings: Findings) -> None:
    occurrences = view.fields.get(rule.number, ())
    is_optional = rule.occurs.get(ANY, (0, 0))[0] == 0
    for at, occurrence in enumerate(occurrences, 1):
        if not occurrence.text and (len(occurrences) > 1 or is_optional):
            findings.add(
                "field-length",
                f"{rule.mnemonic} is empty",
                view=view,
                number=rule.number,
                occurrence=at,
                expected=rule.title,
                clause=rule.clause,
            )
        elif occurrence.text and rule.items:
            _items(view, rule, table, findings, (at, occurrence))
        elif occurrence.text:
            wrong = what_is_wrong(rule, table, occurrence.text)
            if wrong:
                findings.add(
                    wrong[0],
                    f"{rule.mnemonic} {wrong[1]}",
                    view=view,
                    number=rule.number,
                    occurrence=at,
                    found=occurrence.text,
                    expected=wrong[2],
                    clause=rule.clause,
                    severity=_weight(rule, table),
                )


def _items(view: RecordView, rule: FieldRule, table: Table, findings: Findings, at: tuple[int, Occurrence]) -> None:
    given = at[1].items
    if any(given[len(rule.items) :]):
        findings.add(
            "field-items",
            f"{rule.mnemonic} has more items than are defined",
            view=view,
            number=rule.number,
            occurrence=at[0],
            found=str(len(given)),
            expected=f"{len(rule.items)} items",
            clause=rule.clause,
        )
    for place, item in enumerate(rule.items):
        text = given[place] if place < len(given) else ""
        if not text:
            if not item.optional:
                findings.add(
                    "field-items",
                    f"{rule.mnemonic} lacks its item {item.mnemonic}",
                    view=view,
                    number=rule.number,
                    occurrence=at[0],
                    item=item.mnemonic,
                    expected=item.mnemonic,
                    clause=rule.clause,
                )
            continue
        wrong = what_is_wrong(item, table, text)
        if wrong:
            message = f"the item {item.mnemonic} of {rule.mnemonic} {wrong[1]}"
            findings.add(
                wrong[0],
                message,
                view=view,
                number=rule.number,
                occurrence=at[0],
                item=item.mnemonic,
                found=text,
                expected=wrong[2],
                clause=rule.clause,
                severity=_weight(item, table),
            )


def _weight(rule: FieldRule | ItemRule, table: Table) -> str:
    """A list of codes that is not known to be complete refuses nothing."""
    return WARNING if rule.codes and table.codes[rule.codes].is_open else ERROR


def what_is_wrong(rule: FieldRule | ItemRule, table: Table, text: str) -> tuple[str, str, str] | None:
    """Return rule, sentence and expectation for a value that the table does not allow, None for one that it does."""
    if rule.codes:
        return _wrong_code(table.codes[rule.codes], text)
    if not rule.shortest <= len(text) <= rule.longest:
        size = str(rule.longest) if rule.shortest == rule.longest else f"{rule.shortest} to {rule.longest}"
        return "field-length", f"must have {size} characters", f"{size} characters"
    if not is_date(text, rule.date):
        return "field-date", "is no calendar date", "a day that exists, as YYYYMMDD"
    if rule.pattern and not compile_pattern(rule.pattern).matches(text):
        return "field-characters", "contains characters that are not allowed", f"text that matches {rule.pattern}"
    if not rule.pattern and any(c < " " and c not in "\t\r\n" for c in text):
        return "field-characters", "contains separators or control characters", "text"
    return None


def _wrong_code(codes: CodeTable, text: str) -> tuple[str, str, str] | None:
    # Codes are numbers with and without leading zeros: 1 and 01 are one finger.
    number = text.lstrip("0") or "0" if text.isdecimal() and text.isascii() else text
    if text in codes.values or number in codes.values:
        return None
    return "field-code", "is no code of its table", f"a code of the table {codes.name}"
