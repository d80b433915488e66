"""Minutia arrays and Template v1, the bytes that every gallery holds (ARCHITECTURE section 7).

Layout, little-endian, 16 bytes of header and 7 bytes a minutia (296 bytes for 40)::

    0   4s  magic  b"TPT1"      4  u8  version  1         5  u8  FGP
    6   u8  impression (IMP)    7  u8  quality 0..100, 255 unknown
    8   u16 count               10 u16 width px           12 u16 height px    14 u16 reserved 0
    16        count x u16  x, then count x u16 y, then count x u16 angle (65,536 a turn),
    then      count x u8   kind (upper 2 bits) and quality (lower 6 bits)

Angles are counter-clockwise from the x axis with y pointing down the page, as in ISO/IEC 19794-2:2005: a ridge that
leaves the minutia towards the top of the image has angle pi/2. Positions are pixels at 500 ppi.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tenprint.core.errors import EngineError
from tenprint.core.fingers import FingerPosition, Impression

# Every party names this type, and half of them never see a print: NumPy is loaded by whoever has one.
if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAGIC = b"TPT1"
VERSION = 1
HEADER = struct.Struct("<4sBBBBHHHH")
MAX_MINUTIAE = 255
QUALITY_UNKNOWN = 255
SUREST = 63
"""Quality of a minutia that is certain; it is stored in six bits."""
ANGLE_STEPS = 65536
MINUTIA_BYTES = 7
KIND_OTHER, KIND_ENDING, KIND_BIFURCATION = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Template:
    """The minutiae of one impression, as columns.

    Args:
        x, y: shape (n,), uint16, pixels at 500 ppi, inside width and height.
        angle: shape (n,), uint16, 65,536 steps a turn, counter-clockwise.
        kind: shape (n,), uint8: 0 other, 1 ridge ending, 2 bifurcation.
        quality: shape (n,), uint8, 0 to 63, higher is surer.
        width, height: pixels of the image at 500 ppi.
        fgp, impression: whose finger, rolled or plain.
        overall_quality: 0 to 100, or 255 when unknown.

    Raises:
        EngineError: ``TEMPLATE_INVALID`` when columns disagree or a value is out of range.
    """

    x: npt.NDArray[np.uint16]
    y: npt.NDArray[np.uint16]
    angle: npt.NDArray[np.uint16]
    kind: npt.NDArray[np.uint8]
    quality: npt.NDArray[np.uint8]
    width: int
    height: int
    fgp: FingerPosition = FingerPosition.UNKNOWN
    impression: Impression = Impression.LIVESCAN_PLAIN
    overall_quality: int = QUALITY_UNKNOWN

    def __post_init__(self) -> None:
        import numpy as np  # noqa: PLC0415 - as above

        wide, narrow = (self.x, self.y, self.angle), (self.kind, self.quality)
        count = self.x.shape[0] if self.x.ndim == 1 else -1
        columns_agree = all(c.dtype == np.uint16 and c.shape == (count,) for c in wide) and all(
            c.dtype == np.uint8 and c.shape == (count,) for c in narrow
        )
        if not columns_agree or count > MAX_MINUTIAE:
            raise EngineError("TEMPLATE_INVALID", "minutia columns disagree in type or length, or are too long")
        if not (0 < self.width < ANGLE_STEPS and 0 < self.height < ANGLE_STEPS):
            raise EngineError("TEMPLATE_INVALID", f"template size {self.width}x{self.height} is out of range")
        if count and (self.x.max() >= self.width or self.y.max() >= self.height or self.kind.max() > KIND_BIFURCATION):
            raise EngineError("TEMPLATE_INVALID", "a minutia lies outside the image or is of no known kind")
        if count and self.quality.max() > SUREST:
            raise EngineError("TEMPLATE_INVALID", f"a minutia's quality is above {SUREST}")

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def radians(self) -> npt.NDArray[np.float32]:
        """Return the angles in radians, shape (n,), 0 to 2 pi."""
        import numpy as np  # noqa: PLC0415 - as above

        return self.angle.astype(np.float32) * np.float32(2 * math.pi / ANGLE_STEPS)

    def to_bytes(self) -> bytes:
        """Return the layout in this module's docstring."""
        import numpy as np  # noqa: PLC0415 - as above

        head = HEADER.pack(
            MAGIC,
            VERSION,
            int(self.fgp),
            int(self.impression),
            self.overall_quality,
            len(self),
            self.width,
            self.height,
            0,
        )
        packed = (self.kind << np.uint8(6)) | self.quality
        columns = (self.x.astype("<u2"), self.y.astype("<u2"), self.angle.astype("<u2"), packed)
        return head + b"".join(c.tobytes() for c in columns)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Template:
        """Return the template that `to_bytes` wrote; its wide columns are views, not copies.

        Raises:
            EngineError: ``TEMPLATE_INVALID`` when the bytes are no template of version 1.
        """
        import numpy as np  # noqa: PLC0415 - as above

        if len(data) < HEADER.size:
            raise EngineError("TEMPLATE_INVALID", "shorter than a template header")
        magic, version, fgp, impression, quality, count, width, height, _ = HEADER.unpack_from(data)
        if magic != MAGIC or version != VERSION or len(data) < HEADER.size + count * MINUTIA_BYTES:
            raise EngineError("TEMPLATE_INVALID", "not a template of version 1, or cut short")
        if fgp > 15 or impression > 3:
            raise EngineError("TEMPLATE_INVALID", f"position {fgp} or impression {impression} is out of range")
        x, y, angle = np.frombuffer(data, dtype="<u2", count=3 * count, offset=HEADER.size).reshape(3, count)
        packed = np.frombuffer(data, dtype=np.uint8, count=count, offset=HEADER.size + 6 * count)
        return cls(
            x=x,
            y=y,
            angle=angle,
            kind=packed >> np.uint8(6),
            quality=packed & np.uint8(SUREST),
            width=width,
            height=height,
            fgp=FingerPosition(fgp),
            impression=Impression(impression),
            overall_quality=quality,
        )


def angle_from_radians(radians: npt.NDArray[np.floating]) -> npt.NDArray[np.uint16]:
    """Return angles of any range as 65,536 steps a turn: rounded, then modulo a turn."""
    import numpy as np  # noqa: PLC0415 - as above

    steps = np.rint(np.asarray(radians, dtype=np.float64) * (ANGLE_STEPS / (2 * math.pi))).astype(np.int64)
    return (steps % ANGLE_STEPS).astype(np.uint16)
