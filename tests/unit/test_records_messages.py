"""Immigration messages as XML: our own schema, nothing lost, nothing hostile let in. All people are invented."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner

from tenprint.cli.app import app
from tenprint.core.errors import RecordError, TenprintError
from tenprint.records import ExaminerFinding, Iaq, Iar, IarStatus, IdentDataResponse, RepositoryState, messages
from tenprint.records.messages import Form
from tenprint.records.messages.elements import LAYOUTS, NAMES
from tenprint.records.nlets import CAVEAT, iaq, iar

XS = "{http://www.w3.org/2001/XMLSchema}"
QUERY = Iaq(
    ori="COSIB0000", ref="TCN <1> & 2", atn="DET J Q PUBLIC", phn="3035550100", nam="SAMPLESON,PERSON &",
    dob="19800229", sex="F", pob="MM", off="5404", arn="A000000001", fbi="123456AA1", sid="CO1234567", fin="1000001",
)  # fmt: skip
ANSWER = Iar(
    ori="VTICE0900", destination="COSIB0000", ref=QUERY.ref, answered_at="2010-10-04T08:00:00.000Z", nam=QUERY.nam,
    dob=QUERY.dob, status=IarStatus.REMOVABLE, specialist="R SPECIALIST", text=" <b>ENTERED</b> AT XX.\n\n]]> END \n",
    legal_ground="8 USC 1227(A)(1)(B)",
)  # fmt: skip
RESPONSE = IdentDataResponse(
    tcn="IDR-1", tcr="SEARCH-1", result=RepositoryState.MATCH, subject_id="S-1", fin="1000001",
    finding=ExaminerFinding.IDENTIFICATION, examiner="E EXAMINER", candidates_considered=3,
    names=("<script>alert(1)</script>", "ÉCHANTILLON,P", "", " BLANKS ", "\U0001f600"), shards_answered=2,
    shards_total=2, text="A \"sentence\" & 'more'.",
)  # fmt: skip
EVERY = (QUERY, ANSWER, RESPONSE, IdentDataResponse(tcn="IDR-2", tcr="S", result=RepositoryState.PENDING))
XML = messages.to_xml(QUERY)
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'
BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'


def refused(data: bytes) -> RecordError:
    with pytest.raises(RecordError) as caught:
        messages.read(data)
    return caught.value


@pytest.mark.parametrize("message", EVERY, ids=lambda m: type(m).__name__)
def test_a_message_is_the_same_after_xml_and_its_text_is_the_same_bytes(message: messages.Message) -> None:
    text = messages.write(message, Form.TEXT)
    again, form = messages.read(messages.write(messages.read(text)[0], Form.XML))
    assert (again, form, messages.write(again, Form.TEXT)) == (message, Form.XML, text)


def test_names_with_markup_in_them_are_text_and_no_elements() -> None:
    document = messages.to_xml(RESPONSE)
    assert b"<script" not in document and b"&lt;script&gt;" in document


def test_a_document_says_that_it_is_our_own_and_cannot_leave_that_out() -> None:
    for message in EVERY:
        document = messages.to_xml(message)
        assert b"neither the Nlets NIEM schema nor the DHS IXM schema" in document
        like = re.search(rb' like="[^"]*"', document)
        assert like and b"; not the " in like[0]
        assert refused(document.replace(like[0], b"")).code == "XML_UNKNOWN"
        assert refused(document.replace(like[0], b' like="NIEM"')).code == "XML_UNKNOWN"


def test_other_writers_of_the_same_document_are_understood() -> None:
    other = (
        XML.replace(b"\n", b"\r\n").replace(b"  <", b"\t<!-- a remark --><").replace(b"DET J", b"<![CDATA[DET]]>&#32;J")
    )
    assert messages.read(b"\xef\xbb\xbf" + other)[0] == QUERY
    prefixed = re.sub(rb"<(/?)(?=[A-Z])", rb"<\1m:", XML).replace(b"xmlns=", b"xmlns:m=").replace(HEAD, b"")
    assert messages.read(prefixed)[0] == QUERY


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a bomb of entities", HEAD + BOMB, "XML_FORBIDDEN"),
        ("an entity from a file", b'<!DOCTYPE a [<!ENTITY x SYSTEM "/etc/hosts">]><a>&x;</a>', "XML_FORBIDDEN"),
        ("a parameter entity", b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/">%x;]><a/>', "XML_FORBIDDEN"),
        ("a foreign document type", b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "XML_FORBIDDEN"),
        ("a document type before ours", XML.replace(HEAD, HEAD + b"<!DOCTYPE a>"), "XML_FORBIDDEN"),
        ("an entity nobody declared", XML.replace(b"DET J", b"&who;"), "XML_MALFORMED"),
        ("a processing instruction", XML.replace(HEAD, HEAD + b'<?xml-stylesheet href="x"?>'), "XML_FORBIDDEN"),
        ("deep nesting", b"<a>" * 100_000, "XML_NESTED"),
        ("a child in a child", XML.replace(b"DET J", b"<b/>"), "XML_NESTED"),
        ("very many elements", b"<a>" + b"<b/>" * 100_000 + b"</a>", "XML_NESTED"),
        ("fifty megabytes", b"<a>" + b" " * (50 << 20), "XML_SIZE"),
        ("UTF-16", XML.decode().encode("utf-16"), "XML_ENCODING"),
        ("UTF-16 without a mark", XML.decode().encode("utf-16-le"), "XML_ENCODING"),
        ("UTF-32", XML.decode().encode("utf-32-be"), "XML_ENCODING"),
        ("Latin-1 that says so", XML.replace(b"UTF-8", b"ISO-8859-1"), "XML_ENCODING"),
        ("Latin-1 that does not say so", XML.replace(b"DET J", b"D\xc9T J"), "XML_ENCODING"),
        ("UTF-7", XML.replace(b"UTF-8", b"UTF-7"), "XML_ENCODING"),
        ("an unknown element", XML.replace(b"PurposeCode", b"Purpose"), "XML_UNKNOWN"),
        ("an unknown document", XML.replace(b"ImmigrationAlienQuery", b"Query"), "XML_UNKNOWN"),
        ("another namespace", XML.replace(b"messages:1", b"messages:2"), "XML_UNKNOWN"),
        ("a child of another namespace", XML.replace(b"<PurposeCode>", b'<PurposeCode xmlns="x">'), "XML_UNKNOWN"),
        ("an attribute", XML.replace(b"<PurposeCode>", b'<PurposeCode a="1">'), "XML_UNKNOWN"),
        ("an element twice", XML.replace(b"</PurposeCode>", b"</PurposeCode><PurposeCode/>"), "XML_UNKNOWN"),
        ("another order", re.sub(rb"(<PersonB.*)\n(.*Sex.*)", rb"\2\1", XML), "XML_UNKNOWN"),
        ("text between elements", XML.replace(b"<PurposeCode>", b"x<PurposeCode>"), "XML_UNKNOWN"),
        ("a missing element", re.sub(rb"<PersonFullName>.*</PersonFullName>", b"", XML), "E0001"),
        ("an empty element", re.sub(rb"<PersonFullName>.*</P", b"<PersonFullName></P", XML), "E0001"),
        ("half a document", XML[: len(XML) // 2], "XML_MALFORMED"),
        ("two documents", XML + XML.replace(HEAD, b""), "XML_MALFORMED"),
        ("a control character", XML.replace(b"DET J", b"DET\x01J"), "XML_MALFORMED"),
        ("a zero", XML.replace(b"DET J", b"DET\0J"), "XML_ENCODING"),
        ("a zero by number", XML.replace(b"DET J", b"&#0;"), "XML_MALFORMED"),
        ("a line break in a line", XML.replace(b"DET J", b"DET\nCUS/N"), "E0002"),
        ("a delete character", XML.replace(b"DET J", b"DET&#127;J"), "E0002"),
        ("a letter outside ASCII", XML.replace(b"DET J", "DÉT".encode()), "E0002"),
        ("a name without end", XML.replace(b"SAMPLESON", b"S" * 100_000), "E0002"),
        ("a Turkish digit", XML.replace(b"19800229", "١٩٨٠٠٢٢٩".encode()), "E0002"),
        ("nothing but a bracket", b"<", "XML_MALFORMED"), ("words", b"IMMIGRATION", "E0004"), ("nothing", b"", "E0004"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_hostile_and_wrong_documents_are_refused_with_a_code(name: str, data: bytes, code: str) -> None:
    assert refused(data).code == code, name


def test_a_changed_caveat_and_a_record_against_nobody_are_refused() -> None:
    assert refused(messages.to_xml(ANSWER).replace(b"NOT AN ARREST", b"AN ARREST")).code == "E0006"
    assert refused(re.sub(rb"<LegalGround.*Text>", b"", messages.to_xml(ANSWER))).code == "E0006"
    assert refused(messages.to_xml(RESPONSE).replace(b">match<", b">no_match<")).code == "E0006"


@pytest.mark.parametrize("count", [b"-1", b"1.5", b"1e3", b"01", b"", b"9" * 30, "٣".encode(), b" 3"])
def test_a_count_is_a_whole_number_in_one_spelling(count: bytes) -> None:
    assert refused(messages.to_xml(RESPONSE).replace(b">3<", b">" + count + b"<")).code == "E0002"


def test_the_longest_text_that_a_record_can_carry_fits_into_xml() -> None:
    longest = replace(ANSWER, text="&" * 62_000)
    document = messages.to_xml(longest)
    assert len(document) > 300_000 and messages.read(document)[0] == longest
    with pytest.raises(RecordError, match="E0003"):
        messages.to_xml(replace(ANSWER, text="&" * 70_000))
    assert refused(document.replace(b"&amp;</AnswerText>", b"&amp;" * 8_000 + b"</AnswerText>")).code == "E0003"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<a>" * 170_000, "XML_NESTED"), (b"<a>" + b"<b/>" * 130_000, "XML_NESTED"),
        (b"<a " + b" ".join(b'x%d="1"' % n for n in range(40_000)) + b"/>", "XML_UNKNOWN"),
        (b'<a xmlns="urn:tenprint:messages:1"><b>' + b"&amp;" * 100_000 + b"</b>", "XML_MALFORMED"),
        (b"<!--" + b"-" * 500_000, "XML_MALFORMED"), (b"<" + b"a" * 500_000, "XML_MALFORMED"),
        (b"<" + b" " * (100 << 20), "XML_SIZE"),
    ],
    ids=["deep", "many", "attributes", "entities", "comment", "name", "blanks"],
)  # fmt: skip
def test_hostile_documents_need_little_memory(data: bytes, code: str) -> None:
    tracemalloc.start()  # expat asks Python for its memory, so this counts it
    try:
        assert refused(data).code == code
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_mutated_documents_raise_nothing_foreign() -> None:
    chance = random.Random(20101004)
    accepted = 0
    for _ in range(4_000):
        data = bytearray(messages.to_xml(chance.choice(EVERY)))
        for _ in range(chance.randint(1, 4)):
            where = chance.randrange(len(data))
            piece = chance.choice([b"<", b">", b"&", b"\0", b"<!DOCTYPE a>", b"]]>", b"\xff", b"<a>", b"  ", b"x", b""])
            data[where : where + chance.randint(0, 3)] = piece
        try:
            message, _ = messages.read(bytes(data))
        except RecordError:
            continue
        accepted += 1
        assert messages.read(messages.to_xml(message))[0] == message
    assert 0 < accepted < 4_000


def test_the_schema_says_what_the_layouts_say() -> None:
    tree = ET.fromstring(messages.schema())
    documents = {one.get("name"): one for one in tree.findall(f"{XS}element")}
    assert set(documents) == {layout.root for layout in LAYOUTS.values()}
    for layout in LAYOUTS.values():
        children = documents[layout.root].findall(f".//{XS}sequence/{XS}element")
        shown = [(c.get("name"), c.get("minOccurs") == "0", c.get("maxOccurs") is not None) for c in children]
        assert shown == [(e.name, e.is_optional, e.repeats) for e in layout.elements]
        assert documents[layout.root].find(f".//{XS}attribute").get("fixed") == layout.like
    for kind, lines in ((Iaq, iaq.LAYOUT), (Iar, iar.LAYOUT)):
        elements = documents[LAYOUTS[kind].root].findall(f".//{XS}sequence/{XS}element")
        found = {e.get("name"): [p.get("value") for p in e.iter(f"{XS}pattern")] for e in elements}
        assert found == {NAMES[line.label]: [line.pattern] if line.pattern else [] for line in lines}
    assert tree.find(f"{XS}simpleType[@name='Caveat']//{XS}enumeration").get("value") == CAVEAT
    for name, words, left_out in (("Result", RepositoryState, "not_asked"), ("Finding", ExaminerFinding, "")):
        values = [e.get("value") for e in tree.findall(f"{XS}simpleType[@name='{name}']//{XS}enumeration")]
        assert sorted(values) == sorted({str(word) for word in words} - {left_out})


def test_documents_are_valid_by_our_schema_and_wrong_ones_are_not() -> None:
    schema = etree.XMLSchema(etree.fromstring(messages.schema()))
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for message in EVERY:
        schema.assertValid(etree.fromstring(messages.to_xml(message), parser))
    for old, new in ((b">C<", b">Z<"), (b"PurposeCode", b"Purpose"), (b"19800229", b"1980"), (b"; not the", b"; the")):
        assert not schema.validate(etree.fromstring(XML.replace(old, new), parser))
    changed = messages.to_xml(ANSWER).replace(b"NOT AN ARREST", b"AN ARREST")
    assert not schema.validate(etree.fromstring(changed, parser))


def call(*words: object) -> str:
    done = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_convert_there_and_back_gives_the_same_bytes(tmp_path: Path) -> None:
    for number, message in enumerate(EVERY):
        first, document, back = (tmp_path / f"{number}.{end}" for end in ("txt", "xml", "back"))
        first.write_bytes(message.to_bytes())
        call("records", "message", "convert", first, document, "--to", "xml")
        told = json.loads(call("records", "message", "convert", document, back, "--to", "text", "--json"))
        assert back.read_bytes() == first.read_bytes() and told["bytes"] == len(first.read_bytes())


def test_inspect_shows_every_field_as_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "response.xml"
    path.write_bytes(messages.to_xml(RESPONSE))
    shown = json.loads(call("records", "message", "inspect", path, "--json"))
    assert (shown["kind"], shown["form"]) == ("IDR", "xml")
    assert [f["value"] for f in shown["fields"] if f["field"] == "names"] == [name for name in RESPONSE.names if name]
    assert "CustodyStatusText" in call("records", "message", "inspect", _written(tmp_path / "query", QUERY.to_bytes()))


def test_the_command_refuses_with_a_code_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    wrong = {
        "bomb": (HEAD + BOMB, "XML_FORBIDDEN"),
        "empty": (b"", "FILE_EMPTY"),
        "large": (b"<" * 600_000, "FILE_TOO_LARGE"),
    }
    for name, (data, code) in wrong.items():
        with pytest.raises(TenprintError) as caught:
            call("records", "message", "convert", _written(tmp_path / name, data), out, "--to", "text")
        assert caught.value.code == code and not out.exists()
    with pytest.raises(TenprintError, match="FILE_UNREADABLE"):
        call("records", "message", "inspect", tmp_path)


def test_no_file_is_replaced_unless_that_is_asked_for(tmp_path: Path) -> None:
    source = _written(tmp_path / "query", QUERY.to_bytes())
    for words in (("convert", source, source, "--to", "xml"), ("schema", source)):
        with pytest.raises(TenprintError, match="FILE_EXISTS"):
            call("records", "message", *words)
        assert source.read_bytes() == QUERY.to_bytes()
    call("records", "message", "convert", source, source, "--to", "xml", "--force")
    assert source.read_bytes() == messages.to_xml(QUERY)
    call("records", "message", "schema", source, "--force")
    assert source.read_bytes() == messages.schema()


def test_the_schema_can_be_written(tmp_path: Path) -> None:
    call("records", "message", "schema", tmp_path / "messages.xsd")
    assert (tmp_path / "messages.xsd").read_bytes() == messages.schema()


def test_the_examples_of_the_guide_are_messages_and_its_table_names_every_element() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs/guide/messages.md").read_text()
    query = guide.split("```text\n")[1].split("```")[0].replace("\n", "\r\n").encode()
    document = guide.split("```xml\n")[1].split("```")[0].encode()
    assert messages.read(query)[0] == messages.read(document)[0]
    assert messages.to_xml(messages.read(query)[0]) == document
    for layout in LAYOUTS.values():
        for element in layout.elements:
            assert f"| `{element.label}` | `{element.name}` |" in guide, element


def test_the_python_of_the_guide_runs() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs/guide/messages.md").read_text()
    exec(compile(guide.split("```python\n")[1].split("```")[0], "messages.md", "exec"), {})


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
