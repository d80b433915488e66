"""Calls of `tenprint records`, and the small transactions that they are given."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tenprint import records
from tenprint.cli.app import app
from tenprint.core.errors import TenprintError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.records import Booking, EncodedImage
from tenprint.records.images import write_png

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
TRANSACTIONS = SAMPLES / "transactions"
needs_samples = pytest.mark.skipif(not TRANSACTIONS.is_dir(), reason=f"no sample files in {TRANSACTIONS}")
FILES = sorted(p for p in TRANSACTIONS.rglob("*") if p.is_file() and p.suffix != ".csv")


def run(*words: object) -> Result:
    """Run a command that is not refused; its exit code is for the caller to look at."""
    return CliRunner().invoke(app, ["records", *map(str, words)], catch_exceptions=False)


def told(*words: object) -> Any:
    """Return what a command says with --json."""
    return json.loads(run(*words, "--json").stdout)


def refusal(*words: object) -> TenprintError:
    """Return the error that a command is refused with."""
    with pytest.raises(TenprintError) as refused:
        run(*words)
    return refused.value


def picture(
    position: int, compression: str = "PNG", *, width: int = 96, height: int = 80, ppi: int = 500
) -> EncodedImage:
    """Return an image of stripes, without a codec process."""
    rows = np.arange(height)[:, None] * 7 + np.arange(width)[None, :] * position * 5
    pixels = (rows % 251).astype(np.uint8)
    impression = Impression.LIVESCAN_ROLLED if position < 11 else Impression.LIVESCAN_PLAIN
    image = FingerImage(pixels, ppi, FingerPosition(position), impression)
    data = write_png(image) if compression == "PNG" else pixels.tobytes()
    return EncodedImage(0, 14, image.fgp, impression, width, height, ppi, compression, data)


def a_booking(record_type: int = 14, **more: Any) -> bytes:
    """Return a small CAR of an invented person, with two rolled fingers and a plain set."""
    fields: dict[str, Any] = {
        "nam": "SAMPLESON,PERCIVAL", "pob": "MM", "dob": "19800229", "sex": "F", "rac": "W", "hgt": "509",
        "wgt": "160", "eye": "BRO", "hai": "BLK", "doa": "20101004", "charges": (("20101003", "DUI"), ("", "THEFT")),
        "cri": ("CO0010000",), "tcn": "TCN-2010-0000001", "ori": "COSIB0000", "dai": "FBICJIS00", "dat": "20101004",
        "ndr": ("1", "9"), "amp": ((3, "XX"),),
    }  # fmt: skip
    images = [picture(1), picture(2, "NONE"), picture(13)]
    return records.build_car(Booking(**(fields | more)), images, checked=False, record_type=record_type)
