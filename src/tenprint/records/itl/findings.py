"""One thing that is wrong with a transaction, and where it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tenprint.records.itl.record import Record
from tenprint.records.itl.table_model import Table
from tenprint.records.itl.transaction import Transaction

ERROR, WARNING = "error", "warning"
FOUND_CHARACTERS = 30
"""Characters of a bad field that a finding quotes (EBTS 8.001 section 3.8)."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a transaction.

    Args:
        code: EBTS 8.001 code, Appendix M.
        field: tag such as ``2.018``, ``""`` for the file as a whole.
        found: the first 30 characters of what the field holds; it may be personal data, so it is not shown by repr.
        message: a sentence without personal data.
        severity: ``error`` (reject) or ``warning`` (accept, say so).
        record: index of the record in the file, -1 for the file as a whole.
        idc: its image designation character, -1 when it has none.
        occurrence: of a repeating field, from 1; 0 for the field as a whole.
        item: mnemonic of the item of a grouped field, or ``""``.
        offset: byte in the file where the field (or else the record) begins, -1 when there is none.
        expected: what would be right, in words, or ``""``.
        rule: id of the rule that spoke, such as ``2.018/length`` or the name of a relation.
        edition: of the table that has the rule.
        clause: of the table's document, or ``""``.
    """

    code: str
    field: str
    found: str = dataclasses.field(repr=False)
    message: str
    severity: str = ERROR
    record: int = -1
    idc: int = -1
    occurrence: int = 0
    item: str = ""
    offset: int = -1
    expected: str = ""
    rule: str = ""
    edition: str = ""
    clause: str = ""


def finding_of(code: str, tag: str, found: str, message: str, severity: str = ERROR, **more: str | int) -> Finding:
    """Return a finding that quotes no more of the field than allowed."""
    return Finding(code, tag, found[:FOUND_CHARACTERS], message, severity, **more)  # type: ignore[arg-type]


def located(finding: Finding, transaction: Transaction, table: Table) -> Finding:
    """Return the finding with its place in the file, and the edition and clause, as far as it does not have them."""
    index = finding.record if finding.record >= 0 else _index_of(finding.field, transaction)
    offset, idc = finding.offset, finding.idc
    if index >= 0:
        record = transaction.records[index]
        offset = offset if offset >= 0 else offset_of(record, finding.field)
        idc = idc if idc >= 0 else record.idc
    rule = table.fields.get(finding.field)
    clause = finding.clause or (rule.clause if rule else "")
    edition = finding.edition or (rule.edition if rule else "") or table.edition or table.name
    return replace(finding, record=index, idc=idc, offset=offset, clause=clause, edition=edition)


def offset_of(record: Record, tag: str) -> int:
    """Return the byte in the file where a field of this record begins, else where the record does."""
    kind, _, number = tag.partition(".")
    if kind == str(record.type) and number.isdecimal():
        for field in record.fields:
            if field.number == int(number):
                return record.offset + field.tag_start
    return record.offset


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding means rejection."""
    return any(f.severity == ERROR for f in findings)


def _index_of(tag: str, transaction: Transaction) -> int:
    kind = tag.partition(".")[0]
    return next((n for n, r in enumerate(transaction.records) if str(r.type) == kind), -1)
