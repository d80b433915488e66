"""A fingerprint image as the engine sees it: 8-bit grayscale, ridges dark, origin top left."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenprint.core import fingers
from tenprint.core.errors import EngineError
from tenprint.core.fingers import FingerPosition, Impression

ENGINE_PPI = fingers.ENGINE_PPI
MAX_SIDE_PX = 6000
MIN_PPI, MAX_PPI = 200, 2000


@dataclass(frozen=True, eq=False)
class FingerImage:
    """One impression.

    Args:
        pixels: shape (height, width), uint8, 0 black; ridges dark. Made read-only at birth.
        ppi: pixels per inch, 200 to 2000.
        fgp: position; UNKNOWN when it is not known.
        impression: rolled or plain, live-scan or not.

    Raises:
        EngineError: ``IMAGE_SHAPE`` or ``IMAGE_PPI`` when a value is outside its range.
    """

    pixels: npt.NDArray[np.uint8]
    ppi: int = ENGINE_PPI
    fgp: FingerPosition = FingerPosition.UNKNOWN
    impression: Impression = Impression.LIVESCAN_PLAIN

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.dtype != np.uint8 or pixels.ndim != 2 or not all(0 < n <= MAX_SIDE_PX for n in pixels.shape):
            raise EngineError(
                "IMAGE_SHAPE",
                f"expected 8-bit grayscale of at most {MAX_SIDE_PX} px a side, got {pixels.dtype} {pixels.shape}",
            )
        if not MIN_PPI <= self.ppi <= MAX_PPI:
            raise EngineError("IMAGE_PPI", f"resolution {self.ppi} ppi is outside {MIN_PPI} to {MAX_PPI}")
        if pixels.flags.writeable:
            pixels = pixels.copy()
            pixels.flags.writeable = False
            object.__setattr__(self, "pixels", pixels)

    @property
    def height(self) -> int:
        """Return the number of rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return int(self.pixels.shape[1])

    @property
    def digest(self) -> str:
        """Return the SHA-256 of size, resolution and pixels, as hex: equal images have equal digests."""
        head = f"{self.width}x{self.height}@{self.ppi};".encode()
        return hashlib.sha256(head + np.ascontiguousarray(self.pixels).tobytes()).hexdigest()
