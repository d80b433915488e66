"""Small transactions of the standard, built field by field, and what the judge says of them."""

from __future__ import annotations

import struct

from tenprint import records
from tenprint.records.itl.findings import Finding

GS, FS, RS, US = "\x1d", "\x1c", "\x1e", "\x1f"


def errors(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(f.rule, f.field) for f in findings if f.severity == "error"}


def tagged(kind: int, fields: dict[str, str | bytes]) -> bytes:
    rest = b"".join(
        f"{GS}{kind}.{tag}:".encode() + (v.encode() if isinstance(v, str) else v) for tag, v in fields.items()
    )
    total = len(f"{kind}.001:") + len(rest) + 1
    total += len(str(total + len(str(total))))
    return f"{kind}.001:{total}".encode() + rest + FS.encode()


def png(width: int = 40, height: int = 60, bits: int = 8, color: int = 0) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBB", 13, b"IHDR", width, height, bits, color) + b"\0" * 30


def first(*contents: tuple[int, int], **changes: str) -> bytes:
    listed = RS.join([f"1{US}{len(contents)}", *(f"{kind}{US}{idc}" for kind, idc in contents)])
    fields = {
        "002": "0502", "003": listed, "004": "CAR", "005": "20240229", "006": "4", "007": "DAI", "008": "ORI",
        "009": "TCN", "011": "00.00", "012": "00.00",
    }  # fmt: skip
    return tagged(1, {**fields, **{k[1:]: v for k, v in changes.items()}})


def finger(idc: int = 1, image: bytes | None = None, **changes: str) -> bytes:
    fields: dict[str, str | bytes] = {
        "002": str(idc), "003": "0", "004": "SRC", "005": "20240229", "006": "40", "007": "60", "008": "1",
        "009": "500", "010": "500", "011": "PNG", "012": "8", "013": "2",
    }  # fmt: skip
    fields.update({k[1:]: v for k, v in changes.items()})
    return tagged(14, {**fields, "999": png() if image is None else image})


def photo(**changes: str) -> bytes:
    fields: dict[str, str | bytes] = {
        "002": "1", "003": "FACE", "004": "SRC", "005": "20240229", "006": "40", "007": "60", "008": "0", "009": "1",
        "010": "1", "011": "PNG", "012": "GRAY", "013": "20",
    }  # fmt: skip
    fields.update({k[1:]: v for k, v in changes.items() if v})
    for tag in [k[1:] for k, v in changes.items() if not v]:
        fields.pop(tag, None)
    return tagged(10, {**fields, "999": png()})


def type_4(impression: int = 1, fgp: int = 2, isr: int = 0, cga: int = 6, image: bytes | None = None) -> bytes:
    data = png() if image is None else image
    positions = bytes([fgp, 255, 255, 255, 255, 255])
    return struct.pack(">IBB6sBHHB", 18 + len(data), 1, impression, positions, isr, 40, 60, cga) + data


def judged(*parts: bytes) -> tuple[Finding, ...]:
    return records.validate_itl(records.read(b"".join(parts)))


ONE, TWO = (14, 1), tagged(2, {"002": "0"})
FINE = (first((2, 0), ONE), TWO, finger())


def one(**changes: str) -> tuple[bytes, ...]:
    return first((2, 0), ONE), TWO, finger(**changes)
