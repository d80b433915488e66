"""Bodies of messages as fields for people: EBTS records, Nlets lines, JSON. What cannot be read is said, not raised."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from tenprint.core.errors import RecordError
from tenprint.exchange.model.envelope import EBTS_CONTENT, NLETS_CONTENT, Envelope
from tenprint.exchange.model.words import Kind
from tenprint.records.itl.impressions import EncodedImage, image_of
from tenprint.records.itl.reader import read
from tenprint.records.itl.record import DATA_FIELD, Record
from tenprint.records.itl.tables import load_table
from tenprint.records.itl.transaction import Transaction
from tenprint.records.itl.validation import EDITION
from tenprint.records.nlets import iaq, iar
from tenprint.web import words

MAX_FIELDS, MAX_VALUE = 400, 4_000
"""A page shows so many fields of a message, and so many characters of a value; a hostile file must not fill it."""
KEYS = {
    "STA": "status", "GRD": "legal_ground", "TXT": "specialist_says", "2.075": "status", "2.2008": "name",
    "2.2007": "birth_date", "names": "name", "2.085": "ucn", "2.081": "ucn",
}  # fmt: skip
"""Fields that the access rules know under another name; an electronic rap sheet (2.075) holds the status as text."""
MAX_JSON_BYTES, MAX_DEPTH = 65_536, 6
NAMES = {
    "LEN": "length of the record", "VER": "version of the standard", "CNT": "contents of the file",
    "TOT": "type of transaction", "DAT": "date", "PRY": "priority", "DAI": "destination agency",
    "ORI": "originating agency", "TCN": "control number", "TCR": "control number that is answered",
    "NSR": "native scanning resolution", "NTR": "nominal resolution", "IDC": "image number", "RET": "keep the prints",
    "ATN": "attention", "SCO": "send copy to", "OCA": "agency's own case number", "FBI": "FBI number",
    "SID": "state number", "SOC": "social security number", "MNU": "miscellaneous number", "NAM": "name",
    "AKA": "other names", "POB": "place of birth", "CTZ": "citizenship", "DOB": "date of birth", "SEX": "sex",
    "RAC": "race", "SMT": "scars, marks, tattoos", "HGT": "height", "WGT": "weight", "EYE": "eyes", "HAI": "hair",
    "PPA": "palm prints available", "PHT": "photograph available", "EAD": "employer and address", "OCP": "occupation",
    "RES": "residence", "DOA": "date of arrest", "ASL": "charges", "CSL": "court segment", "RBR": "repeat",
    "SSD": "sentence suspension date", "SLE": "custody or supervision", "ICO": "identification comments",
    "SRF": "search result", "MSG": "message", "IMA": "image capture equipment", "RAP": "rap sheet asked for",
    "ACN": "advice", "CRI": "controlling agency", "ERS": "electronic rap sheet", "UCN": "universal control number",
    "AMP": "missing fingers", "CRN": "civil record number", "TAA": "treat as adult", "CCN": "court case number",
    "NDR": "repositories asked", "SAN": "state arrest number", "SDOB": "date of birth on file", "SNAM": "name on file",
    "RBRO": "rap back recipient", "IMP": "impression", "SRC": "source agency", "FGP": "finger", "LCD": "capture date",
    "ISR": "image scanning resolution", "HLL": "width in pixels", "VLL": "height in pixels", "SLC": "scale units",
    "HPS": "pixels a unit, across", "VPS": "pixels a unit, down", "CGA": "compression", "BPX": "bits a pixel",
    "DATA": "image", "GCA": "compression",
    # Nlets
    "DRI": "destination", "REF": "reference", "PUR": "purpose", "PHN": "telephone", "CUS": "in custody",
    "OFF": "offence code", "ARN": "A-number", "FIN": "fingerprint number (FIN)", "CNF": "match confirmed by",
    "DTM": "answered at", "STA": "status", "GRD": "legal ground", "SPC": "specialist", "CAV": "what this is not",
    "TXT": "remarks",
}  # fmt: skip
"""Mnemonics of EBTS 8.001, ANSI/NIST-ITL and Nlets in plain words."""
TYPE_14 = {
    1: "LEN", 2: "IDC", 3: "IMP", 4: "SRC", 5: "LCD", 6: "HLL", 7: "VLL", 8: "SLC", 9: "HPS", 10: "VPS", 11: "CGA",
    12: "BPX", 13: "FGP", DATA_FIELD: "DATA",
}  # fmt: skip
"""Mnemonics of Type-14 records (ANSI/NIST-ITL 1-2007, clause 22)."""


@dataclass(frozen=True)
class Shown:
    """One field.

    Args:
        tag: tag and mnemonic as the format names them, or the path of a member.
        name: in words.
        value: as text.
        key: name under which access rules know it, such as ``2.018`` or ``details.legal_ground``.
    """

    tag: str
    name: str
    value: str
    key: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a body, such as a record."""

    title: str
    fields: tuple[Shown, ...]


