"""Image records: is the image there, is it what its header declares, do scales and compression fit together.

Only headers are read; nothing is decoded here.
"""

from __future__ import annotations

import hashlib
import re

from tenprint.records.image_headers import FAMILIES, Announced, announced
from tenprint.records.itl.file_rules import VERSION_2011, VERSION_2013
from tenprint.records.itl.findings import ERROR, WARNING
from tenprint.records.itl.impressions import (
    CENTIMETRES_PER_INCH,
    COMPRESSIONS,
    FINGER_BINARY_TYPES,
    compression_of,
)
from tenprint.records.itl.record_view import RecordView
from tenprint.records.itl.verdicts import Findings

JUDGED_IMAGES = (10, 13, 14, 15, 16, 17)
MEASURED = (3, 4, 5, 6, 13, 14, 15, 17)
"""Types whose pixels are measured. A photograph shown in another size than declared misleads nobody: a warning."""
HEADERS = {14: (3, *range(6, 13)), 15: tuple(range(6, 13)), 17: tuple(range(6, 14))}
"""Fields that are there with an image and only then; of the other types they are mandatory in any case."""
REASONS = {14: 18, 15: 18, 17: 28}
"""Where a record says why it has no image: amputated, bandaged, missing."""
NOT_FOR_IRISES = ("WSQ20", "JPEGB", "JPEGL")
LOSSLESS = ("NONE", "PNG", "JP2L", "JPEGL")
MOST_PPI_FOR_WSQ = 550
"""WSQ is for 500 pixels an inch; 1,000 need JPEG 2000. In between lies the tolerance, generously."""
_HASH = re.compile(r"[0-9A-Fa-f]{64}")


def check_image(view: RecordView, version: int, findings: Findings) -> None:
    """Judge the image of a record and what is declared about it.

    Args:
        view: a record of any type.
        version: 1.002 as a number.
        findings: where to write.
    """
    if view.type in FINGER_BINARY_TYPES:
        _check_binary(view, findings)
    elif view.type in JUDGED_IMAGES:
        _present(view, version, findings)
        _scales(view, version, findings)
        if view.type == 17 and version >= VERSION_2011 and view.text(11) in NOT_FOR_IRISES:
            findings.add(
                "iris-compression",
                "an iris is not compressed like this",
                view=view,
                number=11,
                found=view.text(11),
                expected="NONE PNG JP2 JP2L",
            )
        if view.data:
            _actual(view, view.text(11).strip().upper(), _depth_declared(view), findings)
        if view.type == 13 and version >= VERSION_2011 and view.text(11) and view.text(11) not in LOSSLESS:
            findings.add(
                "latent-lossless",
                "a latent image must not be compressed with loss",
                view=view,
                number=11,
                found=view.text(11),
                expected=" ".join(LOSSLESS),
            )
    elif view.type == 99 and not view.data and not (view.text(994) and version >= VERSION_2013):
        findings.add("image-missing", "there are no data", view=view, number=999, expected="field 999, or 99.994")
    elif view.type == 8 and view.text(4) == "0":
        _raw_signature(view, findings)
    if view.type > 8 and view.data:
        _hash(view, findings)


def _hash(view: RecordView, findings: Findings) -> None:
    declared = view.text(996)
    if _HASH.fullmatch(declared) and hashlib.sha256(view.data).hexdigest() != declared.lower():
        findings.add(
            "hash",
            "the hash is not that of the data",
            view=view,
            number=996,
            found=declared,
            expected="SHA-256 of field 999",
        )


def _check_binary(view: RecordView, findings: Findings) -> None:
    if not view.data or not view.number(6) > 0 or not view.number(7) > 0:
        findings.add(
            "image-size",
            "the image or its declared size is missing",
            view=view,
            number=6,
            found=f"{view.text(6)}x{view.text(7)}",
            expected="width and height in pixels",
        )
        return
    code = view.number(8)
    if view.type in (5, 6):
        return  # one bit a pixel, or fax: the number of bytes is not fixed
    if 0 <= code < len(COMPRESSIONS):
        _actual(view, COMPRESSIONS[code], 8, findings)


def _present(view: RecordView, version: int, findings: Findings) -> None:
    """An image needs its header, and a header its image; a reason or a reference may stand for both."""
    header, is_optional = HEADERS.get(view.type, ()), view.type == 14 or version >= VERSION_2011
    is_elsewhere = bool(view.text(994)) and version >= VERSION_2013
    reason = REASONS.get(view.type, 0)
    if view.data or is_elsewhere or not is_optional:
        for number in header:
            if not view.text(number):
                findings.add(
                    "field-missing",
                    "the image's header lacks this field",
                    view=view,
                    number=number,
                    expected="mandatory with an image",
                )
    elif version >= VERSION_2011:
        for number in header[1:] if view.type == 14 else header:
            # An impression type (14.003) may stay: the editions differ on it.
            if view.text(number):
                findings.add(
                    "header-without-image",
                    "the field describes an image that is not there",
                    view=view,
                    number=number,
                    found=view.text(number),
                    expected="absent without an image",
                )
    if not (view.data or is_elsewhere or (is_optional and reason and view.all(reason))):
        findings.add(
            "image-missing",
            "there is neither an image nor a reason for its absence",
            view=view,
            number=999,
            expected=f"field 999{f', or {view.tag(reason)}' if reason else ''}",
        )
    for number in (6, 7):
        if view.text(number) and view.number(number) == 0:
            findings.add(
                "image-size",
                "the declared size is zero",
                view=view,
                number=number,
                found=view.text(number),
                expected="1 or more",
            )


