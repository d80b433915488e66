"""Findings as SARIF 2.1.0 (OASIS, 27 March 2020), the format that code hosts and editors show.

What a field holds is left out: such a report is made to be passed on, and a field may be personal data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from tenprint.records.itl.findings import ERROR, Finding
from tenprint.records.itl.table_model import Table

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SARIF_VERSION = "2.1.0"


def as_sarif(judged: Iterable[tuple[str, Sequence[Finding]]], table: Table, *, tool_version: str) -> dict[str, Any]:
    """Return a SARIF log of one run.

    Args:
        judged: name of each file as given, and what is wrong with it.
        table: the profile that was used.
        tool_version: of Tenprint.
    """
    files = list(judged)
    rules: dict[str, Finding] = {}
    for _, findings in files:
        for finding in findings:
            rules.setdefault(rule_id(finding), finding)
    order = {name: n for n, name in enumerate(rules)}
    driver = {
        "name": "tenprint",
        "version": tool_version,
        "rules": [_rule(name, finding) for name, finding in rules.items()],
    }
    run = {
        "tool": {"driver": driver},
        "artifacts": [{"location": {"uri": _uri(name)}} for name, _ in files],
        "results": [
            _result(finding, name, number, order[rule_id(finding)])
            for number, (name, findings) in enumerate(files)
            for finding in findings
        ],
        "properties": {"profile": table.name, "edition": table.edition, "unknown": list(table.unknown)},
    }
    return {"$schema": SCHEMA, "version": SARIF_VERSION, "runs": [run]}


def rule_id(finding: Finding) -> str:
    """Return the id under which a finding's rule stands in the log: its code and, when it has one, its rule."""
    return f"{finding.code}/{finding.rule}" if finding.rule else finding.code


def _rule(name: str, finding: Finding) -> dict[str, Any]:
    about = f"{finding.code}, rule {finding.rule or 'without a name'} of {finding.edition}"
    rule: dict[str, Any] = {"id": name, "shortDescription": {"text": about}}
    if finding.clause:
        rule["help"] = {"text": f"{finding.edition}: {finding.clause}"}
    return rule


def _result(finding: Finding, file: str, number: int, rule_index: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file), "index": number}}
    if finding.offset >= 0:
        place["region"] = {"byteOffset": finding.offset}
    location: dict[str, Any] = {"physicalLocation": place}
    if finding.field:
        parts = [finding.field, str(finding.occurrence) if finding.occurrence else "", finding.item]
        location["logicalLocations"] = [{"fullyQualifiedName": "/".join(p for p in parts if p), "kind": "member"}]
    expected = f" Expected: {finding.expected}." if finding.expected else ""
    return {
        "ruleId": rule_id(finding),
        "ruleIndex": rule_index,
        "level": "error" if finding.severity == ERROR else "warning",
        "message": {"text": f"{finding.message[:1].upper()}{finding.message[1:]}.{expected}"},
        "locations": [location],
        "properties": {
            "code": finding.code,
            "record": finding.record,
            "idc": finding.idc,
            "clause": finding.clause,
            "edition": finding.edition,
        },
    }


def _uri(name: str) -> str:
    return quote(name.replace("\\", "/"), safe="/")
