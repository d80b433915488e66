"""The parts of the case's picture, of decoded bodies, of facts found again and of public counts, without a network."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest
from exchange_rig import BOOKING, card

from tenprint import records
from tenprint.exchange.model.envelope import EBTS_CONTENT, JSON_CONTENT, NLETS_CONTENT, Envelope
from tenprint.exchange.model.words import Kind
from tenprint.policy import programme
from tenprint.policy.evaluate import decide
from tenprint.web import case_words
from tenprint.web.decoding import MAX_FIELDS, MAX_VALUE, decoded
from tenprint.web.facts import said_in
from tenprint.web.message_view import dump
from tenprint.web.picture import Event, Lane, Shape, sequence
from tenprint.web.public_view import SMALL, told

START = datetime(2010, 10, 4, 8, tzinfo=UTC)
EVIL = '"><script>alert(1)</script>'
SVG = "{http://www.w3.org/2000/svg}"


def event(minutes: int = 0, **changes: object) -> Event:
    given = {"party": "a", "to": "b", "shape": Shape.ARROW, "label": "CAR", "title": "CAR from a to b", "href": "/m"}
    return Event(time=START + timedelta(minutes=minutes), **(given | changes))


def drawn(*events: Event) -> ET.Element:
    return ET.fromstring(str(sequence([Lane("a", "first party"), Lane("b", "second party")], events, "A case")))


def texts(picture: ET.Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def test_an_arrow_points_from_the_sender_to_the_receiver_whichever_stands_left() -> None:
    for sender, receiver in (("a", "b"), ("b", "a")):
        picture = drawn(event(party=sender, to=receiver))
        lines = {line.get("class"): line for line in picture.iter(f"{SVG}line")}
        shaft = lines["shaft"]
        tip = float(next(picture.iter(f"{SVG}polygon")).get("points").split(",")[0])
        assert (tip > float(shaft.get("x1"))) == (sender == "a")


def test_waits_are_said_in_words_and_days_are_named_once() -> None:
    said = texts(drawn(event(), event(1), event(1 + 24 * 60)))
    assert said.count("4 October 2010 (times in UTC)") == 1
    assert "1 minute later" in said
    assert "24 hours later" in said
    assert "5 October 2010 (times in UTC)" in said
    assert said.count("08:00 UTC") == 1


def test_no_label_is_cut_or_leaves_the_picture() -> None:
    long = "who gets the answer? the field office and the criminal repository, and nobody else under this rule"
    picture = drawn(event(label=long), *(event(1, shape=Shape.RULE, to="", party=p, label=long) for p in "ab"))
    width = float(picture.get("width"))
    labels = [one for one in picture.iter(f"{SVG}text") if one.get("class") == "label"]
    assert " ".join(one.text for one in labels) == f"{long} {long} {long}"
    for one in labels:
        share = {"start": 0, "middle": 0.5, "end": 1}[one.get("text-anchor")]
        left = float(one.get("x")) - share * 7 * len(one.text)
        assert left >= 0 and left + 7 * len(one.text) <= width, one.text
    assert len({one.get("y") for one in labels}) == len(labels)


def test_an_answer_that_has_not_come_is_an_open_arrow_and_has_no_head_of_a_message() -> None:
    picture = drawn(event(shape=Shape.PENDING))
    assert [one.get("class") for one in picture.iter(f"{SVG}polyline")] == ["open"]
    assert not list(picture.iter(f"{SVG}polygon"))


def test_every_event_is_a_named_link_in_the_order_of_time() -> None:
    picture = drawn(event(), event(1, shape=Shape.PERSON, to="", title="a: SAM decides", href="/w"))
    links = list(picture.iter(f"{SVG}a"))
    assert [link.get("aria-label") for link in links] == ["CAR from a to b", "a: SAM decides"]
    assert [link.get("href") for link in links] == ["/m", "/w"]
    assert all(link.find(f"{SVG}title").text == link.get("aria-label") for link in links)


def test_what_people_are_called_is_text_in_the_picture_and_never_markup() -> None:
    text = str(sequence([Lane("a", EVIL), Lane("b", "b")], [event(label=EVIL, title=EVIL, href=f"/{EVIL}")], EVIL))
    assert "<script" not in text
    assert ET.fromstring(text).find(f"{SVG}title").text == EVIL


def test_the_picture_has_no_style_and_no_colour_of_its_own() -> None:
    text = str(sequence([Lane("a", "a"), Lane("b", "b")], [event()], "A case"))
    assert "style=" not in text
    assert "fill=" not in text


@pytest.mark.parametrize(
    ("count", "word"),
    [(0, "10 or fewer"), (1, "10 or fewer"), (10, "10 or fewer"), (11, "about 10"), (14, "about 10"), (27, "about 30")],
)
def test_small_counts_are_never_told(count: int, word: str) -> None:
    assert told(count) == word


def test_no_subtraction_of_told_counts_gives_a_small_count_back() -> None:
    # Whatever is told of a whole and of a part, what is left may be anything from nothing to more than a small count.
    for whole in range(SMALL, 120):
        for part in range(SMALL, whole + 1):
            same = [
                (w, p)
                for w in range(max(0, whole - 9), whole + 10)
                for p in range(max(0, part - 9), min(w, part + 9) + 1)
                if told(w) == told(whole) and told(p) == told(part)
            ]
            assert len({w - p for w, p in same}) > 1


def envelope(body: bytes, content_type: str, kind: Kind = Kind.CAR) -> Envelope:
    return Envelope("m-1", kind, "a", "b", "case-1", START, body, content_type)


def test_a_booking_is_decoded_with_tags_names_and_images_as_numbers() -> None:
    found = decoded(envelope(card("P7"), EBTS_CONTENT))
    fields = {field.tag: field for section in found.sections for field in section.fields}
    assert (fields["2.018 NAM"].name, fields["2.018 NAM"].value) == ("name", BOOKING.nam)
    assert fields["2.047 ASL"].value == "20101003, 5404 DRIVING UNDER INFLUENCE"
    assert fields["14.999"].value.startswith("image, 8x8, 500 pixels an inch, NONE")
    assert "P7/" not in str(found)


def test_an_answer_of_a_specialist_is_decoded_line_by_line() -> None:
    answer = records.Iar("XXLESC001", "XXFBI0001", "REF", "2010-10-04T08:00:00.000Z", "A,B", "19800101", "unknown",
                         specialist="SPECIALIST", text="NOTHING FOUND")  # fmt: skip
    found = decoded(envelope(answer.to_bytes(), NLETS_CONTENT, Kind.IAR))
    fields = {field.tag: field.value for section in found.sections for field in section.fields}
    assert fields["STA"] == "unknown"
    assert "NOT AN ARREST WARRANT" in fields["CAV"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", EBTS_CONTENT), (b"\xff" * 50, EBTS_CONTENT), (b"no record", NLETS_CONTENT), (b"{", JSON_CONTENT),
        (b"[" * 100_000, JSON_CONTENT), (b"[1]", JSON_CONTENT), (b'{"a":' * 9_000, JSON_CONTENT),
        (b"\xff", JSON_CONTENT), (b'"' + b"x" * 70_000 + b'"', JSON_CONTENT),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_said_and_never_raised(body: bytes, content_type: str) -> None:
    found = decoded(envelope(body, content_type))
    assert found.sections == () or found.problems or all(not section.fields for section in found.sections)


def test_a_page_shows_so_many_fields_of_a_message_and_so_much_of_a_value() -> None:
    many = b"{" + b",".join(b'"f%d":"%s"' % (n, b"x" * 60) for n in range(900)) + b"}"
    found = decoded(envelope(many, JSON_CONTENT))
    assert sum(len(section.fields) for section in found.sections) == MAX_FIELDS
    assert "500 more fields" in found.problems[0]
    long = decoded(envelope(b'{"a":"' + b"y" * (MAX_VALUE + 9) + b'"}', JSON_CONTENT))
    assert len(long.sections[0].fields[0].value) < MAX_VALUE + 40


def test_a_sentence_on_the_ledger_gives_back_the_facts_that_it_was_made_from() -> None:
    rules = programme.load("secure-communities-2010-10")
    facts = {"repository": "state", "score": 3_473, "threshold": 11_300, "threshold_name": "FMR_1E6"}
    decision = decide(rules, "verify_candidate", facts)
    named = {name: value for name, value in facts.items() if name != "repository"}
    assert said_in(decision.sentence, rules.rule(decision.rule).sentence, rules.vocabulary) == named
    assert said_in("another sentence", rules.rule(decision.rule).sentence, rules.vocabulary) == {}


def test_bytes_are_dumped_as_hexadecimal_and_plain_signs() -> None:
    assert dump(b"A\x00<") == f"000000  {'41 00 3c':<47}  A.<"


def test_an_outcome_that_names_several_parties_is_a_list_of_their_names() -> None:
    assert case_words.outcome_in_words("field_office agency", "") == "field office, booking agency"
    assert case_words.outcome_in_words("172800", "seconds") == "48 hours"
    assert case_words.outcome_in_words("not_needed", "") == "not needed"
