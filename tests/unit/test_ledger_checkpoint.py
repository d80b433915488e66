"""Checkpoints: one form, strictly read, signed by the log's own key, open to witnesses."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from tenprint.core.errors import RecordError
from tenprint.ledger.checkpoint import (
    Checkpoint,
    cosignature_line,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
    with_cosignature,
    witnessed_at,
)
from tenprint.ledger.keys import PrivateKey

KEY, OTHER = PrivateKey(bytes(32)), PrivateKey(bytes([1]) * 32)
ORIGIN = "tenprint/state_bureau"
CHECKPOINT = Checkpoint(ORIGIN, 42, bytes(range(32)), datetime(2010, 10, 4, 8, tzinfo=UTC))
NOTE = sign_checkpoint(CHECKPOINT, KEY)
ROOT_TEXT = base64.b64encode(bytes(range(32)))


def test_a_note_reads_as_the_specification_says():
    origin, size, root, time, gap, signature, end = NOTE.decode().split("\n")
    assert (origin, size, gap, end) == (ORIGIN, "42", "", "")
    assert base64.b64decode(root) == bytes(range(32))
    assert time == "time 2010-10-04T08:00:00.000Z"
    mark, name, blob = signature.split(" ")
    assert (mark, name) == ("—", ORIGIN)
    assert base64.b64decode(blob)[:4] == KEY.public.key_id(ORIGIN)


def test_a_signed_checkpoint_verifies_and_gives_itself_back():
    assert verify_checkpoint(NOTE, KEY.public, ORIGIN) == CHECKPOINT


def test_another_key_or_another_log_is_refused():
    with pytest.raises(RecordError, match="CHECKPOINT_SIGNATURE"):
        verify_checkpoint(NOTE, OTHER.public, ORIGIN)
    with pytest.raises(RecordError, match="CHECKPOINT_ORIGIN"):
        verify_checkpoint(NOTE, KEY.public, "tenprint/jail")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"\n42\n", b"\n43\n"), (b"08:00:00", b"09:00:00"), (b"AAEC", b"AAED")],
    ids=["size", "time", "root"],
)
def test_a_changed_text_is_not_signed(old, new):
    assert old in NOTE
    with pytest.raises(RecordError, match="CHECKPOINT_SIGNATURE"):
        verify_checkpoint(NOTE.replace(old, new), KEY.public, ORIGIN)


def test_a_signature_for_one_name_does_not_count_for_another():
    swapped = NOTE.replace("— tenprint/state_bureau".encode(), "— tenprint/jail".encode())
    with pytest.raises(RecordError, match="CHECKPOINT_SIGNATURE"):
        verify_checkpoint(swapped, KEY.public, ORIGIN)


def cosigned(note=NOTE, name="tenprint/jail", key=OTHER, at=CHECKPOINT.time):
    return cosignature_line(note, name, key.public, key.sign, at)


def test_a_witness_signs_beside_the_log_and_neither_replaces_the_other():
    witnessed = with_cosignature(NOTE, cosigned(), "tenprint/jail", OTHER.public)
    assert witnessed.startswith(NOTE)
    assert verify_checkpoint(witnessed, KEY.public, ORIGIN) == CHECKPOINT
    signed = parse_checkpoint(witnessed)
    assert witnessed_at(signed, "tenprint/jail", OTHER.public) == CHECKPOINT.time
    assert witnessed_at(signed, "tenprint/jail", KEY.public) is None
    assert witnessed_at(signed, "tenprint/court", OTHER.public) is None
    assert witnessed_at(parse_checkpoint(NOTE), "tenprint/jail", OTHER.public) is None


def test_the_same_witness_twice_leaves_one_line():
    once = with_cosignature(NOTE, cosigned(), "tenprint/jail", OTHER.public)
    later = cosigned(at=CHECKPOINT.time + timedelta(hours=1))
    assert with_cosignature(once, later, "tenprint/jail", OTHER.public) == once


def test_a_cosignature_reads_as_the_specification_says():
    _, name, blob = cosigned().decode().rstrip("\n").split(" ")
    raw = base64.b64decode(blob)
    seconds = int.from_bytes(raw[4:12], "big")
    assert (name, len(raw), seconds) == ("tenprint/jail", 76, int(CHECKPOINT.time.timestamp()))
    assert raw[:4] == hashlib.sha256(b"tenprint/jail\n\x04" + OTHER.public.raw).digest()[:4]
    assert OTHER.public.verify(b"cosignature/v1\ntime %d\n" % seconds + CHECKPOINT.body(), raw[12:])


@pytest.mark.parametrize(
    "line",
    [
        cosigned(sign_checkpoint(Checkpoint(ORIGIN, 43, bytes(32), CHECKPOINT.time), KEY)),
        cosigned(name="tenprint/court"),
        cosigned(key=KEY),
        cosigned() + cosigned(),
        NOTE[NOTE.index("—".encode()) :],
    ],
    ids=["another checkpoint", "another name", "another key", "two lines", "the log's own line"],
)
def test_a_line_that_is_not_that_witnesses_over_this_note_is_refused(line):
    with pytest.raises(RecordError, match="COSIGNATURE_INVALID"):
        with_cosignature(NOTE, line, "tenprint/jail", OTHER.public)


def test_a_wrong_signature_beside_the_right_one_spoils_the_note():
    """C2SP signed-note: a signature by a known key that does not verify refuses the note, whatever stands beside it."""
    forged = sign_checkpoint(Checkpoint(ORIGIN, 43, bytes(32), CHECKPOINT.time), KEY)
    with pytest.raises(RecordError, match="CHECKPOINT_SIGNATURE"):
        verify_checkpoint(NOTE + forged[forged.index("—".encode()) :], KEY.public, ORIGIN)


def test_a_witness_with_a_malformed_name_is_refused():
    with pytest.raises(RecordError, match="CHECKPOINT_FORM"):
        cosigned(name="a b")


MALFORMED = {
    "empty": b"",
    "no UTF-8": b"\xff\xfe\n\n",
    "no signature": CHECKPOINT.body(),
    "no empty line": NOTE.replace(b"\n\n", b"\n"),
    "last newline missing": NOTE[:-1],
    "carriage returns": NOTE.replace(b"\n", b"\r\n"),
    "size with leading zero": NOTE.replace(b"\n42\n", b"\n042\n"),
    "size with sign": NOTE.replace(b"\n42\n", b"\n+42\n"),
    "size in other digits": NOTE.replace(b"\n42\n", "\n٤٢\n".encode()),
    "size too large": NOTE.replace(b"\n42\n", b"\n9999999999999999999\n"),
    "root not base64": NOTE.replace(ROOT_TEXT, b"*" * 44),
    "root too short": NOTE.replace(ROOT_TEXT, b"AAAA"),
    "root with loose last bits": NOTE.replace(ROOT_TEXT, ROOT_TEXT[:-2] + b"9="),
    "time missing": NOTE.replace(b"time 2010-10-04T08:00:00.000Z\n", b""),
    "time without zone": NOTE.replace(b"000Z", b"000"),
    "time written otherwise": NOTE.replace(b"08:00:00.000Z", b"08:00:00Z"),
    "extra line": NOTE.replace(b"\ntime", b"\nmore\ntime"),
    "signature without name": NOTE[: NOTE.index("—".encode())] + "— AAAA\n".encode(),
    "signature not base64": NOTE[: NOTE.index("—".encode())] + "— name *\n".encode(),
    "signature too short": NOTE[: NOTE.index("—".encode())] + "— name AAAA\n".encode(),
    "signature one byte short": NOTE[: NOTE.index("—".encode())] + f"— name {'A' * 88}AA==\n".encode(),
    "signature one byte long": NOTE[: NOTE.index("—".encode())] + f"— name {'A' * 92}\n".encode(),
    "line of another kind": NOTE + b"hello\n",
    "too long": NOTE + b"x" * 70_000,
    "origin with plus": NOTE.replace(b"tenprint/", b"tenprint+"),
}


@pytest.mark.parametrize("note", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_note_is_refused_with_one_code(note):
    with pytest.raises(RecordError) as caught:
        verify_checkpoint(note, KEY.public, ORIGIN)
    assert caught.value.code == "CHECKPOINT_FORM"


@pytest.mark.parametrize(
    "values",
    [("", 1, bytes(32)), ("a b", 1, bytes(32)), ("a", -1, bytes(32)), ("a", 2**63, bytes(32)), ("a", 1, bytes(31))],
)
def test_a_checkpoint_refuses_values_out_of_range(values):
    with pytest.raises(RecordError, match="CHECKPOINT_FORM"):
        Checkpoint(*values, datetime(2010, 10, 4, tzinfo=UTC))


def test_a_checkpoint_without_zone_is_refused():
    with pytest.raises(RecordError, match="CHECKPOINT_FORM"):
        Checkpoint("a", 1, bytes(32), datetime(2010, 10, 4))
