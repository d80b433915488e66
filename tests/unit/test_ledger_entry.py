"""Entries: what may be written, what a leaf commits to, opening and erasing."""

import hashlib
import json
from dataclasses import replace

import pytest

from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.ledger import vocabulary
from tenprint.ledger.entry import (
    Entry,
    OpenedField,
    commit,
    erase,
    leaf_from_commitments,
    open_field,
    seal,
    verify_opened,
)

FIELDS = {
    "sequence": 7,
    "time": "2010-10-04T08:00:00.000Z",
    "kind": "sent",
    "case": "case-0011223344",
    "message": "CAR-0102",
    "message_hash": "ab" * 32,
    "counterpart": "state_bureau",
    "person": "Officer R. Example",
    "note": "seen — and understood",
}


def entry(fields=FIELDS, seed=1):
    return seal(fields, SeededRandomSource(seed))


def test_a_commitment_is_the_hash_of_salt_name_nul_and_value():
    salt = bytes(range(16))
    assert commit("note", "é", salt) == hashlib.sha256(salt + b"note\x00" + "é".encode()).hexdigest()
    assert commit("sequence", 10, salt) == hashlib.sha256(salt + b"sequence\x0010").hexdigest()


def test_a_leaf_is_canonical_json_of_version_and_commitments_alone():
    sealed = entry({"sequence": 0, "kind": "sent"})
    hashes = sealed.commitments
    expected = f'{{"c":{{"kind":"{hashes["kind"]}","sequence":"{hashes["sequence"]}"}},"v":1}}'
    assert sealed.leaf() == expected.encode()
    assert b"sent" not in sealed.leaf()


def test_every_field_has_its_own_salt_of_sixteen_bytes():
    salts = list(entry().salts.values())
    assert len(set(salts)) == len(FIELDS)
    assert {len(salt) for salt in salts} == {16}


def test_the_same_seed_seals_the_same_leaf_and_another_seed_another():
    assert entry().leaf() == entry(dict(reversed(FIELDS.items()))).leaf()
    assert entry().leaf() != entry(seed=2).leaf()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("surname", "Doe"),
        ("template", "TPT1"),
        ("minutiae", "12,13"),
        ("", "x"),
        ("kind\x00", "sent"),
        ("Kind", "sent"),
    ],
)
def test_a_name_outside_the_vocabulary_is_refused(name, value):
    with pytest.raises(RecordError) as caught:
        seal({name: value}, SeededRandomSource(1))
    assert caught.value.code == "LEDGER_FIELD_UNKNOWN"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sequence", "7"),
        ("sequence", True),
        ("sequence", 7.0),
        ("sequence", -1),
        ("sequence", 2**53),
        ("note", None),
        ("note", 7),
        ("note", b"bytes"),
        ("note", ""),
        ("note", "two\nlines"),
        ("note", "x" * 501),
        ("note", "\ud800"),
        ("message_hash", "AB" * 32),
        ("message_hash", "ab" * 31),
        ("case", "x" * 161),
        ("case", "case-1\n"),
        ("kind", "sent to"),
        ("time", "2010-10-04T08:00:00Z"),
        ("time", "2010-13-04T08:00:00.000Z"),
        ("rule", "TPT1\x00\x01\x02"),
    ],
)
def test_a_value_of_another_type_or_form_is_refused_without_being_repeated(name, value):
    with pytest.raises(RecordError) as caught:
        seal({name: value}, SeededRandomSource(1))
    assert caught.value.code == "LEDGER_FIELD_VALUE"
    assert caught.value.field == name
    assert not (isinstance(value, str) and len(value) > 2 and value in caught.value.message)


def test_an_entry_without_fields_is_refused():
    with pytest.raises(RecordError, match="LEDGER_ENTRY_FORM"):
        seal({}, SeededRandomSource(1))


def test_every_field_of_the_vocabulary_is_explained_and_has_an_injective_name():
    for name, spec in vocabulary.VOCABULARY.items():
        assert spec.name == name
        assert name.isascii()
        assert name.isidentifier()
        assert spec.meaning
        assert spec.is_integer == (spec.form == "")


