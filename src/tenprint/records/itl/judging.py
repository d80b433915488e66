"""One record against the field rules of a table: presence, occurrences, lengths, characters, codes, dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tenprint.records.itl.findings import ERROR, WARNING, Finding, finding_of
from tenprint.records.itl.record import Record
from tenprint.records.itl.table_model import MANY, FieldRule, ItemRule, Table

MAX_WORK_OF_RECORD = 5_000_000
"""Steps of patterns for one record, some seconds: a hostile profile and a hostile file together must not take hours."""
MAX_FINDINGS_OF_FIELD = 20
"""Bad occurrences told of one field; a hostile file must not make a hundred thousand."""
FRAMING = frozenset({"1.001", "1.003", "2.001"})
"""Lengths and file content: the reader has judged them."""
CODES_NAMED = 20
"""Codes that a message lists; of a longer table it says the name."""
UNKNOWN_DATE = "0" * 8


def judge_record(record: Record, index: int, table: Table, tot: str, *, closed: bool = True) -> Iterator[Finding]:
    """Yield what is wrong with the fields of a record.

    Args:
        record: as read.
        index: of the record in the file.
        table: the rules.
        tot: type of transaction whose rules hold.
        closed: also tell of fields that the table does not define for this type.
    """
    in_force, present = table.in_force(record.type, tot), record.numbers
    work_left = MAX_WORK_OF_RECORD
    for rule, span in in_force.rules:
        if (rule.number not in present and not span[0]) or rule.tag in FRAMING:
            continue
        severity = ERROR if span[0] or rule.severity == ERROR else WARNING
        values = occurrences(record, rule)
        if not span[0] <= len(values) <= span[1]:
            yield from _counted(rule, values, span, severity, index)
        work = rule.steps * sum(map(len, values))
        if work > work_left:
            yield _unjudged(rule, index)
            continue
        work_left -= work
        bad = 0
        for number, value in enumerate(values, 1):
            finding = judge_value(rule, table, value, severity=severity, index=index, number=number)
            if finding is not None:
                yield finding
                bad += 1
                if bad == MAX_FINDINGS_OF_FIELD:
                    break
    if closed:
        for number in sorted(present - in_force.numbers):
            tag = f"{record.type}.{number:03d}"
            message = f"the field is not defined for {tot}"
            yield finding_of(
                "E0002",
                tag,
                record.get(tag),
                message,
                WARNING,
                record=index,
                rule=f"{tag}/undefined",
                expected="no such field",
            )


def occurrences(record: Record, rule: FieldRule) -> tuple[str, ...]:
    """Return a field's occurrences as text; in grouped fields the items of one stay joined by US.

    In all others US is read as a separator of occurrences too.
    """
    if rule.items:
        return tuple("\x1f".join(items) for items in record.items(rule.tag) if any(items))
    return record.occurrences(rule.tag)


def judge_value(rule: FieldRule, table: Table, value: str, *, severity: str, index: int, number: int) -> Finding | None:
    """Return the first thing that is wrong with one occurrence, None when it is right."""
    wrong = _what_is_wrong(rule, table, value)
    if wrong is None:
        return None
    code, message, kind, expected, item, is_open = wrong
    return finding_of(
        code, rule.tag, value, f"{rule.mnemonic} {message}", WARNING if is_open else severity, record=index,
        occurrence=number, item=item, expected=expected, rule=f"{rule.tag}/{kind}",
    )  # fmt: skip


def _what_is_wrong(rule: FieldRule, table: Table, value: str) -> tuple[str, str, str, str, str, bool] | None:
    """Return code, sentence, kind of rule, what was expected, the item at fault, and whether the code list is open."""
    if not rule.shortest <= len(value) <= rule.longest:
        size = _size(rule)
        return "E0003", f"must have {size}", "length", size, "", False
    if rule.pattern and not rule.fits(value):
        return "E0002", "contains invalid data", "characters", f"text that matches {rule.pattern}", "", False
    if rule.codes and value not in table.codes[rule.codes].values:
        is_open = table.codes[rule.codes].is_open
        return "E0002", "contains invalid data", "codes", _codes(table, rule.codes), "", is_open
    if rule.date and not is_date(value, rule.date):
        return "E0003", "is no calendar date", "date", "a day that exists, as YYYYMMDD", "", False
    found = _wrong_item(rule, table, value.split("\x1f")) if rule.items else None
    if found is None:
        return None
    code, item, kind, expected, is_open = found
    message = "contains invalid data" if kind != "date" else "has a date that is no calendar date"
    return code, message, kind, expected, item, is_open


def is_date(text: str, kind: str) -> bool:
    """Tell whether text is what a date rule asks for: anything (``""``), a day, or a day or eight zeros (``zero``)."""
    return not kind or (kind == "zero" and text == UNKNOWN_DATE) or is_calendar_date(text)


def is_calendar_date(text: str) -> bool:
    """Tell whether `text` is a day that exists, as YYYYMMDD."""
    if len(text) != 8 or not (text.isascii() and text.isdecimal()):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def _unjudged(rule: FieldRule, index: int) -> Finding:
    message = f"the record holds too much to judge {rule.mnemonic} by its pattern"
    return finding_of("E0005", rule.tag, "", message, record=index, rule=f"{rule.tag}/too-much", expected="less data")


def _counted(
    rule: FieldRule, values: tuple[str, ...], span: tuple[int, int], severity: str, index: int
) -> Iterator[Finding]:
    fewest, most = span
    count = f"at least {fewest}" if most == MANY else str(most) if fewest == most else f"{fewest} to {most}"
    times = f"{count} occurrence{'' if most == 1 == fewest else 's'}"
    if len(values) < fewest:
        message = f"the mandatory field {rule.mnemonic} is missing"
        if values:
            message = f"{rule.mnemonic} occurs fewer than {fewest} times"
        yield finding_of("E0001", rule.tag, "", message, record=index, rule=f"{rule.tag}/mandatory", expected=times)
    if len(values) > most:
        yield finding_of(
            "E0002", rule.tag, values[most], f"{rule.mnemonic} occurs more than {most} times", severity,
            record=index, occurrence=most + 1, rule=f"{rule.tag}/occurrences", expected=times,
        )  # fmt: skip


def _wrong_item(rule: FieldRule, table: Table, items: list[str]) -> tuple[str, str, str, str, bool] | None:
    """Return code, item, kind of rule, what was expected and whether the code list is open."""
    if len(items) > len(rule.items):
        return "E0002", "", "items", f"the items {', '.join(i.mnemonic for i in rule.items)}", False
    for number, item in enumerate(rule.items):
        text = items[number] if number < len(items) else None
        if not text and item.optional:
            continue
        if text is None:
            return "E0002", item.mnemonic, "items", f"an item {item.mnemonic}", False
        if not item.fits(text):
            shape = f" that matches {item.pattern}" if item.pattern else ""
            return "E0002", item.mnemonic, "items", f"{_size(item)}{shape}", False
        if item.codes and text not in table.codes[item.codes].values:
            return "E0002", item.mnemonic, "codes", _codes(table, item.codes), table.codes[item.codes].is_open
        if not is_date(text, item.date):
            return "E0003", item.mnemonic, "date", "a day that exists, as YYYYMMDD", False
    return None


def _size(rule: FieldRule | ItemRule) -> str:
    if rule.shortest == rule.longest:
        return f"{rule.longest} characters"
    return f"{rule.shortest} to {rule.longest} characters"


def _codes(table: Table, name: str) -> str:
    values = sorted(table.codes[name].values)
    return "one of " + ", ".join(values) if len(values) <= CODES_NAMED else f"a code of the table {name}"
