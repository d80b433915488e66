"""Whatever a known peer signs: the door takes a message in, or refuses with a documented code and writes nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from exchange_rig import Rig, card, rigs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenprint.core.canonical import canonical_json, sha256_hex
from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.model.words import Role

REFUSALS = {"WRONG_RECIPIENT", "UNKNOWN_SENDER", "SIGNATURE_INVALID", "KIND_NOT_ACCEPTED", "MESSAGE_ID_REUSED",
            "SENT_IN_FUTURE"}  # fmt: skip
BODY = b"a booking"
HEADER = {
    "v": 1, "id": "car-1", "kind": "CAR", "sender": "agency", "recipient": "state_bureau", "case_id": "case-1",
    "sent_at": "2010-10-04T08:00:00.000Z", "content_type": "application/vnd.tenprint.ebts", "in_reply_to": "",
    "tcn": "", "tcr": "", "body_sha256": sha256_hex(BODY), "body_size": len(BODY),
}  # fmt: skip
NEAR = st.sampled_from([
    "", "x", " x", "x ", "x" * 160, "x" * 161, "é", "\ud800", "a\nb", "\x00", "agency", "jail", "stranger", "CAR",
    "IAR", "TIMER", "timer-wake-1", "sha256-0123456789", "0001-01-01T00:00:00.000+14:00", "2010-10-04T08:00:00Z", "-",
    "a/b",
])  # fmt: skip
ANY = st.one_of(
    NEAR, st.text(max_size=30), st.none(), st.booleans(), st.integers(), st.floats(), st.just([]), st.just({"a": 1}),
    st.integers(10**20, 10**30),
)  # fmt: skip


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with rigs() as make:
        yield make()


def written(rig: Rig) -> int:
    with rig.nodes[Role.STATE_BUREAU].store.transaction() as tx:
        return tx.ledger_size()


def signed(rig: Rig, header: dict[str, object]) -> bytes:
    """Return the wire form of a header as an attacker writes it, signed as well as it can be."""
    try:
        data = canonical_json(header)
    except RecordError:
        data = json.dumps(header).encode()
    signature = base64.b64encode(rig.keys[Role.AGENCY].sign(data)).decode()
    try:
        head = canonical_json({"signature": signature} | header)
    except RecordError:
        head = json.dumps({"signature": signature} | header).encode()
    return head + b"\n" + BODY


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    changes=st.dictionaries(st.sampled_from([*HEADER, "signature", "more"]), ANY, min_size=1, max_size=2),
    gone=st.sets(st.sampled_from(sorted(HEADER)), max_size=1),
)
def test_a_hostile_header_is_refused_with_a_documented_code_and_nothing_is_written(
    rig: Rig, changes: dict[str, object], gone: set[str]
) -> None:
    header = {name: value for name, value in (HEADER | changes).items() if name not in gone}
    before = written(rig)
    try:
        receipt = dispatch.accept(rig.nodes[Role.STATE_BUREAU], signed(rig, header))
    except RecordError as refused:
        assert refused.code == "ENVELOPE_INVALID"
    except SenderError as refused:
        assert refused.code in REFUSALS
    else:
        assert b"tenprint.receipt" in receipt
        rig.run()  # what was taken in is handled or given up, and never stops the loop
        return
    assert written(rig) == before


@pytest.mark.parametrize(
    "tcn", ["TCN-2010-00é0001", "x" * 200, " TCN-2010-000001", " " * 16, "TCN\x002010-000001", "T"]
)
def test_a_booking_with_a_control_number_that_no_header_holds_is_answered_and_nothing_is_given_up(tcn: str) -> None:
    data = card("P7").replace(b"TCN-2010-0000001", tcn.encode())
    with rigs() as make:
        rig = make()
        case_id = rig.book(data)
        assert len(rig.messages(Role.AGENCY, case_id)) > 1
        for node in rig.all:
            with node.store.reading() as reader:
                assert reader.dead_letters() == []
