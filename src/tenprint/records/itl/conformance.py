"""Is this file what ANSI/NIST-ITL 1-2011 says it must be? A step apart from reading, and from any profile.

Structure first (framing, contents, IDCs), then each field by the standard's table, then what must fit together. Files
of an older version are judged by the same table; where the versions differ, 1.002 decides.
"""

from __future__ import annotations

from tenprint.records.itl.edition_rules import check_edition
from tenprint.records.itl.field_rules import check_fields
from tenprint.records.itl.file_rules import check_file, version_of
from tenprint.records.itl.findings import ERROR, Finding
from tenprint.records.itl.image_rules import check_image
from tenprint.records.itl.record_rules import check_record
from tenprint.records.itl.record_view import views_of
from tenprint.records.itl.tables import load_table
from tenprint.records.itl.transaction import Transaction
from tenprint.records.itl.verdicts import Findings

STANDARD = "itl-2011"


def validate_itl(transaction: Transaction) -> tuple[Finding, ...]:
    """Judge a file by ANSI/NIST-ITL 1-2011 Update 2015, whatever its domain and type of transaction.

    Args:
        transaction: as read; what broke in reading is among the findings.

    Returns:
        what is wrong, errors first, then in file order; empty for a file that keeps the standard as far as it is
        known here (`unknown` of the table ``itl-2011``).
    """
    table = load_table(STANDARD)
    findings = Findings(table)
    views = views_of(transaction.records)
    check_file(transaction, views, table, findings)
    version = version_of(transaction)
    for view in views:
        if findings.full:
            break
        if table.of_type(view.type):
            check_fields(view, table, findings)
        check_image(view, version, findings)
        check_record(view, version, findings)
        check_edition(view, version, findings)
    return tuple(sorted(findings.found, key=lambda f: (f.severity != ERROR, f.record, f.offset)))
