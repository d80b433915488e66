"""News is signed by whoever first said it, so that nobody on its way can change it or invent it.

A disposition or a correction travels from party to party byte for byte, and each hop's envelope proves only who passed
it on. So the body itself carries the signature of its origin: Ed25519 by the origin's key over the canonical bytes of
the body without that signature, behind a heading that no envelope, receipt or checkpoint begins with.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from tenprint.core.errors import SenderError
from tenprint.exchange.model.aftermath import Disposition
from tenprint.exchange.model.corrections import Correction
from tenprint.exchange.ports import Signer, Work

HEADING: Final = b"tenprint-news-v1\n"
News = TypeVar("News", Disposition, Correction)


def signed_by_origin(signer: Signer, said: News) -> News:
    """Return what a party says, signed by it."""
    signature = signer.sign(_signed_bytes(said))
    return replace(said, origin_signature=base64.b64encode(signature).decode("ascii"))


def refuse_unsigned(work: Work, said: News, origin: str, said_at: datetime) -> None:
    """Refuse news that its origin has not signed, with a key that was its own when it said it.

    Args:
        work: at hand.
        said: the news.
        origin: party that first said it, as the news itself states; one of the directory.
        said_at: when, as the news states.

    Raises:
        SenderError: ``NEWS_UNSIGNED``, ``NEWS_SIGNATURE_INVALID``, ``KEY_EXPIRED`` or ``KEY_NOT_YET_VALID``.
    """
    if not said.origin_signature:
        raise SenderError("NEWS_UNSIGNED", f"{origin} has not signed this")
    try:
        signature = base64.b64decode(said.origin_signature, validate=True)
    except (binascii.Error, ValueError):
        signature = b""
    try:
        work.services.directory.party(origin).ensure_signed(_signed_bytes(said), signature, said_at)
    except SenderError as problem:
        if problem.code != "SIGNATURE_INVALID":
            raise
        raise SenderError("NEWS_SIGNATURE_INVALID", f"{origin} has not signed this in these words") from problem


def _signed_bytes(said: Disposition | Correction) -> bytes:
    return HEADING + replace(said, origin_signature="").to_bytes()
