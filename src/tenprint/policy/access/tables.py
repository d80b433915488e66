"""What `access.toml` says: titles of roles and actions, at which parties a role has a desk, classes of fields."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import RecordError
from tenprint.policy.access.words import Action, OfficialRole

TABLES_NAME: Final = "access.toml"
MASKS: Final = ("initials", "year", "last_three", "hidden")


@dataclass(frozen=True)
class RoleEntry:
    """One official role.

    Args:
        role: which.
        title: for people, such as ``jail clerk``.
        at: roles of the parties where this is the people's own kind of work.
        may_also: roles of further parties at which an account may have it.
    """

    role: OfficialRole
    title: str
    at: tuple[str, ...]
    may_also: tuple[str, ...]


@dataclass(frozen=True)
class FieldClass:
    """Fields of a person's data that are seen, masked or hidden together.

    Args:
        id: which class.
        title: for people.
        names: of the fields, in lower case; ``record.name`` is a name inside a record.
        mask: what is left of a masked value, one of `MASKS`.
        full, masked: roles that see the fields as they are, or masked; all others do not see them.
        why: one sentence.
    """

    id: str
    title: str
    names: tuple[str, ...]
    mask: str
    full: frozenset[str]
    masked: frozenset[str]
    why: str


@dataclass(frozen=True)
class Tables:
    """All of `access.toml`.

    Args:
        version: stands in every verdict and mask.
        digest: SHA-256 of the text, hex.
        effective_from: the first day of this version.
        roles, actions: by id.
        fields: classes by id.
        class_of: class id by the field's name in lower case.
        not_personal: names that a task may show to whoever reads it.
    """

    version: str
    digest: str
    effective_from: date
    roles: Mapping[str, RoleEntry]
    actions: Mapping[str, str]
    fields: Mapping[str, FieldClass]
    class_of: Mapping[str, str]
    not_personal: frozenset[str]

    @property
    def stamp(self) -> str:
        """Return version and beginning of the digest in one word."""
        return f"{self.version}+{self.digest[:12]}"

    def own_work_at(self, party_role: str) -> OfficialRole | None:
        """Return the official role whose own kind of work is done at parties of this role, or None."""
        return next((entry.role for entry in self.roles.values() if party_role in entry.at), None)

    def roles_at(self, party_role: str) -> tuple[OfficialRole, ...]:
        """Return the official roles that an account may have at a party of this role, its own kind of work first."""
        own = [entry.role for entry in self.roles.values() if party_role in entry.at]
        return tuple(own + [entry.role for entry in self.roles.values() if party_role in entry.may_also])

    def field_class(self, name: str, parent: str = "") -> FieldClass | None:
        """Return the class of a field, told by its name and the name of what it stands in; None when it has none.

        A name may be a path (``query.name``) or a tag with its mnemonic (``2.018 NAM``), as pages write them.
        """
        plain = name.casefold()
        above, _, last = plain.rpartition(".")
        if above and not last.isdecimal():
            parent, plain = above.rpartition(".")[2], last
        inside = f"{parent}.{plain}".casefold()
        if inside in self.not_personal:
            return None
        found = next((self.class_of[one] for one in (inside, plain, *plain.split()) if one in self.class_of), None)
        return self.fields[found] if found is not None else None


@cache
def house_tables() -> Tables:
    """Return the house's own tables, read once.

    Raises:
        RecordError: ``ACCESS_INVALID``.
    """
    text = (resources.files(__package__) / TABLES_NAME).read_text(encoding="utf-8")
    return read_tables(text)


def read_tables(text: str) -> Tables:
    """Return the tables in a TOML text.

    Raises:
        RecordError: ``ACCESS_INVALID`` when something is missing, named twice, or no role or action of ours.
    """
    try:
        raw = tomllib.loads(text)
        roles = {name: _role(name, entry) for name, entry in raw["roles"].items()}
        fields = {row["class"]: _field_class(row) for row in raw["fields"]}
        tables = Tables(
            version=str(raw["access"]["version"]),
            digest=sha256_hex(text.encode()),
            effective_from=raw["access"]["effective_from"],
            roles=roles,
            actions={str(Action(name)): str(title) for name, title in raw["actions"].items()},
            fields=fields,
            class_of={name: field.id for field in fields.values() for name in field.names},
            not_personal=frozenset(raw["not_personal"]["names"]),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as problem:
        raise RecordError("ACCESS_INVALID", f"{TABLES_NAME} cannot be used: {type(problem).__name__}") from problem
    named = [name for field in fields.values() for name in field.names]
    if len(set(named)) < len(named) or roles.keys() != set(OfficialRole) or tables.actions.keys() != set(Action):
        raise RecordError("ACCESS_INVALID", f"{TABLES_NAME} names a field twice, or lacks a role or an action")
    return tables


def _role(name: str, entry: Mapping[str, Any]) -> RoleEntry:
    return RoleEntry(OfficialRole(name), str(entry["title"]), tuple(entry["at"]), tuple(entry.get("may_also", ())))


def _field_class(row: Mapping[str, Any]) -> FieldClass:
    field = FieldClass(
        id=str(row["class"]),
        title=str(row["title"]),
        names=tuple(str(name).casefold() for name in row["names"]),
        mask=str(row["mask"]),
        full=frozenset(OfficialRole(role) for role in row["full"]),
        masked=frozenset(OfficialRole(role) for role in row["masked"]),
        why=str(row["why"]),
    )
    if field.mask not in MASKS or field.full & field.masked:
        raise ValueError(field.id)
    return field
