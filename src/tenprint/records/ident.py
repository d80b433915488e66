"""The IDENT data response: what the immigration repository answers to a search.

No layout of it was ever published (domain.md section 3.1), so this is Tenprint's own record. It is IXM-like: it carries
the kind of facts that the DHS Identity eXchange Messages carry, and is neither their schema nor compatible with them.
Bytes are canonical JSON (RFC 8785) with exactly these members::

    format "tenprint-ident-data-response"   version 1    like "IXM-like; not the DHS IXM schema"
    tcn, tcr              control number of this answer, and of the search that it answers
    result                no_match | match | pending | error | partial
    subject_id, encounter_id, fin, a_number, names       of the confirmed record; empty unless result is match
    finding, examiner     identification | exclusion | inconclusive | "", and the person who found it
    candidates_considered, shards_answered, shards_total what was searched, as whole numbers
    text                  a sentence, such as why there is an error
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from tenprint.core.canonical import canonical_json
from tenprint.core.errors import RecordError
from tenprint.records.words import ExaminerFinding, RepositoryState

FORMAT, VERSION, LIKE = "tenprint-ident-data-response", 1, "IXM-like; not the DHS IXM schema"
MAX_BYTES = 64 << 10
MAX_TEXT = 1_000
MAX_NAMES = 20
MAX_COUNT = 1_000_000_000
COUNTS = ("candidates_considered", "shards_answered", "shards_total")


@dataclass(frozen=True, repr=False)
class IdentDataResponse:
    """One answer of the immigration repository.

    Args:
        tcn, tcr: of this answer, of the search answered; 1 to 40 characters.
        result: match only when an examiner (or the rule in force) confirmed the candidate; pending is never a no, and
            partial when examiners could not tell.
        subject_id, encounter_id: of the confirmed record.
        fin: DHS fingerprint identification number. a_number: alien registration number.
        finding, examiner: what a person found, and who.
        names: as on file, at most 20.
        candidates_considered: candidates that the search put before the examiner.
        shards_answered, shards_total: coverage of the gallery; fewer answered than total means partial.
        text: a sentence without personal data.

    Raises:
        RecordError: ``E0002`` for a value out of its range, ``E0006`` for values that contradict each other.
    """

    tcn: str
    tcr: str
    result: RepositoryState
    subject_id: str = ""
    encounter_id: str = ""
    fin: str = ""
    a_number: str = ""
    finding: ExaminerFinding = ExaminerFinding.NONE
    examiner: str = ""
    names: tuple[str, ...] = ()
    candidates_considered: int = 0
    shards_answered: int = 1
    shards_total: int = 1
    text: str = ""

    def __post_init__(self) -> None:
        _check_ranges(self)
        is_match = self.result is RepositoryState.MATCH
        if is_match != bool(self.subject_id):
            raise RecordError("E0006", "a match names its subject, and nothing else does", field="subject_id")
        if not is_match and (self.encounter_id or self.fin or self.a_number or self.names):
            raise RecordError("E0006", "only a match may disclose a record", field="result")
        if is_match and self.finding in (ExaminerFinding.EXCLUSION, ExaminerFinding.INCONCLUSIVE):
            raise RecordError("E0006", "a candidate that was not identified is no match", field="finding")
        if self.result is RepositoryState.NO_MATCH and self.finding is ExaminerFinding.INCONCLUSIVE:
            raise RecordError("E0006", "a candidate that was not excluded leaves no no-match", field="finding")
        if self.result is RepositoryState.NO_MATCH and self.shards_answered < self.shards_total:
            raise RecordError("E0006", "a search that did not cover the gallery is no no-match", field="result")

    def __repr__(self) -> str:
        return f"IdentDataResponse(tcn={self.tcn!r}, tcr={self.tcr!r}, result={self.result.value!r})"

    def to_bytes(self) -> bytes:
        """Return canonical JSON."""
        head = {"format": FORMAT, "version": VERSION, "like": LIKE}
        return canonical_json(head | asdict(self) | {"names": list(self.names)})

    @classmethod
    def from_bytes(cls, data: bytes) -> IdentDataResponse:
        """Return the answer in `data`.

        Raises:
            RecordError: ``E0004`` when the bytes are not this record in its canonical form, ``E0005`` for members that
                are missing, unknown or of another type, ``E0002`` and ``E0006`` as for the class.
        """
        members = _members(data)
        if members.pop("format", None) != FORMAT or members.pop("version", None) != VERSION:
            raise RecordError("E0004", "the bytes are no IDENT data response of version 1")
        if members.pop("like", None) != LIKE or set(members) != set(cls.__dataclass_fields__):
            raise RecordError("E0005", "a member is missing or unknown")
        names = members["names"]
        if not isinstance(names, list):
            raise RecordError("E0005", "names is no list", field="names")
        answer = cls(**{**members, "names": tuple(names)})
        if answer.to_bytes() != data:
            raise RecordError("E0004", "the record is not in its canonical form")
        return answer


def _check_ranges(answer: IdentDataResponse) -> None:
    values = asdict(answer)
    texts = {n: v for n, v in values.items() if n not in COUNTS and n != "names"}
    texts |= {f"names[{n}]": v for n, v in enumerate(answer.names)}
    for name, value in texts.items():
        if not isinstance(value, str) or len(value) > (MAX_TEXT if name == "text" else 80) or not value.isprintable():
            raise RecordError("E0002", f"{name} is no printable text of its length", field=name)
    for name in COUNTS:
        count = values[name]
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MAX_COUNT:
            raise RecordError("E0002", f"{name} is no count", field=name)
    if not (1 <= len(answer.tcn) <= 40 and 1 <= len(answer.tcr) <= 40) or len(answer.names) > MAX_NAMES:
        raise RecordError("E0002", "a control number or the list of names has no valid length", field="tcn")
    if answer.shards_answered > answer.shards_total:
        raise RecordError("E0006", "more shards answered than there are", field="shards_answered")
    try:
        object.__setattr__(answer, "result", RepositoryState(answer.result))
        object.__setattr__(answer, "finding", ExaminerFinding(answer.finding))
    except ValueError as problem:
        raise RecordError("E0002", "the result or finding is none of the known words", field="result") from problem
    if answer.result is RepositoryState.NOT_ASKED:
        raise RecordError("E0002", "whoever was not asked sends no answer", field="result")


def _members(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise RecordError("E0004", f"the record is larger than {MAX_BYTES} bytes")
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_refuse_number, parse_constant=_refuse_number)
    except (ValueError, RecursionError) as problem:
        raise RecordError("E0004", "the bytes are no JSON") from problem
    if not isinstance(value, dict):
        raise RecordError("E0004", "the bytes are no JSON object")
    return value


def _refuse_number(_text: str) -> NoReturn:
    raise RecordError("E0005", "a number is not whole")