@dataclass(frozen=True)
class Decoded:
    """A body for people: its parts, and what could not be read or is left out, in sentences."""

    sections: tuple[Section, ...]
    problems: tuple[str, ...] = ()


def decoded(message: Envelope) -> Decoded:
    """Return a message's body as fields; what is wrong with it is said, and never raised."""
    if message.content_type == EBTS_CONTENT:
        return _limited(_ebts(read(message.body)))
    try:
        if message.content_type == NLETS_CONTENT:
            return _limited(_nlets(message))
        content = _json(message.body)
        return _limited(_as_answer(content) if message.kind == Kind.TASK_ANSWER else content)
    except (RecordError, ValueError, RecursionError) as problem:
        said = problem.message if isinstance(problem, RecordError) else "it is no JSON"
        return Decoded((), (f"The body cannot be decoded: {said}.",))


def _limited(found: Decoded) -> Decoded:
    sections, left, cut = [], MAX_FIELDS, 0
    for section in found.sections:
        kept = section.fields[:left]
        cut += len(section.fields) - len(kept)
        left -= len(kept)
        sections.append(Section(section.title, tuple(_cut(field) for field in kept)))
    said = (f"{cut} more fields are not shown here; they are in the bytes.",) if cut else ()
    return Decoded(tuple(sections), found.problems + said)


def _cut(field: Shown) -> Shown:
    if len(field.value) <= MAX_VALUE:
        return field
    return replace(field, value=f"{field.value[:MAX_VALUE]}… ({len(field.value)} characters)")


def _ebts(received: Transaction) -> Decoded:
    sections = [_record(record, received.get("1.011")) for record in islice(received.records, MAX_FIELDS)]
    problems = [f"{problem.field or 'record'}: {problem.message} ({problem.code})" for problem in received.problems]
    if received.rest:
        problems.append(f"{len(received.rest)} bytes at the end belong to no record")
    return Decoded(tuple(sections), tuple(problems[:MAX_FIELDS]))


def _record(record: Record, native: str) -> Section:
    image = image_of(record, native) if record.type in (4, 14) else None
    whose = f", {image.fgp.title}" if isinstance(image, EncodedImage) else ""
    number = f", image {record.idc}" if record.type not in (1, 2) and record.idc >= 0 else ""
    fields = list(islice(_tagged(record), MAX_FIELDS))
    if isinstance(image, EncodedImage):
        fields.append(_picture(image, "4" if record.type == 4 else f"14.{DATA_FIELD}"))
    elif record.data:
        fields.append(Shown(f"{record.type}.{DATA_FIELD}", NAMES["DATA"], f"{len(record.data)} bytes"))
    return Section(f"Type-{record.type} record{number}{whose}", tuple(fields))


