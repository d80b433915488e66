"""Keys: repeatable from a seed, readable as text, and unable to show their secret by accident."""

import pytest

from tenprint.core.chance import SeededRandomSource, SystemRandomSource
from tenprint.core.errors import RecordError
from tenprint.ledger.keys import PrivateKey, PublicKey, generate_key

# RFC 8032, 7.1, TEST 2
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_signatures_are_those_of_rfc_8032():
    key = PrivateKey(SEED)
    assert key.public == PublicKey(PUBLIC)
    assert key.sign(b"\x72") == SIGNATURE
    assert key.public.verify(b"\x72", SIGNATURE)
    assert not key.public.verify(b"\x73", SIGNATURE)
    assert not key.public.verify(b"\x72", SIGNATURE[:-1])
    assert not key.public.verify(b"\x72", bytes(64))


def test_a_seeded_source_gives_the_same_key_again_and_a_real_one_does_not():
    assert generate_key(SeededRandomSource(7)) == generate_key(SeededRandomSource(7))
    assert generate_key(SystemRandomSource()) != generate_key(SystemRandomSource())


def test_keys_survive_their_text():
    key = PrivateKey(SEED)
    assert PrivateKey.from_text(key.to_text() + "\n") == key
    assert PublicKey.from_text(key.public.to_text()) == key.public
    assert len(key.public.to_text()) == 44


LOW_ORDER_POINTS = {
    "neutral": (1).to_bytes(32, "little"),
    "order 2": (2**255 - 20).to_bytes(32, "little"),
    "order 4": bytes(32),
    "order 8": bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    "order 8, other": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    "neutral, outside the field": (2**255 - 18).to_bytes(32, "little"),
}


@pytest.mark.parametrize("raw", LOW_ORDER_POINTS.values(), ids=LOW_ORDER_POINTS.keys())
@pytest.mark.parametrize("sign", [0, 0x80])
def test_a_public_key_under_which_anybody_can_sign_is_no_key(raw, sign):
    with pytest.raises(RecordError, match="KEY_FORM"):
        PublicKey(raw[:-1] + bytes([raw[-1] | sign]))


def test_a_signature_has_one_form_only():
    group_order = 2**252 + 27742317777372353535851937790883648493
    other_form = SIGNATURE[:32] + (int.from_bytes(SIGNATURE[32:], "little") + group_order).to_bytes(32, "little")
    assert not PublicKey(PUBLIC).verify(b"\x72", other_form)


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA", "é" * 44])
def test_a_text_that_is_no_key_is_refused_with_a_code(text):
    for kind in (PrivateKey, PublicKey):
        with pytest.raises(RecordError, match="KEY_FORM"):
            kind.from_text(text)


def test_printing_a_private_key_does_not_show_it():
    key = PrivateKey(SEED)
    assert key.to_text() not in repr(key)
    assert str(SEED) not in repr(key)
    assert SEED.hex() not in repr(key)


def test_the_verifier_line_is_that_of_the_signed_note_specification():
    # Published by the Go checksum database, whose key every Go installation carries.
    line = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    name, key_id, encoded = line.split("+", 2)
    import base64

    key = PublicKey(base64.b64decode(encoded)[1:])
    assert key.key_id(name).hex() == key_id
    assert key.to_verifier_line(name) == line
