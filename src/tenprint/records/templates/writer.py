"""The strict writers of ISO/IEC 19794-2:2005 and ANSI INCITS 378-2004: lengths, counts and view numbers are computed.

The formats have no word for an unknown finger quality; it is written as 0. Extended data is not written.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tenprint.core.errors import RecordError
from tenprint.core.template import QUALITY_UNKNOWN, Template
from tenprint.records.templates import complaints
from tenprint.records.templates.conversion import angle_steps, quality_to_percent
from tenprint.records.templates.layout import (
    ANSI_HEADER,
    ANSI_LONG_HEADER,
    ANSI_LONG_LENGTH,
    COORDINATE_BITS,
    EXTENDED_LENGTH,
    ISO_HEADER,
    MAGIC,
    MAX_COORDINATE,
    MAX_POSITION,
    MAX_QUALITY,
    MAX_VIEW_NUMBER,
    MAX_VIEWS,
    MINUTIA_FIELDS,
    PIXELS_PER_CENTIMETRE,
    VERSION,
    VIEW_HEADER,
    Format,
)

NOT_REPORTED = 0


def write_iso(templates: Sequence[Template]) -> bytes:
    """Write an ISO/IEC 19794-2:2005 record with one view a template.

    Args:
        templates: of single fingers, all of one image size; views of one finger are numbered in their order.

    Raises:
        RecordError: ``TEMPLATE_UNWRITABLE``, saying which template cannot be described.
    """
    body = _views(templates, Format.ISO)
    length = ISO_HEADER.size + len(body)
    return ISO_HEADER.pack(MAGIC, VERSION, length, NOT_REPORTED, *_common(templates)) + body


def write_ansi(templates: Sequence[Template]) -> bytes:
    """Write an ANSI INCITS 378-2004 record with one view a template; arguments and errors as of `write_iso`."""
    body = _views(templates, Format.ANSI)
    rest = (NOT_REPORTED, NOT_REPORTED, NOT_REPORTED, *_common(templates))
    length = ANSI_HEADER.size + len(body)
    if length < ANSI_LONG_LENGTH:
        return ANSI_HEADER.pack(MAGIC, VERSION, length, *rest) + body
    return ANSI_LONG_HEADER.pack(MAGIC, VERSION, 0, ANSI_LONG_HEADER.size + len(body), *rest) + body


def _common(templates: Sequence[Template]) -> tuple[int, int, int, int, int, int]:
    """Return the fields that end both headers: size, resolution, number of views, reserved."""
    first = templates[0]
    return first.width, first.height, PIXELS_PER_CENTIMETRE, PIXELS_PER_CENTIMETRE, len(templates), 0


def _views(templates: Sequence[Template], form: Format) -> bytes:
    if not 0 < len(templates) <= MAX_VIEWS:
        raise RecordError(complaints.UNWRITABLE, f"a record holds 1 to {MAX_VIEWS} views, not {len(templates)}")
    seen: dict[int, int] = {}
    parts = []
    for place, template in enumerate(templates, 1):
        number = seen.get(int(template.fgp), 0)
        seen[int(template.fgp)] = number + 1
        problem = _what_is_wrong(template, templates[0], number)
        if problem:
            raise RecordError(complaints.UNWRITABLE, f"template {place}: {problem}")
        parts.append(_view(template, number, form))
    return b"".join(parts)


def _what_is_wrong(template: Template, first: Template, number: int) -> str:
    quality = template.overall_quality
    checks = (
        (template.fgp <= MAX_POSITION, f"position {int(template.fgp)} is no single finger"),
        (max(template.width, template.height) <= MAX_COORDINATE + 1, "the image is larger than 16,384 pixels"),
        ((template.width, template.height) == (first.width, first.height), "its image size differs from the first's"),
        (number <= MAX_VIEW_NUMBER, f"a finger has at most {MAX_VIEW_NUMBER + 1} views"),
        (0 <= quality <= MAX_QUALITY or quality == QUALITY_UNKNOWN, f"a quality of {quality} is above {MAX_QUALITY}"),
    )
    return next((sentence for is_fine, sentence in checks if not is_fine), "")


def _view(template: Template, number: int, form: Format) -> bytes:
    quality = 0 if template.overall_quality == QUALITY_UNKNOWN else template.overall_quality
    head = VIEW_HEADER.pack(int(template.fgp), number << 4 | int(template.impression), quality, len(template))
    rows = np.zeros(len(template), dtype=np.dtype(MINUTIA_FIELDS))
    rows["x"] = template.x.astype(np.int64) | template.kind.astype(np.int64) << COORDINATE_BITS
    rows["y"] = template.y
    rows["angle"] = angle_steps(template, form)
    rows["quality"] = quality_to_percent(template.quality.astype(np.int64))
    return head + rows.tobytes() + EXTENDED_LENGTH.pack(0)
