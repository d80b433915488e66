"""Field tables are read strictly: what is wrong with a profile file is named, and no pattern can hang the reader."""

from __future__ import annotations

import re

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from tenprint.core.errors import SenderError
from tenprint.records.itl.patterns import PatternError, compile_pattern
from tenprint.records.itl.tables import MANY, load_table, read_table

HEAD = 'name = "mine"\n'
FIELD = HEAD + '[[field]]\ntag = "2.018"\nmnemonic = "NAM"\n'


def table(text: str):
    return read_table(text.encode(), source="mine.toml")


def test_a_table_holds_what_its_file_says():
    found = table(
        HEAD
        + 'writes = "0300"\n[[transaction]]\ntot = "CAR"\npriority = 4\n[[codes]]\nname = "S"\nvalues = {M = "male"}\n'
        '[[field]]\ntag = "2.024"\nmnemonic = "SEX"\ncodes = "S"\npattern = "[A-Z]"\nmin = 1\nmax = 1\n'
        'occurs = {CAR = "1", SRE = "0-", "*" = "0-3", CNA = "0"}\nclause = "App. C"\n'
        '[[relation]]\nname = "together"\ncode = "E0006"\n'
    )
    rule = found.fields["2.024"]
    assert (found.name, found.writes, found.transactions["CAR"].priority) == ("mine", "0300", 4)
    assert [rule.occurrences_in(t) for t in ("CAR", "SRE", "XXX", "CNA")] == [(1, 1), (0, MANY), (0, 3), None]
    assert (rule.shortest, rule.longest, rule.fits("F"), rule.fits("f")) == (1, 1, True, False)
    assert found.codes["S"].values == {"M": "male"}
    assert found.relations[0].code == "E0006"


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("name = = 1", "PROFILE_SYNTAX", "line 1"),
        (HEAD + "a = [" * 40_000, "PROFILE_SYNTAX", "mine.toml"),
        ("", "PROFILE_INVALID", "name is missing"),
        ('name = "../up"', "PROFILE_INVALID", "name must"),
        (HEAD + "colour = 1", "PROFILE_INVALID", "colour is not known"),
        (HEAD + "covers = [1]", "PROFILE_INVALID", "covers must be a list of texts"),
        (HEAD + 'reads = ["0502", "0200"]', "PROFILE_INVALID", "reads must"),
        (HEAD + 'base = "/etc/passwd"', "PROFILE_INVALID", "base must be the name of a packaged table"),
        (HEAD + "field = 3", "PROFILE_INVALID", "field must be a list"),
        (HEAD + '[[transaction]]\ntot = "car"', "PROFILE_INVALID", "tot in transaction car"),
        (HEAD + '[[transaction]]\ntot = "A"\nlike = "B"', "PROFILE_INVALID", "like in transaction A"),
        (HEAD + '[[field]]\ntag = "2.018"', "PROFILE_INVALID", "mnemonic in field 2.018 is missing"),
        (FIELD + "max = true", "PROFILE_INVALID", "max in field 2.018 must be a whole number"),
        (FIELD + "max = -1", "PROFILE_INVALID", "max in field 2.018"),
        (FIELD + "min = 5\nmax = 4", "PROFILE_INVALID", "min in field 2.018 is larger"),
        (FIELD + 'occurs = {CAR = "4-1"}', "PROFILE_INVALID", "occurs in field 2.018"),
        (FIELD + 'occurs = {CAR = "many"}', "PROFILE_INVALID", "occurs in field 2.018"),
        (FIELD + 'date = "day"', "PROFILE_INVALID", "date in field 2.018"),
        (FIELD + 'codes = "SEX"', "PROFILE_INVALID", "codes in field 2.018"),
        (FIELD + 'pattern = "(a"', "PROFILE_INVALID", "pattern in field 2.018 cannot be used: a group is not closed"),
        (FIELD + 'pattern = "(a|b)*c{1000}"\nmax = 100000', "PROFILE_INVALID", "max in field 2.018"),
        (FIELD + 'items = [{mnemonic = "A", sort = 1}]', "PROFILE_INVALID", "sort in field 2.018, item 1"),
        (FIELD + '[[field]]\ntag = "2.018"\nmnemonic = "N"', "PROFILE_INVALID", "tag in field 2.018 is given twice"),
        (HEAD + '[[relation]]\nname = "r"\ncode = "x y"', "PROFILE_INVALID", "code in relation r"),
        ("#" * 600_000, "PROFILE_UNREADABLE", "larger than"),
    ],
)
def test_what_is_wrong_with_a_profile_file_is_named(text, code, named):
    with pytest.raises(SenderError) as caught:
        table(text)
    assert caught.value.code == code
    assert named in caught.value.message


