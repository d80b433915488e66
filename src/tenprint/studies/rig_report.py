"""The rig's report: what the client sent, what was right by which edition and clause, how it took each answer.

Fields' contents are left out: a report is made to be passed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tenprint.core.clock import to_wire
from tenprint.records.itl.findings import ERROR, Finding
from tenprint.records.itl.sarif import as_sarif
from tenprint.records.itl.table_model import Table
from tenprint.studies.rig_answers import REFUSED, REPEAT, TAKEN, Answer
from tenprint.studies.rig_plays import ERRT, PLAYS, error_codes
from tenprint.studies.rig_session import Came, Rig, Taking

TIME_TO_TAKE = timedelta(seconds=2)
"""Before so much time has passed, nothing is said against a client that has not taken an answer."""
OK, NOT_OK, NOT_SEEN = "ok", "not ok", "not seen"
NONE_TO_SEE = (
    "The rig cannot see how you show it: look whether this booking stands as waiting in your system, never as no match."
)

TAKEN_WRONGLY = {
    "damaged": "compare its SHA-256, and refuse a file whose lengths do not fit.",
    "unsolicited": "refuse, and show to a person, what answers nothing that you sent.",
}
REFUSED_WRONGLY = {
    True: "an answer may come before the one that it refers to. Keep it until that is there.",
    False: "it is whole and answers what you sent. Tie it by its TCR (1.010).",
}


def report_of(rig: Rig, now: datetime) -> dict[str, Any]:
    """Return the report as plain values for JSON."""
    submissions = [_submission(rig, came, now) for came in rig.came]
    scenarios = list(_scenarios(rig, submissions))
    bad = [s for s in scenarios if s["verdict"] == NOT_OK]
    wrong = sum(1 for s in submissions if s["errors"])
    return {
        "rig": 1,
        "role": rig.settings.role,
        "profile": rig.settings.table.name,
        "edition": rig.settings.table.edition,
        "seed": rig.settings.seed,
        "at": to_wire(now),
        "ok": bool(submissions) and not bad and not wrong,
        "counts": {
            "submissions": len(submissions),
            "wrong": wrong,
            "refused_at_the_door": len(rig.refused),
            "answers": sum(len(s["answers"]) for s in submissions),
            "scenarios_ok": sum(1 for s in scenarios if s["verdict"] == OK),
            "scenarios_not_ok": len(bad),
        },
        "submissions": submissions,
        "scenarios": scenarios,
        "refused_at_the_door": [{"at": to_wire(at), "code": code} for at, code in rig.refused],
    }


def sarif_of(rig: Rig, tool_version: str) -> dict[str, Any]:
    """Return the findings as SARIF; a submission is named by its number and control number."""
    return as_sarif(
        [(f"submission-{c.number:04d}.eft", c.findings) for c in rig.came],
        rig.settings.table,
        tool_version=tool_version,
    )


def verdict_of(rig: Rig, came: Came, now: datetime) -> tuple[str, str]:
    """Return how a client did with one submission, and a sentence that says what to do."""
    for answer in came.answers:
        problem = _problem(rig, came, answer, now)
        if problem:
            return NOT_OK, problem
    if not came.is_played:
        codes = ", ".join(dict.fromkeys(f.code for f in came.findings if f.severity == ERROR))
        return NOT_SEEN, f"The submission was rejected ({codes}) before the scenario began: mend it and send it again."
    if not came.answers:
        return NOT_SEEN, came.play.chosen_by.capitalize() + "." if came.play.chosen_by.startswith(
            "a CNA"
        ) else NONE_TO_SEE
    early = [a for a in came.answers if not rig.taking(a).outcome and _is_too_early(rig, a, now)]
    if early:
        return NOT_SEEN, f"The rig ended before {_named(early[0])} could be taken: let it run longer."
    return OK, "Taken as it should be."


def _is_too_early(rig: Rig, answer: Answer, now: datetime) -> bool:
    due = rig.due(answer)
    return due is None or due + TIME_TO_TAKE > now


def _problem(rig: Rig, came: Came, answer: Answer, now: datetime) -> str:
    taking = rig.taking(answer)
    if not taking.outcome and _is_too_early(rig, answer, now):
        return ""
    if not taking.outcome:
        if not taking.fetched:
            return f"{_named(answer)} was never fetched: ask for what is waiting until nothing is."
        return f"{_named(answer)} was fetched and never acknowledged: say taken, repeat or refused of each answer."
    if not taking.fetched:
        return f"{_named(answer)} was acknowledged without being fetched: keep an answer first, then acknowledge it."
    return _wrong_outcome(rig, came, answer, taking)


def _wrong_outcome(rig: Rig, came: Came, answer: Answer, taking: Taking) -> str:
    twins = [rig.taking(a).outcome for a in came.answers if a.data == answer.data]
    if len(twins) > 1:
        return _twins_problem(twins)
    said, name = taking.outcome, _named(answer)
    if answer.expects == REFUSED and said != REFUSED:
        return f"{name} was taken as good: {TAKEN_WRONGLY[came.play.name]}"
    if answer.expects == TAKEN and said == REFUSED:
        return f"{name} was refused: {REFUSED_WRONGLY[came.play.name == 'order']}"
    if answer.expects == TAKEN and said == REPEAT:
        return f"{name} was called a repeat, but it came once: know answers by their own TCN (1.009), not by TCR."
    return ""


def _twins_problem(outcomes: list[str]) -> str:
    """Judge copies of one answer together: which of them a client takes is its own choice."""
    if outcomes.count(TAKEN) > 1:
        return "The same answer was taken twice: know answers by their TCN (1.009) and take each once."
    if TAKEN in outcomes or "" in outcomes:
        return ""
    return "Neither copy of the answer was taken: one of them is the answer."


def _named(answer: Answer) -> str:
    return f"Answer {answer.id} ({answer.what})"


def _submission(rig: Rig, came: Came, now: datetime) -> dict[str, Any]:
    verdict, sentence = verdict_of(rig, came, now)
    return {
        "number": came.number,
        "at": to_wire(came.at),
        "way": came.way,
        "bytes": came.size,
        "sha256": came.digest,
        "tot": came.tot,
        "ori": came.ori,
        "tcn": came.tcn,
        "sent_again": came.repeats,
        "play": came.play.spoken,
        "chosen_by": came.play.chosen_by,
        "played": came.is_played,
        "errors": sum(1 for f in came.findings if f.severity == ERROR),
        "findings": [_finding(f) for f in came.findings],
        "images": came.images,
        "fields": [_field(tag, came, rig.settings.table) for tag in _judged(came)],
        "answers": [_answer(rig, answer, now) for answer in came.answers],
        "verdict": verdict,
        "sentence": sentence,
    }


def _judged(came: Came) -> list[str]:
    """Return the fields of Type-1 and Type-2 that are there or should be."""
    complained = (f.field for f in came.findings if f.field.startswith(("1.", "2.")))
    return list(dict.fromkeys((*came.tags, *complained)))


def _field(tag: str, came: Came, table: Table) -> dict[str, Any]:
    """Return what a field was judged by, and whether nothing is wrong with it; nothing of what it holds."""
    rule = table.fields.get(tag)
    return {
        "tag": tag,
        "mnemonic": rule.mnemonic if rule else "",
        "is_right": rule is not None and all(f.field != tag for f in came.findings),
        "edition": (rule.edition if rule else "") or table.edition,
        "clause": rule.clause if rule else "",
    }


def _finding(found: Finding) -> dict[str, Any]:
    names = ("severity", "code", "rule", "field", "occurrence", "item", "message", "expected", "edition", "clause")
    return {name: getattr(found, name) for name in names}


def _answer(rig: Rig, answer: Answer, now: datetime) -> dict[str, Any]:
    taking, due = rig.taking(answer), rig.due(answer)
    is_there = due is not None and due <= now
    first = taking.fetched[0] if taking.fetched else None
    return {
        "id": answer.id,
        "what": answer.what,
        "tot": answer.tot,
        "tcn": answer.tcn,
        "tcr": answer.tcr,
        "expected": answer.expects,
        "there": is_there,
        "fetched": len(taking.fetched),
        "fetched_after_seconds": (first - due).total_seconds() if first and due else None,
        "acknowledged_as": taking.outcome,
        "acknowledged_after_seconds": (taking.outcome_at - due).total_seconds() if taking.outcome_at and due else None,
    }


def _scenarios(rig: Rig, submissions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for name, words in PLAYS.items():
        of_it = [
            shown for shown, came in zip(submissions, rig.came, strict=True) if came.play.name == name
        ]  # fmt: skip
        found = {verdict: [s for s in of_it if s["verdict"] == verdict] for verdict in (NOT_OK, OK, NOT_SEEN)}
        verdict = next((v for v in (NOT_OK, OK) if found[v]), NOT_SEEN)
        told = found[verdict][0]["sentence"] if found[verdict] else ""
        if not of_it:
            told = f"Send a submission whose control number begins with {words.prefix}-"
        entry = {"play": name, "title": words.title, "right": words.right, "submissions": len(of_it)}
        if name == ERRT:
            done = sorted({c.play.code for c in rig.came if c.play.name == ERRT and c.is_played})
            entry |= {"codes": done, "codes_known": len(error_codes())}
        yield entry | {"verdict": verdict, "sentence": told}
