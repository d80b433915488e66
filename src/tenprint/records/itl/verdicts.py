"""Where a judge writes down what it finds: every finding names its rule, edition, clause and place."""

from __future__ import annotations

from tenprint.records.itl.findings import ERROR, FOUND_CHARACTERS, Finding
from tenprint.records.itl.record_view import RecordView
from tenprint.records.itl.table_model import RelationRule, Table

MAX_FINDINGS = 1_000
"""Findings kept of one file; one more says that there are others."""


class Findings:
    """What was found so far.

    Args:
        table: names the rules, their codes and clauses.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.found: list[Finding] = []
        self._rules = {rule.name: rule for rule in table.relations}

    @property
    def full(self) -> bool:
        """Tell whether more findings would be dropped."""
        return len(self.found) > MAX_FINDINGS

    def add(
        self,
        rule: str,
        message: str,
        *,
        view: RecordView | None = None,
        number: int = 0,
        occurrence: int = 0,
        item: str = "",
        found: str = "",
        expected: str = "",
        severity: str = ERROR,
        offset: int = -1,
        code: str = "",
        field: str = "",
        clause: str = "",
    ) -> None:
        """Keep a finding.

        Args:
            rule: id of a rule of the table.
            message: a sentence without personal data.
            view, number: the record and its field; 0 for the record as a whole.
            occurrence: from 1.
            item: mnemonic of the item at fault.
            found, expected: what is there, and what should be.
            severity: ``error`` or ``warning``.
            field: the tag, where there is no record.
            offset, code, clause: where they differ from those of the field and of the rule.
        """
        if self.full:
            return
        if len(self.found) == MAX_FINDINGS:
            rule, message, view, severity = "framing", f"more than {MAX_FINDINGS} findings in one file", None, ERROR
        known = self._rules.get(rule, RelationRule(rule, "E0002"))
        if view is not None and offset < 0:
            occurrences = view.fields.get(number, ())
            offset = occurrences[occurrence - 1].offset if 0 < occurrence <= len(occurrences) else view.offset(number)
        self.found.append(
            Finding(
                code=code or known.code,
                field=view.tag(number or 1) if view is not None else field,
                found=found[:FOUND_CHARACTERS],
                message=message,
                severity=severity,
                record=view.index if view is not None else -1,
                idc=view.record.idc if view is not None else -1,
                occurrence=occurrence,
                item=item,
                offset=offset,
                expected=expected,
                rule=rule,
                edition=self.table.edition,
                clause=clause or known.clause,
            )
        )
