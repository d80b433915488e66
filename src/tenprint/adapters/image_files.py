"""Finger images and templates in files of people's own, told apart by content."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tenprint.adapters.faults import storage_faults
from tenprint.core.errors import SenderError
from tenprint.core.fingers import ENGINE_PPI
from tenprint.core.template import MAGIC, Template
from tenprint.records.image_headers import PNG_MAGIC, announced

if TYPE_CHECKING:
    from tenprint.core.image import FingerImage

IMAGE_HINT = "give one finger's image (PNG, WSQ, JPEG 2000, JPEG) or its template"
XYT_ENDING = ".xyt"
"""A file of this name holds a template in text, which nothing else tells."""


def read_image(path: Path, ppi: int | None = None) -> FingerImage:
    """Return the finger image in a PNG, WSQ, JPEG 2000 or JPEG file, told apart by content.

    Args:
        path: the file.
        ppi: resolution instead of the file's own; only PNG files tell theirs, others count as 500.

    Raises:
        SenderError: ``FILE_MISSING``, ``FILE_EMPTY``, or ``FILE_KIND`` when it is none of them.
        RecordError: ``IMAGE_DECODE`` or ``IMAGE_TOO_LARGE``.
    """
    data = file_bytes(path)
    if data.startswith(PNG_MAGIC):
        from tenprint.records.images import read_png  # noqa: PLC0415 - loads Pillow

        return read_png(data, ppi=ppi)
    if announced(data) is not None:
        from tenprint.core.image import FingerImage  # noqa: PLC0415 - loads NumPy
        from tenprint.records.images import CodecWorker  # noqa: PLC0415 - loads Pillow

        with CodecWorker() as codec:
            return FingerImage(codec.decode(data), ppi or ENGINE_PPI)
    raise SenderError("FILE_KIND", f"{path} is no image and no template that is known here", hint=IMAGE_HINT)


def read_template(path: Path) -> Template | None:
    """Return the template that a file holds, of ours or of another system; None when it holds none.

    Of several fingers in one file the first is taken.

    Raises:
        SenderError: ``FILE_MISSING`` or ``FILE_EMPTY``.
        EngineError, RecordError: a template that cannot be used.
    """
    from tenprint.records import templates  # noqa: PLC0415 - few commands need it
    from tenprint.records.templates import layout  # noqa: PLC0415

    data = file_bytes(path)
    if data.startswith(MAGIC):
        return Template.from_bytes(data)
    if data.startswith(layout.MAGIC):
        return templates.to_template(templates.read(data))
    if path.suffix.lower() == XYT_ENDING:
        return templates.to_template(templates.read_xyt(data))
    return None


def file_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        SenderError: ``FILE_MISSING``, or ``FILE_EMPTY``: a file without a byte shows no finger.
        StorageError: a code of `faults`.
    """
    if not path.is_file():
        raise SenderError("FILE_MISSING", f"there is no file {path}")
    with storage_faults("reading a file"):
        data = path.read_bytes()
    if not data:
        raise SenderError("FILE_EMPTY", f"{path} is empty: there is no image and no template in it", hint=IMAGE_HINT)
    return data
