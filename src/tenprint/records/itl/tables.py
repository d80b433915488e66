"""Field tables as data: the standard's and the profiles', read strictly from TOML.

A profile file may come from anybody. Reading one is bounded in size, refuses what it does not know and names the line
or the key at fault; its patterns cannot hang (`tenprint.records.itl.patterns`). Keys::

    name, edition, clause_of, writes, reads = [lowest VER, highest VER], covers = [...], unknown = [...]
    base = "ebts-8.001"        a packaged table that this one extends: entries of the same tag, TOT or name are changed
    [[transaction]] tot, title, priority, clause, like (the TOT that a state has renamed)
    [[field]]       tag, mnemonic, title, pattern, min, max, occurs = {CAR = "1-5", "*" = "0-1"}, date, codes, clause,
                    severity, items = [{mnemonic, pattern, codes, min, max, optional, date}]
    [[codes]]       name, clause, open, values = {code = "words"}
    [[relation]]    name, code, clause
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenprint.core.errors import SenderError
from tenprint.records.itl.patterns import PatternError, compile_pattern
from tenprint.records.itl.table_model import (
    ANY,
    MANY,
    CodeTable,
    FieldRule,
    ItemRule,
    RelationRule,
    Table,
    TransactionRule,
)

__all__ = [
    "ANY",
    "MANY",
    "CodeTable",
    "FieldRule",
    "ItemRule",
    "RelationRule",
    "Table",
    "TransactionRule",
    "load_table",
    "packaged_tables",
    "read_table",
]

MAX_FILE_BYTES = 524_288
MAX_ENTRIES = 5_000
"""Entries of one section, and codes of one code table."""
MAX_TEXT = 2_000
"""Characters of one text in a table."""
MAX_BASES = 5
MAX_MATCHING_WORK = 1_000_000
"""Steps of a pattern times the longest value: the most work for one hostile value, about a second."""
NOT_COVERED = "EBTS 11.x is not covered: its text was not at hand. Choose ebts-8.001 or ebts-10.0-partial."

_FOLDERS = tuple(Path(__file__).parent / folder for folder in ("profiles", "standard"))
_NAME = re.compile(r"[a-z0-9][a-z0-9.\-]{0,60}")
_TAG = re.compile(r"([1-9][0-9]?)\.([0-9]{3,5})")
_TOT = re.compile(r"[A-Z0-9]{1,16}|\*")
_SPAN = re.compile(r"([0-9]{1,6})(-([0-9]{1,6})?)?")
_UNCOVERED = re.compile(r"(ebts-?)?(v-?)?11([.\-].*)?")


def load_table(name_or_path: str | Path) -> Table:
    """Return a packaged table by its name, another one by the path of its TOML file.

    Args:
        name_or_path: such as ``ebts-8.001``; text with a slash or the ending ``.toml`` is a path.

    Raises:
        SenderError: ``PROFILE_UNKNOWN`` for a name that is not packaged, ``PROFILE_NOT_COVERED`` for EBTS 11.x,
            ``PROFILE_UNREADABLE`` for a file that cannot be read, ``PROFILE_SYNTAX`` (with the line) for one that is
            no TOML, ``PROFILE_INVALID`` (with the key) for a value that is not allowed.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or text.endswith(".toml"):
        return read_table(_bytes_of(Path(text)), source=Path(text).name)
    return _packaged(text)


def packaged_tables() -> tuple[str, ...]:
    """Return the names of the tables that come with Tenprint."""
    return tuple(sorted(path.stem for folder in _FOLDERS for path in folder.glob("*.toml")))


def read_table(data: bytes, *, source: str, depth: int = 0) -> Table:
    """Return the table that the bytes of a TOML file describe; see `load_table` for what is raised.

    Args:
        data: the file.
        source: what messages call it.
        depth: how many tables extend this one already.
    """
    reader = _Reader(source)
    whole = _Section(reader, "the file", _parsed(data, source))
    base = _base_of(whole, reader, depth)
    table = replace(base, name=whole.text("name"), base=whole.text("base", ""))
    if not _NAME.fullmatch(table.name):
        raise reader.error("name", "must be small letters, digits, points and hyphens")
    reader.edition = whole.text("edition", base.edition)
    table = replace(
        table,
        edition=reader.edition,
        clause_of=whole.text("clause_of", base.clause_of),
        writes=whole.text("writes", base.writes),
        reads=_reads(whole, base),
        covers=whole.texts("covers", base.covers),
        unknown=whole.texts("unknown", base.unknown),
        transactions=_merged(whole, "transaction", "tot", base.transactions, _transaction),
        codes=_merged(whole, "codes", "name", base.codes, _codes),
        fields=_merged(whole, "field", "tag", base.fields, _field),
        relations=tuple(_merged(whole, "relation", "name", {r.name: r for r in base.relations}, _relation).values()),
    )
    whole.end()
    _check_names(table, reader)
    return table


