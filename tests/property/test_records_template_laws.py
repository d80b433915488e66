"""Laws of the template formats: round trips within a unit's rounding, and no bytes that do harm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.template import QUALITY_UNKNOWN, Template
from tenprint.records import templates
from tenprint.records.templates import Format

WRITERS = {Format.ISO: templates.write_iso, Format.ANSI: templates.write_ansi}
HALF_UNIT = {Format.ISO: 128, Format.ANSI: 183, Format.XYT: 92}
"""Half a unit of angle in 65,536ths of a turn, rounded up; one more step is lost in the way back."""


@st.composite
def made(draw: st.DrawFn, *, size: tuple[int, int] | None = None) -> Template:
    """Draw a template of a single finger."""
    width, height = size or (draw(st.integers(1, 16384)), draw(st.integers(1, 16384)))
    count = draw(st.integers(0, 255) | st.integers(0, 5))
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Template(
        x=chance.integers(0, width, count).astype(np.uint16),
        y=chance.integers(0, height, count).astype(np.uint16),
        angle=chance.integers(0, 65536, count).astype(np.uint16),
        kind=chance.integers(0, 3, count).astype(np.uint8),
        quality=chance.integers(0, draw(st.sampled_from([1, 64])), count).astype(np.uint8),
        width=width,
        height=height,
        fgp=FingerPosition(draw(st.integers(0, 10))),
        impression=draw(st.sampled_from(Impression)),
        overall_quality=draw(st.integers(1, 100) | st.just(QUALITY_UNKNOWN)),
    )


def assert_near(again: Template, before: Template, form: Format) -> None:
    """Everything but the angle is exact; the angle is within half a unit of the format."""
    for name in ("x", "y", "quality") + (() if form is Format.XYT else ("kind",)):
        assert getattr(again, name).tolist() == getattr(before, name).tolist(), name
    turned = (again.angle.astype(int) - before.angle + 32768) % 65536 - 32768
    assert np.abs(turned).max(initial=0) <= HALF_UNIT[form] + 1
    assert (again.width, again.height) == (before.width, before.height)


@settings(deadline=None)
@given(template=made(), form=st.sampled_from([Format.ISO, Format.ANSI]))
def test_a_written_template_reads_back_within_half_a_unit_of_angle(template: Template, form: Format) -> None:
    record = templates.read(WRITERS[form]([template]), strict=True)
    again = templates.to_template(record)
    assert record.format is form
    assert_near(again, template, form)
    assert again.fgp == template.fgp
    assert again.impression == template.impression
    assert again.overall_quality == template.overall_quality


@settings(deadline=None)
@given(template=made())
def test_an_xyt_file_reads_back_within_half_a_degree_when_the_size_is_known(template: Template) -> None:
    record = templates.read_xyt(templates.write_xyt(template), size=(template.width, template.height), strict=True)
    assert_near(templates.to_template(record), template, Format.XYT)


@settings(deadline=None)
@given(template=made(), form=st.sampled_from([Format.ISO, Format.ANSI]))
def test_what_was_read_is_written_again_to_the_byte(template: Template, form: Format) -> None:
    first = WRITERS[form]([template])
    assert WRITERS[form]([templates.to_template(templates.read(first))]) == first


@settings(deadline=None, max_examples=40)
@given(data=st.data(), form=st.sampled_from([Format.ISO, Format.ANSI]))
def test_several_views_stay_in_order_and_are_numbered_by_finger(data: st.DataObject, form: Format) -> None:
    several = data.draw(st.lists(made(size=(300, 400)), min_size=1, max_size=15))
    record = templates.read(WRITERS[form](several), strict=True)
    assert [v.position for v in record.views] == [int(t.fgp) for t in several]
    for number, template in enumerate(several):
        assert record.views[number].number == sum(t.fgp == template.fgp for t in several[:number])
        assert_near(templates.to_template(record, number), template, form)


@settings(deadline=None, max_examples=300)
@given(
    data=st.binary(max_size=200), head=st.sampled_from([b"", b"FMR\0", b"FMR\0 20\0", b"FMR\0 20\0\0\0", b"1 2 3\n"])
)
def test_any_bytes_give_values_or_our_own_error(data: bytes, head: bytes) -> None:
    for reader in (templates.read, templates.read_xyt):
        try:
            record = reader(head + data)
        except RecordError:
            continue
        assert all(0 <= p.offset <= len(head + data) for p in record.problems)
        for number in range(len(record.views)):
            try:
                assert isinstance(templates.to_template(record, number), Template)
            except RecordError as refused:  # only a size that no image has, of a view that is there
                assert refused.code == "TEMPLATE_HEADER"
        try:
            reader(head + data, strict=True)
            assert not record.problems
        except RecordError as refused:
            assert refused.code == record.problems[0].code


@pytest.mark.parametrize("form", [Format.ISO, Format.ANSI])
@settings(deadline=None, max_examples=60)
@given(template=made(size=(300, 400)), data=st.data())
def test_a_record_cut_anywhere_keeps_the_minutiae_before_the_cut(
    form: Format, template: Template, data: st.DataObject
) -> None:
    whole = WRITERS[form]([template])
    header = 24 if form is Format.ISO else 26
    cut = data.draw(st.integers(header + 4, len(whole) - 1))
    record = templates.read(whole[:cut])
    complete = min(len(template), (cut - header - 4) // 6)
    assert record.problems[0].code == "TEMPLATE_LENGTH"
    assert record.views[0].x.tolist() == template.x[:complete].tolist()
