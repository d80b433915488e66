"""The request signature: RFC 9421's own vector, and what the profile refuses."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from tenprint.core.errors import SenderError
from tenprint.exchange.model import signed_request as signing
from tenprint.ledger.keys import PrivateKey

# RFC 9421, B.1.4 and B.2.6: an Ed25519 key (the seed is the last 32 bytes of its PKCS #8 form) and its signature.
VECTOR_SEED = base64.b64decode("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF")[-32:]
VECTOR_PUBLIC = base64.b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")[-32:]
VECTOR_COMPONENTS = ("date", "@method", "@path", "@authority", "content-type", "content-length")
VECTOR_PARAMETERS = ';created=1618884473;keyid="test-key-ed25519"'
VECTOR_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
VECTOR_HEADERS = {
    "date": "Tue, 20 Apr 2021 02:07:55 GMT",
    "content-type": "application/json",
    "content-length": "18",
    "signature-input": 'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
    + VECTOR_PARAMETERS,
    "signature": f"sig-b26=:{VECTOR_SIGNATURE}:",
}
VECTOR = signing.Target("POST", "example.com", "/foo", VECTOR_HEADERS)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
BODY = b"some envelope"


def signed_headers(**changes: str) -> dict[str, str]:
    """Return the headers of a request of this profile, signed by the vector's key."""
    headers = {
        "content-type": signing.ENVELOPE_CONTENT,
        "content-length": str(len(BODY)),
        "content-digest": signing.content_digest(BODY),
    }
    target = signing.Target("POST", "127.0.0.1:9", "/post", headers)
    parameters = signing.parameters_of("agency-1", NOW)
    base = signing.signature_base(target, signing.COMPONENTS, parameters)
    headers |= signing.signature_headers(parameters, PrivateKey(VECTOR_SEED).sign(base))
    return headers | changes


def test_the_rfcs_own_vector_is_made_and_read() -> None:
    base = signing.signature_base(VECTOR, VECTOR_COMPONENTS, VECTOR_PARAMETERS)
    key = PrivateKey(VECTOR_SEED)
    assert key.public.raw == VECTOR_PUBLIC
    assert base64.b64encode(key.sign(base)).decode() == VECTOR_SIGNATURE
    read = signing.read_signature(VECTOR_HEADERS)
    assert (read.components, read.key_id, read.created) == (VECTOR_COMPONENTS, "test-key-ed25519", 1618884473)
    assert key.public.verify(signing.signature_base(VECTOR, read.components, read.parameters), read.signature)


def test_the_rfcs_vector_is_not_of_our_profile() -> None:
    with pytest.raises(SenderError, match="SIGNATURE_FORM"):
        signing.ensure_profile(signing.read_signature(VECTOR_HEADERS))


def test_a_request_of_the_profile_is_read_again() -> None:
    headers = signed_headers()
    found = signing.read_signature(headers)
    signing.ensure_profile(found)
    found.ensure_fresh(NOW)
    target = signing.Target("POST", "127.0.0.1:9", "/post", headers)
    base = signing.signature_base(target, found.components, found.parameters)
    assert PrivateKey(VECTOR_SEED).public.verify(base, found.signature)
    assert len(signing.digest_of(target)) == 64


@pytest.mark.parametrize(
    "change", [("GET", "127.0.0.1:9", "/post"), ("POST", "elsewhere", "/post"), ("POST", "127.0.0.1:9", "/health")]
)
def test_another_method_host_or_path_is_another_request(change: tuple[str, str, str]) -> None:
    headers = signed_headers()
    found = signing.read_signature(headers)
    base = signing.signature_base(signing.Target(*change, headers), found.components, found.parameters)
    assert not PrivateKey(VECTOR_SEED).public.verify(base, found.signature)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signature_from_long_ago_or_from_the_future_is_refused(seconds: int) -> None:
    found = signing.read_signature(signed_headers())
    found.ensure_fresh(NOW + timedelta(seconds=seconds - seconds // 301))
    with pytest.raises(SenderError, match="REQUEST_NOT_FRESH"):
        found.ensure_fresh(NOW + timedelta(seconds=seconds))


def test_a_signature_ends_when_it_says_so() -> None:
    stated = signed_headers()["signature-input"] + f";expires={int(NOW.timestamp()) + 5}"
    found = signing.read_signature(signed_headers(**{"signature-input": stated}))
    found.ensure_fresh(NOW + timedelta(seconds=5))
    with pytest.raises(SenderError, match="REQUEST_NOT_FRESH"):
        found.ensure_fresh(NOW + timedelta(seconds=6))


ONE = 'tenprint=("@method");created=1;keyid="a";tag="tenprint-post"'
REFUSED = {
    "two signatures": (ONE + ", other=" + ONE.partition("=")[2], "tenprint=:AAAA:"),
    "two labels": (ONE, "other=:AAAA:"),
    "no created": ('tenprint=("@method");keyid="a"', "tenprint=:AAAA:"),
    "no keyid": ('tenprint=("@method");created=1', "tenprint=:AAAA:"),
    "another algorithm": (ONE + ';alg="hmac-sha256"', "tenprint=:AAAA:"),
    "a parameter twice": (ONE + ";created=2", "tenprint=:AAAA:"),
    "an unknown parameter": (ONE + ";more=2", "tenprint=:AAAA:"),
    "no base64": (ONE, "tenprint=:A:"),
    "component parameters": (ONE.replace('"@method"', '"@method";req'), "tenprint=:AAAA:"),
    "a line feed": (ONE.replace("tenprint-post", "tenprint\n"), "tenprint=:AAAA:"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_forms_of_signatures_are_refused(name: str) -> None:
    stated, given = REFUSED[name]
    with pytest.raises(SenderError, match="SIGNATURE_FORM"):
        signing.read_signature({"signature-input": stated, "signature": given})


def test_a_request_without_signature_says_so() -> None:
    with pytest.raises(SenderError, match="SIGNATURE_MISSING"):
        signing.read_signature({})


@pytest.mark.parametrize("value", ["", "sha-512=:AAAA:", "sha-256=:AAAA:", "sha-256=abc"])
def test_a_content_digest_is_one_sha_256(value: str) -> None:
    with pytest.raises(SenderError, match="CONTENT_DIGEST"):
        signing.digest_of(signing.Target("POST", "", "/post", {"content-digest": value}))


def test_a_signature_over_a_part_that_is_not_there_is_refused() -> None:
    with pytest.raises(SenderError, match="SIGNATURE_COMPONENT"):
        signing.signature_base(signing.Target("POST", "", "/post", {}), ("content-digest",), "")
