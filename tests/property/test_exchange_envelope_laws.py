"""Laws of the envelope: one spelling, read back equal; a heading says the same of it; other bytes are no message."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenprint.core.canonical import canonical_json, sha256_hex
from tenprint.core.errors import RecordError
from tenprint.exchange.model.envelope import Envelope, Heading
from tenprint.exchange.model.words import Kind
from tenprint.ledger.vocabulary import CASE, MESSAGE, TCN, VOCABULARY

IDS = st.from_regex(VOCABULARY[MESSAGE].form, fullmatch=True)
NUMBERS = st.one_of(st.just(""), st.from_regex(VOCABULARY[TCN].form, fullmatch=True))


@given(
    st.builds(
        Envelope,
        id=IDS,
        kind=st.sampled_from(Kind),
        sender=IDS,
        recipient=IDS,
        case_id=st.from_regex(VOCABULARY[CASE].form, fullmatch=True),
        sent_at=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
            lambda t: t.replace(tzinfo=UTC, microsecond=t.microsecond // 1000 * 1000)
        ),
        body=st.binary(max_size=50),
        in_reply_to=st.one_of(st.just(""), IDS),
        tcn=NUMBERS,
        tcr=NUMBERS,
        signature=st.binary(min_size=64, max_size=64),
    )
)
def test_what_is_written_reads_back_equal_and_its_heading_says_the_same_of_it(envelope: Envelope) -> None:
    wire = envelope.to_bytes()
    assert Envelope.from_bytes(wire) == envelope
    assert Envelope.from_bytes(wire).to_bytes() == wire
    heading = Heading.of_head(wire.partition(b"\n")[0])
    assert (heading.key, heading.header(), heading.content_hash) == (
        envelope.key, envelope.header(), envelope.content_hash,
    )  # fmt: skip

    bare = {name: value for name, value in envelope.header().items() if name != "sent_at"}
    signature = {"signature": base64.b64encode(envelope.signature).decode()}
    assert envelope.signed_bytes() == canonical_json(envelope.header())
    assert envelope.head() == canonical_json(envelope.header() | signature)
    assert envelope.content_hash == sha256_hex(canonical_json(bare))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_no_message(data: bytes) -> None:
    with pytest.raises(RecordError, match="ENVELOPE_INVALID"):
        Envelope.from_bytes(data)
    with pytest.raises(RecordError, match="ENVELOPE_INVALID"):
        Heading.of_head(data)


def test_a_booking_without_a_readable_number_can_be_sent() -> None:
    good = Envelope(
        "car-1",
        Kind.CAR,
        "agency",
        "state_bureau",
        "case-1",
        datetime(2010, 10, 4, tzinfo=UTC),
        tcn="sha256-0123456789abcdef0123",
    )
    assert good.tcn.startswith("sha256-")
