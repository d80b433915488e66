"""How a request that carries an envelope is signed: a strict profile of RFC 9421 with RFC 9530's Content-Digest.

What a request must say, so that a door knows who sends it and which bytes will come before it reads any of them::

    Content-Digest: sha-256=:BASE64 OF THE BODY'S SHA-256:
    Signature-Input: tenprint=("@method" "@authority" "@path" "content-type" "content-length" "content-digest");
                     created=1790000000;keyid="agency-1";alg="ed25519";tag="tenprint-post"
    Signature: tenprint=:BASE64 OF 64 BYTES:

One signature, Ed25519, over exactly these components in any order; `keyid` is the sender's party id. The envelope's own
signature stays: it is the evidence, this one keeps strangers from using up a door.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tenprint.core.errors import SenderError

TAG: Final = "tenprint-post"
LABEL: Final = "tenprint"
COSIGN_CONTENT: Final = "application/vnd.tenprint.cosign-request"
ENVELOPE_CONTENT: Final = "application/vnd.tenprint.envelope"
COMPONENTS: Final = ("@method", "@authority", "@path", "content-type", "content-length", "content-digest")
WINDOW_SECONDS: Final = 300
"""How far `created` may lie before or after the receiver's clock."""
NOT_FRESH: Final = "REQUEST_NOT_FRESH"
"""Code of a request outside the window: the only refusal of a signature that is worth another try, with a new one."""

_VALUE = r'(?:(\d{1,15})|"([ !#-\[\]-~]{0,256})")'
_LISTED = r'((?:"[a-z0-9@-]{1,64}"(?: (?="))?)*)'
_PARAMETER = re.compile(rf";([a-z]{{1,16}})={_VALUE}", re.ASCII)
_MEMBER = re.compile(rf"([a-z*][a-z0-9_.*-]{{0,63}})=\({_LISTED}\)((?:;[a-z]{{1,16}}={_VALUE})*)", re.ASCII)
_SIGNATURE = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/=]{1,200}):")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_PARAMETERS = frozenset({"created", "expires", "nonce", "keyid", "alg", "tag"})


@dataclass(frozen=True)
class Target:
    """What a request says besides its body and signature.

    Args:
        method: such as ``POST``.
        authority: host and port as in the Host header.
        path: such as ``/post``.
        headers: lower-case name to value.
    """

    method: str
    authority: str
    path: str
    headers: Mapping[str, str]

    def component(self, name: str) -> str:
        """Return the value of a component (RFC 9421, 2.1 and 2.2).

        Raises:
            SenderError: ``SIGNATURE_COMPONENT`` when the request lacks it.
        """
        derived = {"@method": self.method, "@authority": self.authority.lower(), "@path": self.path}
        value = derived.get(name) if name.startswith("@") else self.headers.get(name)
        if value is None:
            raise SenderError("SIGNATURE_COMPONENT", "the request lacks a part that its signature names", field=name)
        return value.strip()


@dataclass(frozen=True)
class RequestSignature:
    """A signature as its two headers state it, not yet verified.

    Args:
        label: its name in both headers.
        components: what it covers, in its order.
        parameters: the text after the components in Signature-Input, as it was sent.
        key_id: whose key.
        created: Unix time, seconds.
        expires: Unix time, or None.
        tag: what it is for.
        signature: 64 bytes.
    """

    label: str
    components: tuple[str, ...]
    parameters: str
    key_id: str
    created: int
    expires: int | None
    tag: str
    signature: bytes

    def ensure_fresh(self, now: datetime) -> None:
        """Refuse a signature that was made too long ago, or in the future.

        Raises:
            SenderError: ``REQUEST_NOT_FRESH``.
        """
        moment = now.timestamp()
        late = self.expires is not None and moment > self.expires
        if late or abs(moment - self.created) > WINDOW_SECONDS:
            raise SenderError(
                NOT_FRESH,
                f"the request was not signed within {WINDOW_SECONDS} seconds of this door's clock",
                hint="set both clocks by the same time server, sign anew and send it again",
                field="created",
            )


