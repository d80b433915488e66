"""The shared words refuse nonsense at birth, and their bytes come back."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tenprint
from tenprint.core.canonical import canonical_json
from tenprint.core.chance import SeededRandomSource, content_id, new_id
from tenprint.core.clock import ManualClock, from_wire, to_wire, truncated_to_ms
from tenprint.core.errors import EngineError, RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.core.template import HEADER, MINUTIA_BYTES, Template, angle_from_radians
from tenprint.core.trace import collect, trace

START = datetime(2010, 10, 4, 8, tzinfo=UTC)


@st.composite
def templates(draw: st.DrawFn) -> Template:
    count, width, height = draw(st.integers(0, 60)), draw(st.integers(1, 2000)), draw(st.integers(1, 2000))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Template(
        x=rng.integers(0, width, count).astype(np.uint16),
        y=rng.integers(0, height, count).astype(np.uint16),
        angle=rng.integers(0, 65536, count).astype(np.uint16),
        kind=rng.integers(0, 3, count).astype(np.uint8),
        quality=rng.integers(0, 64, count).astype(np.uint8),
        width=width,
        height=height,
        fgp=FingerPosition(draw(st.integers(0, 15))),
        impression=Impression(draw(st.integers(0, 3))),
        overall_quality=draw(st.integers(0, 100)),
    )


@given(templates())
def test_a_template_comes_back_from_its_bytes(template: Template) -> None:
    data = template.to_bytes()
    again = Template.from_bytes(data)
    assert again.to_bytes() == data
    assert np.array_equal(again.x, template.x)
    assert (again.fgp, again.impression, again.width) == (template.fgp, template.impression, template.width)


def test_a_template_of_forty_minutiae_has_296_bytes() -> None:
    assert HEADER.size + 40 * MINUTIA_BYTES == 296


@given(st.binary(max_size=200))
def test_bytes_that_are_no_template_are_refused_with_our_own_error(data: bytes) -> None:
    try:
        Template.from_bytes(data)
    except EngineError as problem:
        assert problem.code == "TEMPLATE_INVALID"


@pytest.mark.parametrize(
    ("pixels", "ppi", "code"),
    [
        (np.zeros((10, 10), np.uint16), 500, "IMAGE_SHAPE"),
        (np.zeros((10, 10, 3), np.uint8), 500, "IMAGE_SHAPE"),
        (np.zeros((0, 10), np.uint8), 500, "IMAGE_SHAPE"),
        (np.zeros((10, 10), np.uint8), 50, "IMAGE_PPI"),
    ],
    ids=["sixteen bits", "colour", "empty", "low resolution"],
)
def test_an_image_that_is_none_cannot_be_born(pixels: np.ndarray, ppi: int, code: str) -> None:
    with pytest.raises(EngineError) as refused:
        FingerImage(pixels, ppi)
    assert refused.value.code == code


def test_an_image_does_not_change_when_the_array_it_was_made_from_does() -> None:
    pixels = np.zeros((4, 4), np.uint8)
    image = FingerImage(pixels)
    pixels[0, 0] = 255
    assert image.pixels[0, 0] == 0


def test_a_full_turn_is_no_turn() -> None:
    assert angle_from_radians(np.array([0.0, 2 * np.pi, -2 * np.pi])).tolist() == [0, 0, 0]


def test_a_manual_clock_never_goes_back() -> None:
    clock = ManualClock(START)
    clock.jump_to(START - timedelta(days=1))
    assert clock.now() == START


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))
def test_a_moment_comes_back_from_the_wire_to_the_millisecond(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert abs(from_wire(to_wire(aware)) - aware) < timedelta(milliseconds=1)


def test_equal_seeds_give_equal_ids_and_no_id_comes_twice() -> None:
    first, second = SeededRandomSource(7), SeededRandomSource(7)
    ids = [new_id("case", first) for _ in range(100)]
    assert ids == [new_id("case", second) for _ in range(100)]
    assert len(set(ids)) == 100


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_a_content_id_tells_its_parts_apart(a: list[str], b: list[str]) -> None:
    assert (content_id("m", *a) == content_id("m", *b)) == (a == b)


def test_a_float_has_no_canonical_form() -> None:
    with pytest.raises(RecordError):
        canonical_json({"score": [0.5]})


def test_a_trace_costs_nothing_when_nobody_listens() -> None:
    trace("key", lambda: pytest.fail("computed for nobody"))
    with collect(("key",)) as seen:
        trace("key", lambda: 1)
        trace("other", lambda: pytest.fail("not asked for"))
    assert seen == {"key": 1}


def test_the_package_has_the_face_that_the_documentation_shows() -> None:
    assert callable(tenprint.records.read)
    with pytest.raises(AttributeError):
        _ = tenprint.nothing


def test_a_time_outside_the_calendar_is_refused_like_any_other_wrong_time() -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        from_wire("0001-01-01T00:00:00+14:00")


def a_template(**changes) -> Template:
    columns = {
        "x": np.arange(3, dtype=np.uint16),
        "y": np.arange(3, dtype=np.uint16),
        "angle": np.arange(3, dtype=np.uint16),
        "kind": np.ones(3, np.uint8),
        "quality": np.full(3, 63, np.uint8),
    }
    return Template(**(columns | changes), width=10, height=10)


def test_a_template_cut_at_any_byte_is_refused_with_its_code() -> None:
    data = a_template().to_bytes()
    for end in range(len(data)):
        with pytest.raises(EngineError, match="TEMPLATE_INVALID"):
            Template.from_bytes(data[:end])


@pytest.mark.parametrize(("column", "value"), [("quality", 64), ("kind", 3), ("x", 10), ("y", 10)])
def test_a_minutia_out_of_range_is_refused(column: str, value: int) -> None:
    """A quality of 64 would be packed as another kind."""
    bent = getattr(a_template(), column).copy()
    bent[1] = value
    with pytest.raises(EngineError, match="TEMPLATE_INVALID"):
        a_template(**{column: bent})


def test_images_of_equal_bytes_and_another_shape_or_resolution_have_another_digest() -> None:
    pixels = np.arange(16, dtype=np.uint8)
    images = [
        FingerImage(pixels.reshape(4, 4)),
        FingerImage(pixels.reshape(2, 8)),
        FingerImage(pixels.reshape(4, 4), 1000),
    ]
    assert len({image.digest for image in images}) == 3


def test_seeds_that_continue_each_other_share_no_token() -> None:
    tokens = [source.token(16) for source in map(SeededRandomSource, ("1", "11", "111")) for _ in range(120)]
    assert len(set(tokens)) == len(tokens)


def test_times_are_cut_to_milliseconds_never_rounded_up() -> None:
    moment = datetime(2010, 10, 4, 8, 0, 0, 999_999, tzinfo=UTC)
    assert truncated_to_ms(moment).microsecond == 999_000
    assert ManualClock(moment).now() == moment.replace(microsecond=999_000)
    assert to_wire(moment) == "2010-10-04T08:00:00.999Z"