def test_an_opened_field_verifies_against_the_commitments():
    sealed = entry()
    for name in FIELDS:
        assert verify_opened(sealed.commitments, open_field(sealed, name))


@pytest.mark.parametrize(
    "change",
    [
        lambda o: OpenedField(o.name, "received", o.salt),
        lambda o: OpenedField(o.name, o.value, b"\x00" * 16),
        lambda o: OpenedField(o.name, o.value, o.salt[:-1]),
        lambda o: OpenedField("state", o.value, o.salt),
        lambda o: OpenedField("surname", o.value, o.salt),
    ],
)
def test_a_changed_opened_field_does_not_verify(change):
    sealed = entry()
    assert not verify_opened(sealed.commitments, change(open_field(sealed, "kind")))


def test_the_text_of_a_number_does_not_pass_for_the_number():
    sealed = entry()
    opened = open_field(sealed, "sequence")
    assert verify_opened(sealed.commitments, opened)
    assert not verify_opened(sealed.commitments, OpenedField("sequence", "7", opened.salt))


def test_a_longer_salt_cannot_take_over_a_part_of_the_name():
    sealed = seal({"message_kind": "CAR"}, SeededRandomSource(1))
    renamed = {"kind": sealed.commitments["message_kind"]}
    assert not verify_opened(renamed, OpenedField("kind", "CAR", sealed.salts["message_kind"] + b"message_"))


def test_an_entry_with_a_short_salt_or_a_commitment_in_capitals_is_none():
    sealed = entry()
    with pytest.raises(RecordError, match="LEDGER_ENTRY_FORM"):
        replace(sealed, salts={**sealed.salts, "kind": bytes(15)})
    with pytest.raises(RecordError, match="LEDGER_ENTRY_FORM"):
        replace(sealed, commitments={name: one.upper() for name, one in sealed.commitments.items()})


def test_erasing_removes_value_and_salt_and_keeps_the_leaf():
    sealed = entry()
    erased = erase(sealed, ["person", "note"])
    assert erased.leaf() == sealed.leaf()
    assert "person" not in erased.fields
    assert "person" not in erased.salts
    assert erased.erased == {"person", "note"}
    assert b"Example" not in erased.to_bytes()
    assert sealed.salts["person"].hex().encode() not in erased.to_bytes()
    assert erase(erased, ["person"]) == erased
    assert verify_opened(erased.commitments, open_field(sealed, "person"))


def test_erased_and_absent_fields_are_told_apart():
    erased = erase(entry(), ["person"])
    with pytest.raises(SenderError, match="LEDGER_FIELD_ERASED"):
        open_field(erased, "person")
    with pytest.raises(SenderError, match="LEDGER_FIELD_ABSENT"):
        open_field(erased, "tcn")
    with pytest.raises(SenderError, match="LEDGER_FIELD_ABSENT"):
        erase(erased, ["tcn"])


def test_storage_gives_the_entry_back_erased_or_not():
    for stored in (entry(), erase(entry(), ["person", "sequence"])):
        assert Entry.from_bytes(stored.to_bytes()) == stored


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"fields":{},"salts":{},"commitments":{}}',
        b'{"fields":{"kind":"sent"},"salts":{},"commitments":{"kind":"' + b"0" * 64 + b'"}}',
        b'{"fields":{"kind":1.5},"salts":{"kind":"' + b"0" * 32 + b'"},"commitments":{"kind":"' + b"0" * 64 + b'"}}',
        b'{"fields":{},"salts":{},"commitments":{"kind":"' + b"G" * 64 + b'"}}',
        b'{"fields":{},"salts":{},"commitments":{"kind":7}}',
        b'{"fields":{},"salts":{},"commitments":7}',
    ],
)
def test_damaged_storage_is_a_storage_error(data):
    with pytest.raises(StorageError, match="LEDGER_ENTRY_DAMAGED"):
        Entry.from_bytes(data)


def test_a_leaf_can_be_made_from_commitments_alone():
    sealed = entry()
    assert leaf_from_commitments(json.loads(sealed.leaf())["c"]) == sealed.leaf()