def test_a_file_that_is_no_text_or_absent_or_a_folder_is_refused(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    for path in (tmp_path / "latin.toml", tmp_path / "none.toml", tmp_path):
        with pytest.raises(SenderError) as caught:
            load_table(path)
        assert caught.value.code == "PROFILE_UNREADABLE"


def test_a_name_that_is_not_packaged_is_refused_and_edition_11_is_not_covered():
    with pytest.raises(SenderError) as caught:
        load_table("ebts-7")
    assert caught.value.code == "PROFILE_UNKNOWN"
    for name in ("ebts-11.3", "11.2", "EBTS-11"):
        with pytest.raises(SenderError) as caught:
            load_table(name)
        assert caught.value.code == "PROFILE_NOT_COVERED"


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "a(?=b)", "^a", "a**", "[]", "[z-a]", "a{3,2}", r"\w", "(" * 20, "a{9999}"]
)
def test_a_pattern_outside_the_subset_is_refused(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["((((a{99}){99}){99}){99})", "((((){999}){999}){999}){999}", "(a{0,900}){0,900}"])
def test_a_pattern_that_would_grow_without_bound_is_refused(pattern):
    with pytest.raises(PatternError):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a*)*b", "a*a*a*a*a*a*b", "(a|a)(a|a)" * 20 + "b"])
def test_a_pattern_that_hangs_other_engines_takes_work_in_proportion(pattern):
    # Python's engine would need longer for this than anybody waits.
    assert not compile_pattern(pattern).matches("a" * 20_000)


ATOMS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "\\x61", "(?:a|b)", "(ab)", "c"])
COUNTS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "{2,}"])
PATTERNS = st.recursive(
    st.lists(st.tuples(ATOMS, COUNTS).map("".join), max_size=3).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]}|{p[1]})"),
        st.tuples(inner, COUNTS).map(lambda p: f"({p[0]}){p[1]}"),
    ),
    max_leaves=3,
)


@given(PATTERNS, st.text("abc", max_size=7))
def test_a_pattern_means_what_it_means_in_python(pattern, text):
    assert compile_pattern(pattern).matches(text) == (re.fullmatch(pattern, text) is not None)


KEYS = st.sampled_from(
    [
        "name",
        "base",
        "edition",
        "writes",
        "reads",
        "covers",
        "tot",
        "title",
        "priority",
        "like",
        "clause",
        "tag",
        "mnemonic",
        "pattern",
        "min",
        "max",
        "occurs",
        "date",
        "codes",
        "items",
        "severity",
        "values",
        "open",
        "code",
        "CAR",
        "*",
        "field",
        "transaction",
        "relation",
    ]
)
SCALARS = st.one_of(
    st.integers(-2, 2**40), st.booleans(), st.floats(allow_nan=False), st.dates(), st.text(max_size=6),
    st.sampled_from(["2.018", "CAR", "0-1", "ebts-8.001", "(a|b)*", "[", "zero"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=4), max_leaves=8
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES, max_size=6), st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=3))
def test_whatever_a_profile_file_holds_it_is_a_table_or_a_clear_error(whole, fields):
    content = {"name": "mine", **whole, "field": [{"tag": "2.018", "mnemonic": "NAM", **f} for f in fields]}
    try:
        read_table(tomli_w.dumps(content).encode(), source="mine.toml")
    except SenderError as refused:
        assert refused.code.startswith("PROFILE_")
        assert "mine.toml" in refused.message