def _scales(view: RecordView, version: int, findings: Findings) -> None:
    unit, across, down = view.number(8), view.number(9), view.number(10)
    for number, value in ((9, across), (10, down)):
        if value == 0:
            findings.add("scale-zero", "the pixel scale is zero", view=view, number=number, found="0", expected="1 up")
    if unit in (1, 2) and across > 0 and down > 0 and across != down:
        findings.add(
            "scale-square",
            "with a unit given, the two pixel scales must be equal",
            view=view,
            number=10,
            found=str(down),
            expected=str(across),
            severity=ERROR if version >= VERSION_2011 else WARNING,
        )
    numbers = (22, 23) if view.type == 17 else (16, 17)
    scanned = [view.number(n) for n in numbers]
    if unit in (1, 2) and min(scanned) > 0 and scanned[0] != scanned[1]:
        findings.add(
            "scanned-scale-square",
            "with a unit given, the two scanned scales must be equal",
            view=view,
            number=numbers[1],
            found=str(scanned[1]),
            expected=str(scanned[0]),
            severity=ERROR if version >= VERSION_2011 else WARNING,
        )
    ppi = across * (CENTIMETRES_PER_INCH if unit == 2 else 1) if unit in (1, 2) else 0
    if view.text(11) == "WSQ20" and ppi > MOST_PPI_FOR_WSQ and version >= VERSION_2011:
        findings.add(
            "wsq-resolution",
            "WSQ is for images of 500 pixels an inch",
            view=view,
            number=11,
            found=f"WSQ20 at {round(ppi)}",
            expected="JP2 or JP2L",
        )


def _depth_declared(view: RecordView) -> int:
    return -1 if view.type == 10 else view.number(12)


def _actual(view: RecordView, declared: str, depth: int, findings: Findings) -> None:
    """Compare what the header declares with what the image says of itself."""
    number = 8 if view.type in FINGER_BINARY_TYPES else 11
    width, height = view.number(6), view.number(7)
    if declared == "NONE":
        _raw(view, depth, (width, height), findings)
        return
    family = FAMILIES.get(compression_of(declared))
    if family is None:
        return  # the code table has spoken
    header = announced(view.data)
    if header is None or header.family != family:
        really = header.family if header else ""
        findings.add(
            "image-compression",
            "the image is not compressed as declared",
            view=view,
            number=number,
            found=f"{declared}, really {really or 'something else'}",
            expected=really or family,
        )
    if header is None:
        return
    severity = ERROR if view.type in MEASURED else WARNING
    if (header.width, header.height) != (width, height) and not _height_later(header, width):
        wrong = 6 if header.width != width else 7
        findings.add(
            "image-size",
            "the image has another size than declared",
            view=view,
            number=wrong,
            found=f"{width}x{height}",
            expected=f"{header.width}x{header.height}",
            severity=severity,
        )
    if depth > 0 and header.depth and header.depth != depth:
        # A gray print sent as a color image keeps its 8 bits a channel: a remark. Anything else contradicts itself.
        is_error = view.type in (4, 13, 14, 15) and header.depth != depth * header.channels
        findings.add(
            "image-depth",
            "the image has another depth than declared",
            view=view,
            number=number if view.type in FINGER_BINARY_TYPES else 12,
            found=str(depth),
            expected=str(header.depth),
            severity=ERROR if is_error else WARNING,
        )


def _height_later(header: Announced, width: int) -> bool:
    """Tell whether a JPEG leaves its height to a marker behind the scan, which is allowed."""
    return header.family == "JPEG" and header.height == 0 and header.width == width


def _raw(view: RecordView, depth: int, size: tuple[int, int], findings: Findings) -> None:
    bits = 24 if view.type == 10 and view.text(12) != "GRAY" else 8 if view.type == 10 else depth
    if bits <= 0 or min(size) <= 0:
        return
    needed = (size[0] * bits + 7) // 8 * size[1]
    if len(view.data) != needed:
        number = 7 if view.type in FINGER_BINARY_TYPES else 999
        findings.add(
            "image-length",
            "the uncompressed image is not as long as its declared size",
            view=view,
            number=number,
            found=str(len(view.data)),
            expected=f"{needed} bytes",
            severity=ERROR if view.type in MEASURED else WARNING,
        )


def _raw_signature(view: RecordView, findings: Findings) -> None:
    """An uncompressed signature has one bit a pixel; the 2007 reference files have three bytes a pixel: a warning."""
    width, height = view.number(6), view.number(7)
    if width > 0 and height > 0 and len(view.data) != (width * height + 7) // 8:
        findings.add(
            "image-length",
            "the uncompressed signature is not as long as its declared size",
            view=view,
            number=8,
            found=str(len(view.data)),
            expected=f"{(width * height + 7) // 8} bytes",
            severity=WARNING,
        )
