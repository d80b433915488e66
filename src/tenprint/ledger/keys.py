"""Ed25519 keys of the parties (RFC 8032): made from a `RandomSource`, written as one line of base64."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tenprint.core.chance import RandomSource
from tenprint.core.errors import RecordError

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
KEY_ID_BYTES: Final = 4
NOTE_ALGORITHM_ED25519: Final = b"\x01"  # C2SP signed-note, signature types
NOTE_ALGORITHM_COSIGNATURE: Final = b"\x04"  # the same list: Ed25519 cosignature with a time (C2SP tlog-cosignature)

_FIELD_PRIME: Final = 2**255 - 19
_ORDER_8_Y: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# The y coordinates of the eight points of low order (RFC 8032, 5.1): under such a key anybody can make a signature.
_LOW_ORDER_YS: Final = frozenset({0, 1, _FIELD_PRIME - 1, _ORDER_8_Y, _FIELD_PRIME - _ORDER_8_Y})


@dataclass(frozen=True)
class PublicKey:
    """A party's public key.

    Args:
        raw: 32 bytes (RFC 8032, 5.1.5).
        earlier: keys whose place it took: what they signed still verifies. When a key may sign is not asked here.

    Raises:
        RecordError: ``KEY_FORM`` when the length differs, or for a point of low order or a coordinate outside the
            field: the library would accept signatures under such a key that nobody's secret made.
    """

    raw: bytes
    earlier: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        for key in self.earlier:
            PublicKey(key)
        if len(self.raw) != KEY_BYTES:
            raise RecordError("KEY_FORM", f"a public key has {KEY_BYTES} bytes")
        y = int.from_bytes(self.raw, "little") % 2**255
        if y >= _FIELD_PRIME or y in _LOW_ORDER_YS:
            raise RecordError("KEY_FORM", "this public key would let anybody sign")

    def to_text(self) -> str:
        """Return the key as base64, 44 characters, for a party file."""
        return base64.b64encode(self.raw).decode()

    @classmethod
    def from_text(cls, text: str) -> PublicKey:
        """Return the key that `to_text` wrote.

        Raises:
            RecordError: ``KEY_FORM`` when the text is something else.
        """
        return cls(_decoded(text))

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Tell whether `signature` (64 bytes) is this key's, or an earlier one's, over `data`."""
        return any(_is_signed(raw, data, signature) for raw in (self.raw, *self.earlier))

    def each(self) -> tuple[PublicKey, ...]:
        """Return this key and the earlier ones, one by one."""
        return (PublicKey(self.raw), *(PublicKey(raw) for raw in self.earlier))

    def key_id(self, name: str, algorithm: bytes = NOTE_ALGORITHM_ED25519) -> bytes:
        """Return the 4 bytes by which a signed note names this key with its owner and use (C2SP signed-note)."""
        return hashlib.sha256(name.encode() + b"\n" + algorithm + self.raw).digest()[:KEY_ID_BYTES]

    def to_verifier_line(self, name: str) -> str:
        """Return ``name+keyid+base64``, the verifier key that other tools for signed notes read (C2SP signed-note)."""
        encoded = base64.b64encode(NOTE_ALGORITHM_ED25519 + self.raw).decode()
        return f"{name}+{self.key_id(name).hex()}+{encoded}"


@dataclass(frozen=True)
class PrivateKey:
    """A party's private key. Its text form is a secret; `repr` does not show it.

    Args:
        seed: 32 bytes (RFC 8032, 5.1.5).

    Raises:
        RecordError: ``KEY_FORM`` when the length differs.
    """

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != KEY_BYTES:
            raise RecordError("KEY_FORM", f"a private key has {KEY_BYTES} bytes")

    @property
    def public(self) -> PublicKey:
        """Return the public half."""
        return PublicKey(Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`, 64 bytes; the same data always gives the same one."""
        return self._loaded.sign(data)

    @cached_property
    def _loaded(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def to_text(self) -> str:
        """Return the key as base64, 44 characters, for a file that only its party can read."""
        return base64.b64encode(self.seed).decode()

    @classmethod
    def from_text(cls, text: str) -> PrivateKey:
        """Return the key that `to_text` wrote.

        Raises:
            RecordError: ``KEY_FORM`` when the text is something else.
        """
        return cls(_decoded(text))


def _is_signed(raw: bytes, data: bytes, signature: bytes) -> bool:
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        _loaded_public(raw).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=256)
def _loaded_public(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


def generate_key(random_source: RandomSource) -> PrivateKey:
    """Return a new key from 32 bytes of the source; a seeded source gives the same key again."""
    return PrivateKey(random_source.token(KEY_BYTES))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise RecordError("KEY_FORM", "a key is one line of base64") from problem