def mnemonic_of(tag: str) -> str:
    """Return the mnemonic of a field (``NAM`` for ``2.018``), ``""`` when no table at hand has it."""
    kind, _, number = tag.partition(".")
    if kind == "14":
        return TYPE_14.get(int(number), "")
    rule = load_table(EDITION).fields.get(tag)
    return rule.mnemonic if rule else ""


def _tagged(record: Record) -> Iterator[Shown]:
    for field in record.fields:
        if field.number == DATA_FIELD and record.type not in (1, 2):
            continue
        tag = f"{record.type}.{field.number:03d}" if field.number >= 0 else "?"
        mnemonic = mnemonic_of(tag)
        subfields = record.items(tag) if field.number >= 0 else []
        value = "; ".join(", ".join(item for item in items) for items in subfields)
        yield Shown(f"{tag} {mnemonic}".strip(), NAMES.get(mnemonic, "field not named here"), value, KEYS.get(tag, tag))


def _picture(image: EncodedImage, tag: str) -> Shown:
    kind = words.spoken_name(image.impression.name.lower())
    size = f"{image.width}x{image.height}, {image.ppi} pixels an inch, {image.compression}, {len(image.data)} bytes"
    return Shown(tag, NAMES["DATA"], f"image, {size}; {image.fgp.title}, {kind}")


def _nlets(message: Envelope) -> Decoded:
    if message.kind == Kind.IAQ:
        query = iaq.Iaq.from_bytes(message.body)
        return Decoded((Section("Immigration alien query (IAQ)", _lines(query, iaq.LAYOUT)),))
    answer = iar.Iar.from_bytes(message.body)
    return Decoded((Section("Immigration alien response (IAR)", _lines(answer, iar.LAYOUT)),))


def _lines(record: object, layout: Iterable[Any]) -> tuple[Shown, ...]:
    values = ((line, str(getattr(record, line.name))) for line in layout)
    return tuple(
        Shown(
            line.label,
            NAMES.get(line.label, line.name),
            words.spoken_name(value) if line.label == "STA" else value,
            KEYS.get(line.label, line.label),
        )
        for line, value in values
        if value
    )


def _json(body: bytes) -> Decoded:
    if len(body) > MAX_JSON_BYTES:
        return Decoded((), (f"The body has {len(body)} bytes, too many to be decoded here.",))
    parsed = json.loads(body)
    if not isinstance(parsed, dict):
        return Decoded((), ("The body is JSON, but no object.",))
    title = words.spoken_name(str(parsed.get("type", parsed.get("format", "JSON"))))
    return Decoded((Section(title.replace("-", " "), tuple(_members(parsed, "", 0))),))


def _as_answer(content: Decoded) -> Decoded:
    """Name a person's answer and reason by the kind of task: what a specialist answers is a status."""
    sections = []
    for section in content.sections:
        asked = next((field.value for field in section.fields if field.key == "kind"), "")
        told = (_answered(field, answer_key(asked, field.key)) for field in section.fields)
        sections.append(replace(section, fields=tuple(told)))
    return replace(content, sections=tuple(sections))


def _answered(field: Shown, key: str) -> Shown:
    return replace(field, key=key) if field.key in ("answer", "reason") else field


def answer_key(kind: str, name: str) -> str:
    """Return the name under which access rules know a part of an answer: ``status_answer.outcome``.

    Args:
        kind: of the task that was answered.
        name: ``answer`` (in a message), ``outcome`` (on a ledger), ``reason``, or another one of the answer.
    """
    return f"{kind}_answer.{name}"


def _members(value: dict[str, Any], above: str, depth: int) -> Iterator[Shown]:
    for name, item in value.items():
        path = f"{above}{name}"
        label = words.LABELS.get(name, words.spoken_name(name))
        if isinstance(item, dict) and item and depth < MAX_DEPTH:
            yield from _members(item, f"{path}.", depth + 1)
        else:
            yield Shown(path, label, _text(item), KEYS.get(path, path))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", [], {}):
        return words.NOTHING
    if isinstance(value, list | dict):
        return ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value, ensure_ascii=False)
    return str(value)
