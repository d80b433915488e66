"""Which fields of a person's data a role sees: the table, how values are masked, and that no field is forgotten."""

from collections.abc import Iterator
from typing import Any

import pytest
from exchange_rig import Rig, rigs

from tenprint.core.errors import RecordError
from tenprint.exchange.model.words import Role
from tenprint.policy.access import HIDDEN, OfficialRole, house_tables, masked
from tenprint.policy.access.tables import read_tables

PERSON = {
    "name": "SAMPLESON,PERSON QUINCE", "birth_date": "19800229", "sex": "F", "charge": "DUI", "fin": "1234567890",
    "a_number": "A012345678", "ucn": "XX1234567", "status": "removable", "legal_ground": "overstay", "record_text": "T",
    "score": 40123,
}  # fmt: skip
ROLES = [
    "booking_officer", "operator", "examiner", "specialist", "officer", "jail_clerk", "court_clerk", "auditor",
    "public",
]  # fmt: skip
EXPECTED = """
               booking operator examiner specialist officer jail court auditor public
name           full    none     none     full       full    full none  none    none
birth_date     full    none     none     full       full    full none  none    none
sex            full    none     none     full       full    full none  none    none
charge         full    full     none     full       full    full full  full    none
fin            none    none     part     full       full    none none  part    none
a_number       none    none     part     full       full    none none  part    none
ucn            full    full     none     part       part    none none  part    none
status         none    none     none     full       full    full none  full    none
legal_ground   none    none     none     full       full    full none  full    none
record_text    none    none     none     full       full    none none  none    none
score          none    full     full     none       none    none none  full    none
"""
ROWS = {row.split()[0]: row.split()[1:] for row in EXPECTED.strip().splitlines()[1:]}


def test_the_whole_table_of_fields_is_as_written_here() -> None:
    assert ROWS.keys() == PERSON.keys() and set(ROLES) == set(OfficialRole)
    for name, row in ROWS.items():
        for role, expected in zip(ROLES, row, strict=True):
            value = masked(role, PERSON).fields[name]
            level = "full" if value == PERSON[name] else "none" if value == HIDDEN else "part"
            assert (name, role, level) == (name, role, expected)


def test_a_masked_number_keeps_its_last_three_signs_and_a_short_one_nothing() -> None:
    seen = masked("examiner", {"fin": "1234567890", "a_number": "12345"}).fields
    assert seen == {"fin": "…890", "a_number": HIDDEN}


def test_masks_reach_into_what_is_nested_and_leave_the_structure() -> None:
    given = {"query": {"name": "A B", "asked_by": "XX"}, "people": [{"NAM": "C", "n": 1}], "fingers": {"left": 3}}
    seen = masked("auditor", given).fields
    assert seen == {
        "query": {"name": HIDDEN, "asked_by": "XX"},
        "people": [{"NAM": HIDDEN, "n": 1}],
        "fingers": {"left": 3},
    }
    assert masked("jail_clerk", given).fields["fingers"] == {"left": HIDDEN}
    assert given["query"]["name"] == "A B"


def test_what_is_masked_is_named_with_its_rule_once() -> None:
    seen = masked("jail_clerk", {"fin": "1", "a_number": "2", "name": "N", "ucn": "x"})
    assert [mask.id for mask in seen.masks] == ["criminal_number", "immigration_number"]
    assert all(mask.why and mask.title and mask.version == house_tables().stamp for mask in seen.masks)
    assert masked("specialist", {"name": "N"}).masks == ()


def test_fields_are_known_by_their_own_names_by_paths_and_by_tags() -> None:
    for name in ("2.018 NAM", "NAM", "query.name", "a.b.names", "2.2001 NAM1", "Name"):
        assert masked("auditor", {name: "X"}).fields == {name: HIDDEN}
    for name in ("threshold.name", "2.005 RET", "1.009 TCN", "unnamed", "", ".", "2.999"):
        assert masked("auditor", {name: "X"}).fields == {name: "X"}


def test_the_name_of_a_threshold_is_no_persons_name() -> None:
    assert masked("examiner", {"threshold": {"name": "FMR_1E4"}, "name": "N"}).fields == {
        "threshold": {"name": "FMR_1E4"},
        "name": HIDDEN,
    }


def test_a_role_that_is_not_known_sees_no_persons_data() -> None:
    assert set(masked("sheriff", PERSON).fields.values()) == {HIDDEN}


@pytest.mark.parametrize(
    "text",
    ["", "[access]", "x = ", '[access]\nversion = "1"\neffective_from = 2026-01-01\n[roles]\n[actions]\nfields = []'],
)
def test_tables_that_lack_something_are_refused(text: str) -> None:
    with pytest.raises(RecordError, match="ACCESS_INVALID"):
        read_tables(text)


def names_in(value: Any, parent: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name, parent
            if house_tables().field_class(name, parent) is None:
                yield from names_in(item, name)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from names_in(item, parent)


@pytest.fixture(scope="module")
def worked() -> Iterator[Rig]:
    with rigs() as make:
        rig = make()
        rig.until_held()
        yield rig


@pytest.mark.slow
def test_every_name_that_a_task_shows_is_classed_or_said_to_be_no_data_of_a_person(worked: Rig) -> None:
    tables, forgotten, kinds = house_tables(), set(), set()
    for role in Role:
        if role not in worked.nodes:
            continue
        for task in worked.tasks(role):
            kinds.add(task.kind)
            for name, parent in names_in(task.shown):
                inside = f"{parent}.{name}"
                known = tables.field_class(name, parent) or {name, inside} & tables.not_personal
                is_container = name in {"query", "record", "candidates", "proposal"}
                if not known and not is_container:
                    forgotten.add(inside)
    assert len(kinds) >= 5
    assert forgotten == set()


@pytest.mark.slow
def test_nobody_is_denied_a_field_that_the_own_task_shows_but_for_numbers_and_scores(worked: Rig) -> None:
    tables, hidden = house_tables(), set()
    for role in worked.nodes:
        own = tables.own_work_at(str(role))
        for task in worked.tasks(role):
            hidden |= {(str(own), mask.id) for mask in masked(str(own), task.shown).masks}
    assert hidden == set()
