"""Laws of entries: opening, erasing and storing never change the leaf, and another value has another commitment."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint.core.chance import SeededRandomSource
from tenprint.ledger.entry import Entry, OpenedField, commit, erase, open_field, seal, verify_opened
from tenprint.ledger.vocabulary import VOCABULARY

line = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=60)
word = st.from_regex(r"[A-Za-z0-9_]{1,64}", fullmatch=True)
number = st.integers(0, 2**53 - 1)
entries = st.fixed_dictionaries(
    {"sequence": number, "kind": word},
    optional={"person": line, "note": line, "reason": line, "state": word, "candidates": number, "score": number},
)


@given(fields=entries, seed=st.integers(0, 1000), data=st.data())
@settings(max_examples=150, deadline=None)
def test_erasing_any_fields_keeps_the_leaf_and_the_proof_of_all_others(fields, seed, data):
    sealed = seal(fields, SeededRandomSource(seed))
    names = data.draw(st.sets(st.sampled_from(sorted(fields))))
    erased = Entry.from_bytes(erase(sealed, names).to_bytes())
    assert erased.leaf() == sealed.leaf()
    for name in fields.keys() - names:
        assert verify_opened(erased.commitments, open_field(erased, name))


@given(fields=entries, other=entries)
@settings(max_examples=150, deadline=None)
def test_a_field_opens_to_its_own_value_only(fields, other):
    sealed = seal(fields, SeededRandomSource(1))
    for name in fields.keys() & other.keys():
        claimed = OpenedField(name, other[name], sealed.salts[name])
        assert verify_opened(sealed.commitments, claimed) == (fields[name] == other[name])


@given(
    one=st.tuples(st.sampled_from(sorted(VOCABULARY)), line),
    two=st.tuples(st.sampled_from(sorted(VOCABULARY)), line),
)
def test_name_and_value_cannot_be_shifted_into_each_other(one, two):
    salt = bytes(16)
    assert (commit(*one, salt) == commit(*two, salt)) == (one == two)