def signature_base(target: Target, components: Sequence[str], parameters: str) -> bytes:
    """Return the bytes that are signed (RFC 9421, 2.5).

    Args:
        target: the request.
        components: names, in order.
        parameters: what follows the components in Signature-Input, such as ``;created=1;keyid="a"``.

    Raises:
        SenderError: ``SIGNATURE_COMPONENT``.
    """
    lines = [f'"{name}": {target.component(name)}' for name in components]
    listed = " ".join(f'"{name}"' for name in components)
    return "\n".join([*lines, f'"@signature-params": ({listed}){parameters}']).encode()


def content_digest(body: bytes) -> str:
    """Return the value of Content-Digest (RFC 9530) for a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def digest_of(target: Target) -> str:
    """Return the SHA-256 in hex that Content-Digest announces; other algorithms beside it are passed over.

    Raises:
        SenderError: ``CONTENT_DIGEST`` when it is missing or has another form.
    """
    found = [_DIGEST.fullmatch(part.strip()) for part in target.headers.get("content-digest", "").split(",")]
    digests = [match[1] for match in found if match]
    if len(digests) != 1:
        raise SenderError("CONTENT_DIGEST", "the request needs a Content-Digest of one sha-256", field="content-digest")
    return base64.b64decode(digests[0]).hex()


def parameters_of(key_id: str, created: datetime) -> str:
    """Return the parameters of this profile's signatures."""
    return f';created={int(created.timestamp())};keyid="{key_id}";alg="ed25519";tag="{TAG}"'


def signature_headers(parameters: str, signature: bytes) -> dict[str, str]:
    """Return the two headers of a signature over `COMPONENTS`."""
    listed = " ".join(f'"{name}"' for name in COMPONENTS)
    return {
        "signature-input": f"{LABEL}=({listed}){parameters}",
        "signature": f"{LABEL}=:{base64.b64encode(signature).decode()}:",
    }


def read_signature(headers: Mapping[str, str]) -> RequestSignature:
    """Return the one signature of a request.

    Raises:
        SenderError: ``SIGNATURE_MISSING``, or ``SIGNATURE_FORM`` when it is not of this profile.
    """
    stated, given = headers.get("signature-input", ""), headers.get("signature", "")
    if not stated or not given:
        raise SenderError("SIGNATURE_MISSING", "the request is not signed (RFC 9421: Signature-Input and Signature)")
    member, signed = _MEMBER.fullmatch(stated.strip()), _SIGNATURE.fullmatch(given.strip())
    if member is None or signed is None or member[1] != signed[1]:
        raise _form("one signature of one label is taken, with plain components and parameters")
    pairs = [(name, int(number) if number else text) for name, number, text in _PARAMETER.findall(member[3])]
    values = dict(pairs)
    if len(values) != len(pairs) or not values.keys() <= _PARAMETERS:
        raise _form(f"a parameter stands twice, or is none of {', '.join(sorted(_PARAMETERS))}")
    created, key_id, expires = values.get("created"), values.get("keyid"), values.get("expires")
    if not isinstance(created, int) or not isinstance(key_id, str) or isinstance(expires, str):
        raise _form("it needs created (a time in seconds) and keyid (the sender's party id)")
    if values.get("alg", "ed25519") != "ed25519":
        raise _form("the algorithm is ed25519")
    try:
        signature = base64.b64decode(signed[2], validate=True)
    except binascii.Error as problem:
        raise _form("the signature is base64") from problem
    components = tuple(re.findall(r'"([^"]*)"', member[2]))
    return RequestSignature(
        member[1], components, member[3], key_id, created, expires, str(values.get("tag", "")), signature
    )


def ensure_profile(found: RequestSignature) -> None:
    """Refuse a signature that does not cover what this profile demands, or was made for something else.

    Raises:
        SenderError: ``SIGNATURE_FORM``.
    """
    if len(found.components) != len(COMPONENTS) or set(found.components) != set(COMPONENTS):
        raise _form(f"it covers exactly {', '.join(COMPONENTS)}")
    if found.tag != TAG:
        raise _form(f'its tag is "{TAG}"')


def _form(why: str) -> SenderError:
    return SenderError("SIGNATURE_FORM", f"the request's signature is not of the form this door takes: {why}")