@functools.cache
def _packaged(name: str, depth: int = 0) -> Table:
    if _UNCOVERED.fullmatch(name.lower()):
        raise SenderError("PROFILE_NOT_COVERED", NOT_COVERED)
    if name not in packaged_tables():
        known = ", ".join(packaged_tables())
        raise SenderError("PROFILE_UNKNOWN", f"there is no profile of this name; there are {known}, or give a file")
    path = next(p for folder in _FOLDERS if (p := folder / f"{name}.toml").is_file())
    return read_table(path.read_bytes(), source=path.name, depth=depth)


def _bytes_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise SenderError("PROFILE_UNREADABLE", f"there is no profile file {path.name}")
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SenderError("PROFILE_UNREADABLE", f"the profile file {path.name} cannot be read") from error


def _parsed(data: bytes, source: str) -> dict[str, Any]:
    if len(data) > MAX_FILE_BYTES:
        raise SenderError("PROFILE_UNREADABLE", f"the profile file {source} is larger than {MAX_FILE_BYTES} bytes")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise SenderError("PROFILE_UNREADABLE", f"the profile file {source} is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        what = "it is nested too deep" if isinstance(error, RecursionError) else str(error)[:MAX_TEXT]
        raise SenderError("PROFILE_SYNTAX", f"the profile file {source} is no TOML: {what}") from error


class _Reader:
    """The file that is read, for messages."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.edition = ""

    def error(self, key: str, what: str) -> SenderError:
        """Return the error for a key."""
        return SenderError("PROFILE_INVALID", f"{self.source}: {key} {what}", field=key)


class _Section:
    """One TOML table whose keys are taken one by one; what is left at the end is refused."""

    def __init__(self, reader: _Reader, where: str, values: Mapping[str, Any]) -> None:
        self.reader = reader
        self.where = where
        self.values = dict(values)

    def error(self, key: str, what: str) -> SenderError:
        """Return the error for a key of this section."""
        return self.reader.error(f"{key} in {self.where}" if self.where != "the file" else key, what)

    def take(self, key: str, kind: type, default: Any = None, *, needed: bool = False) -> Any:
        """Return a value of the right type, or the default."""
        if key not in self.values:
            if needed:
                raise self.error(key, "is missing")
            return default
        value = self.values.pop(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            words = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}
            raise self.error(key, f"must be {words[kind]}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default it is needed."""
        value: str = self.take(key, str, default, needed=default is None)
        if len(value) > MAX_TEXT:
            raise self.error(key, f"is longer than {MAX_TEXT} characters")
        return value

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.take(key, list, None)
        if value is None:
            return default
        if len(value) > MAX_ENTRIES or any(not isinstance(v, str) or len(v) > MAX_TEXT for v in value):
            raise self.error(key, "must be a list of texts")
        return tuple(value)

    def number(self, key: str, default: int, most: int = MANY) -> int:
        """Return a whole number of 0 to `most`."""
        value: int = self.take(key, int, default)
        if not 0 <= value <= most:
            raise self.error(key, f"must be within 0 to {most}")
        return value

    def word(self, key: str, default: str, allowed: tuple[str, ...]) -> str:
        """Return one of a few words."""
        value = self.text(key, default)
        if value not in allowed:
            raise self.error(key, "must be one of " + ", ".join(repr(a) for a in allowed))
        return value

    def pattern(self, default: str) -> str:
        """Return a pattern that compiles."""
        value = self.text("pattern", default)
        try:
            compile_pattern(value)
        except PatternError as error:
            raise self.error("pattern", f"cannot be used: {error}") from error
        return value

    def edition_of(self, was: str) -> str:
        """Return whose clause an entry cites: this file's when it gives one, else that of the table it comes from."""
        return self.reader.edition if "clause" in self.values or not was else was

    def sections(self, key: str, what: str) -> list[_Section]:
        """Return a list of tables as sections."""
        value = self.take(key, list, [])
        if len(value) > MAX_ENTRIES:
            raise self.error(key, f"has more than {MAX_ENTRIES} entries")
        if not all(isinstance(v, dict) for v in value):
            raise self.error(key, "must be a list of tables")
        return [_Section(self.reader, f"{what} {n}", v) for n, v in enumerate(value, 1)]

    def end(self) -> None:
        """Refuse keys that nobody took."""
        for key in self.values:
            raise self.error(key[:60], "is not known here")


def _base_of(whole: _Section, reader: _Reader, depth: int) -> Table:
    base = whole.values.get("base", "")
    if not base:
        return Table("")
    # A packaged name only: a profile that somebody uploads must not make us open files of its choice.
    if not isinstance(base, str) or not _NAME.fullmatch(base) or base not in packaged_tables():
        raise reader.error("base", "must be the name of a packaged table: " + ", ".join(packaged_tables()))
    if depth >= MAX_BASES:
        raise reader.error("base", f"leads through more than {MAX_BASES} tables")
    return _packaged(base, depth + 1)


def _reads(whole: _Section, base: Table) -> tuple[str, str]:
    found = whole.texts("reads", base.reads)
    if len(found) != 2 or not all(re.fullmatch("[0-9]{4}", v) for v in found) or found[0] > found[1]:
        raise whole.error("reads", "must be two versions of four digits, the lower first")
    return found[0], found[1]


def _merged(
    whole: _Section, key: str, identity: str, base: Mapping[str, Any], read: Callable[[_Section, Any], Any]
) -> dict[str, Any]:
    """Return the base's entries with this file's: an entry that exists already changes only the keys it gives."""
    found: dict[str, Any] = dict(base)
    own: set[str] = set()
    for section in whole.sections(key, key):
        name = section.text(identity)
        section.where = f"{key} {name[:60]}"
        if name in own:
            raise section.error(identity, "is given twice")
        own.add(name)
        found[name] = read(section, found.get(name)) if name in found else read(section, _EMPTY[key](name))
        section.end()
    return found


_EMPTY: dict[str, Callable[[str], Any]] = {
    "transaction": TransactionRule,
    "codes": lambda name: CodeTable(name, {}),
    "field": lambda tag: FieldRule(tag, ""),
    "relation": lambda name: RelationRule(name, ""),
}


def _transaction(section: _Section, was: TransactionRule) -> TransactionRule:
    if not _TOT.fullmatch(was.tot) or was.tot == ANY:
        raise section.error("tot", "must be 1 to 16 capital letters and digits")
    return TransactionRule(
        was.tot,
        section.text("title", was.title),
        section.number("priority", was.priority, 9),
        section.text("clause", was.clause),
        section.text("like", was.like),
    )


def _codes(section: _Section, was: CodeTable) -> CodeTable:
    values = section.take("values", dict, dict(was.values))
    if len(values) > MAX_ENTRIES or not all(isinstance(v, str) and len(k + v) <= MAX_TEXT for k, v in values.items()):
        raise section.error("values", 'must be a table such as {M = "male"}')
    return CodeTable(
        was.name, values, section.text("clause", was.clause), bool(section.take("open", bool, was.is_open))
    )


def _relation(section: _Section, was: RelationRule) -> RelationRule:
    edition = section.edition_of(was.edition)
    return RelationRule(was.name, section.text("code", was.code), section.text("clause", was.clause), edition)


def _field(section: _Section, was: FieldRule) -> FieldRule:
    if not _TAG.fullmatch(was.tag):
        raise section.error("tag", "must be a record type and a field number such as 2.018")
    edition = section.edition_of(was.edition)
    rule = FieldRule(
        was.tag,
        section.text("mnemonic", was.mnemonic or None),
        section.text("title", was.title),
        section.pattern(was.pattern),
        section.number("min", was.shortest),
        section.number("max", was.longest),
        _occurs(section, was),
        section.word("date", was.date, ("", "date", "zero")),
        section.text("codes", was.codes),
        tuple(_item(s) for s in section.sections("items", f"{section.where}, item")) or was.items,
        section.text("clause", was.clause),
        section.word("severity", was.severity, ("", "error")),
        edition,
    )
    _check_size(section, rule)
    for item in rule.items:
        _check_size(section, item)
    return rule


def _item(section: _Section) -> ItemRule:
    item = ItemRule(
        section.text("mnemonic"),
        section.pattern(""),
        section.text("codes", ""),
        section.number("min", 0),
        section.number("max", MANY),
        bool(section.take("optional", bool, False)),
        section.word("date", "", ("", "date", "zero")),
    )
    section.end()
    return item


def _check_size(section: _Section, rule: FieldRule | ItemRule) -> None:
    if rule.shortest > rule.longest:
        raise section.error("min", "is larger than max")
    steps = compile_pattern(rule.pattern).work_for(rule.longest)
    if steps > MAX_MATCHING_WORK:
        raise section.error("max", "is too large for so long a pattern: matching it could take too long")


def _occurs(section: _Section, was: FieldRule) -> dict[str, tuple[int, int]]:
    found = dict(was.occurs)
    for tot, text in section.take("occurs", dict, {}).items():
        match = _SPAN.fullmatch(text) if isinstance(text, str) else None
        if not _TOT.fullmatch(tot) or match is None:
            raise section.error("occurs", 'must be a table such as {CAR = "1-5", "*" = "0-"}')
        fewest = int(match[1])
        most = fewest if match[2] is None else int(match[3]) if match[3] else MANY
        if fewest > most:
            raise section.error("occurs", f"has more at least than at most for {tot}")
        found[tot] = (fewest, most)
    return found


def _check_names(table: Table, reader: _Reader) -> None:
    """Refuse names that lead nowhere: code tables, and transactions that others are like."""
    for rule in table.fields.values():
        for name in (rule.codes, *(item.codes for item in rule.items)):
            if name and name not in table.codes:
                raise reader.error(f"codes in field {rule.tag}", f"names the code table {name[:60]}, which is not here")
    for transaction in table.transactions.values():
        like = transaction.like
        if like and (like not in table.transactions or table.transactions[like].like):
            raise reader.error(f"like in transaction {transaction.tot}", "must name a transaction of its own here")
    for relation in table.relations:
        if not re.fullmatch("[A-Z0-9_]{1,40}", relation.code):
            raise reader.error(f"code in relation {relation.name[:60]}", "must be a code such as E0006")
