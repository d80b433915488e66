"""Is this transaction what its profile says it must be? A step apart from reading: files are read first, judged then.

A wrong mandatory field is an error and the submission is rejected; a wrong optional field is a warning, and the
received bytes are kept (domain.md section 5). The profile is data: see `tenprint.records.itl.tables`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tenprint.core.errors import RecordError, SenderError
from tenprint.records.itl.conformance import STANDARD, validate_itl
from tenprint.records.itl.findings import ERROR, FOUND_CHARACTERS, WARNING, Finding, finding_of, has_errors, located
from tenprint.records.itl.judging import judge_record
from tenprint.records.itl.record import Problem
from tenprint.records.itl.relations import RELATIONS, SUBMISSIONS, Judged
from tenprint.records.itl.tables import Table, load_table
from tenprint.records.itl.transaction import Transaction

__all__ = [
    "EDITION",
    "ERROR",
    "FOUND_CHARACTERS",
    "SUBMISSIONS",
    "WARNING",
    "Finding",
    "has_errors",
    "load_profile",
    "refuse_unless_valid",
    "validate",
    "version_written",
]

EDITION = "ebts-8.001"
"""The profile of the exchange."""
EXCHANGED = (*SUBMISSIONS, "SRE", "ERRT")
"""What the exchange takes and gives; a profile may know more."""


def load_profile(name_or_path: str) -> Table:
    """Return a profile by its packaged name or the path of its file, ready to judge by.

    Raises:
        SenderError: as `load_table`; ``PROFILE_INVALID`` also for a relation that Tenprint does not have.
    """
    table = load_table(name_or_path)
    if name_or_path == STANDARD:
        return table  # its rules are functions of their own: `tenprint.records.itl.conformance`
    for relation in table.relations:
        if relation.name not in RELATIONS:
            known = ", ".join(sorted(RELATIONS))
            message = f"{table.name}: there is no relation {relation.name[:60]}; there are {known}"
            raise SenderError("PROFILE_INVALID", message, field="relation")
    return table


def version_written(profile: str = EDITION) -> str:
    """Return the VER (1.002) that a writer by this profile gives."""
    return load_table(profile).writes


def validate(
    transaction: Transaction, *, profile: str | Table | None = None, authorised: Iterable[str] | None = None
) -> tuple[Finding, ...]:
    """Check a transaction against a profile.

    Args:
        transaction: as read.
        profile: name, path or table; by default what the exchange uses, EBTS 8.001 for CAR, CNA, SRE and ERRT;
            ``itl-2011`` judges by the standard alone, whatever the type of transaction.
        authorised: types of transaction that the receiver takes from this sender; by default all that are known.

    Returns:
        what is wrong, errors first; empty for a valid transaction.

    Raises:
        SenderError: the profile cannot be used.
    """
    table = profile if isinstance(profile, Table) else load_profile(profile or EDITION)
    # The standard's own table takes a second to load: it is loaded for whom it is asked for.
    if table.name == STANDARD and table is load_table(STANDARD):
        return validate_itl(transaction)
    known = EXCHANGED if profile is None else tuple(table.transactions)
    allowed = known if authorised is None else tuple(t for t in authorised if t in known)
    findings = _judge(transaction, table, allowed)
    placed = [located(f, transaction, table) for f in findings]
    return tuple(sorted(placed, key=lambda f: f.severity != ERROR))


def _judge(transaction: Transaction, table: Table, allowed: tuple[str, ...]) -> Iterator[Finding]:
    yield from (_from_problem(p) for p in transaction.problems)
    if not transaction.records:
        return
    tot = transaction.tot
    if tot and tot not in allowed:
        message = "this type of transaction is not known or not authorised here"
        yield finding_of(
            "A0004", "1.004", tot, message, rule="1.004/authorised", expected="one of " + ", ".join(allowed)
        )
        return
    meaning = table.meaning_of(tot) if tot else SUBMISSIONS[0]
    is_generic = bool(tot) and table.is_generic(tot)
    yield from judge_record(transaction.records[0], 0, table, meaning)
    yield from _version(transaction, table)
    second = next((n for n, r in enumerate(transaction.records) if r.type == 2), None)
    if second is None:
        message = "the Type-2 record is missing"
        yield finding_of("E0001", "2.001", "", message, rule="2.001/mandatory", expected="a Type-2 record")
        return
    record = transaction.records[second]
    yield from judge_record(record, second, table, meaning, closed=not is_generic)
    if tot and not is_generic:
        for relation in table.relations:
            yield from RELATIONS[relation.name](Judged(transaction, record, meaning, table, relation))


def refuse_unless_valid(transaction: Transaction) -> None:
    """Raise what a receiver would complain of first.

    Raises:
        RecordError: with the code and field of the first error.
    """
    for finding in validate(transaction):
        if finding.severity == ERROR:
            raise RecordError(finding.code, finding.message, field=finding.field)


def _from_problem(problem: Problem) -> Finding:
    # Bytes behind the last record are common in the wild and harm nobody.
    is_trailing = problem.code == "E0012" and problem.field == "1.003"
    severity = WARNING if is_trailing else ERROR
    return Finding(
        problem.code, problem.field, "", problem.message, severity, offset=problem.offset, rule="reading",
        clause="ANSI/NIST-ITL, traditional encoding",
    )  # fmt: skip


def _version(transaction: Transaction, table: Table) -> Iterator[Finding]:
    version, (oldest, newest) = transaction.ver, table.reads
    if version and not oldest <= version <= newest:
        message = f"the version is outside {oldest} to {newest}"
        yield finding_of(
            "E0003", "1.002", version, message, WARNING, rule="1.002/version", expected=f"{oldest} to {newest}"
        )
