"""Lossless JPEG of one 8-bit component (ISO/IEC 10918-1, Annex H, Huffman), which Pillow 13 does not read.

NIST's reference files hold such fingers. Plain Python without imports of ours, because it runs in the codec process;
about 1 s for a rolled print.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FRAME, TABLES, START_OF_SCAN, RESTART_INTERVAL, END = 0xC3, 0xC4, 0xDA, 0xDD, 0xD9
RESTARTS = range(0xD0, 0xD8)
MAX_SEGMENTS = 4_096
CODE_BITS = 16
MAX_CATEGORY = 16
"""Differences are taken modulo 65,536; the category of 32,768 has no further bits (Table H.2)."""


class Damaged(Exception):
    """The file breaks the standard, or uses a part of it that no finger image needs."""


@dataclass
class _Header:
    """What stands before the scan."""

    width: int = 0
    height: int = 0
    restart_interval: int = 0
    tables: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    predictor: int = 0
    point_transform: int = 0
    table: int = 0
    scan: int = 0


def decode(data: bytes) -> tuple[bytes, int, int]:
    """Return pixels in rows, width and height.

    Raises:
        Damaged: nothing else is raised for any bytes.
    """
    header = _header(data)
    if header.table not in header.tables or not header.width * header.height or not 1 <= header.predictor <= 7:
        raise Damaged("no table, size or predictor")
    table, rows_left, pixels = header.tables[header.table], header.height, bytearray()
    interval = header.restart_interval or header.width * header.height
    if interval % header.width:
        raise Damaged("a restart inside a row")
    for part in _intervals(data, header.scan):
        rows = min(rows_left, interval // header.width)
        if not rows:
            break
        pixels += _rows(part, table, header, rows)
        rows_left -= rows
    if rows_left:
        raise Damaged("cut short")
    return bytes(pixels), header.width, header.height


def _header(data: bytes) -> _Header:
    header, position = _Header(), 2
    for _ in range(MAX_SEGMENTS):
        if data[position : position + 1] != b"\xff" or position + 4 > len(data):
            break
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == 0xFF:
            position += 1
            continue
        body = data[position + 4 : position + 2 + length]
        position += 2 + length
        if marker == FRAME:
            if len(body) < 9 or body[0] != 8 or body[5] != 1:
                raise Damaged("not one component of 8 bits")
            header.height, header.width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
        elif marker == TABLES:
            _read_tables(body, header.tables)
        elif marker == RESTART_INTERVAL:
            header.restart_interval = int.from_bytes(body[:2], "big")
        elif marker == START_OF_SCAN:
            if len(body) < 6 or body[0] != 1:
                raise Damaged("not one component in the scan")
            header.table, header.predictor, header.point_transform = body[2] >> 4, body[3], body[5] & 0x0F
            header.scan = position
            return header
        elif marker == END:
            break
    raise Damaged("no scan")


def _read_tables(body: bytes, tables: dict[int, list[tuple[int, int]]]) -> None:
    """Read Huffman tables; each becomes (bits, category) for every 16 bits that may come next, (0, 0) for no code."""
    while len(body) >= 1 + CODE_BITS:
        counts, values = body[1 : 1 + CODE_BITS], body[1 + CODE_BITS :]
        lookup: list[tuple[int, int]] = []
        taken = 0
        for bits, count in enumerate(counts, start=1):
            for category in values[taken : taken + count]:
                if category > MAX_CATEGORY or len(lookup) >= 1 << CODE_BITS:
                    raise Damaged("a category above 16, or more codes than there are bits")
                lookup += [(bits, category)] * (1 << (CODE_BITS - bits))
            taken += count
        if len(lookup) > 1 << CODE_BITS:
            raise Damaged("more codes than there are bits")
        lookup += [(0, 0)] * ((1 << CODE_BITS) - len(lookup))
        tables[body[0] & 0x0F] = lookup
        body = values[taken:]


def _intervals(data: bytes, position: int) -> list[bytes]:
    """Return the entropy-coded parts between restart markers, without stuffed zeros."""
    parts, start = [], position
    while True:
        at = data.find(b"\xff", position)
        marker = data[at + 1] if 0 <= at < len(data) - 1 else END
        if marker in RESTARTS:
            parts.append(data[start:at].replace(b"\xff\0", b"\xff"))
            start = at + 2
        elif marker:
            parts.append(data[start : at if at >= 0 else len(data)].replace(b"\xff\0", b"\xff"))
            return parts
        position = at + 2


def _rows(part: bytes, table: list[tuple[int, int]], header: _Header, rows: int) -> bytearray:
    """Return `rows` rows of pixels from one interval (H.1.2): each is predicted from its left, upper and corner one."""
    width, predictor, shift = header.width, header.predictor, header.point_transform
    differences = _differences(part, table, width * rows)
    out = bytearray()
    above: list[int] = []
    for start in range(0, width * rows, width):
        left = above[0] if above else 1 << (7 - shift) if shift < 8 else 0
        row = [left + differences[start] & 0xFFFF]
        for column in range(1, width):
            left = row[-1]
            if above and predictor > 1:
                left = _predicted(predictor, left, above[column], above[column - 1])
            row.append(left + differences[start + column] & 0xFFFF)
        out += bytes([value << shift & 0xFF for value in row])
        above = row
    return out


def _predicted(predictor: int, left: int, upper: int, corner: int) -> int:
    """Return the prediction of Table H.1 from neighbours' values; predictor 1 is the left one."""
    if predictor == 2:
        return upper
    if predictor == 3:
        return corner
    if predictor == 4:
        return left + upper - corner
    if predictor == 5:
        return left + (upper - corner >> 1)
    if predictor == 6:
        return upper + (left - corner >> 1)
    return left + upper >> 1


def _differences(part: bytes, table: list[tuple[int, int]], count: int) -> list[int]:
    found: list[int] = []
    bits = held = position = 0
    for _ in range(count):
        if held < 2 * CODE_BITS:
            more = part[position : position + 64]
            bits = (bits & (1 << held) - 1) << 8 * len(more) | int.from_bytes(more, "big")
            held, position = held + 8 * len(more), position + len(more)
        head = bits >> held - CODE_BITS if held >= CODE_BITS else bits << CODE_BITS - held
        length, category = table[head & 0xFFFF]
        held -= length
        if not length or held < 0:
            raise Damaged("no code, or cut short")
        if category in (0, MAX_CATEGORY):
            found.append(category and 1 << 15)
            continue
        held -= category
        if held < 0:
            raise Damaged("cut short")
        value = bits >> held & (1 << category) - 1
        found.append(value if value >> category - 1 else value - (1 << category) + 1)
    return found
