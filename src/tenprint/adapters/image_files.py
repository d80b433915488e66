"""Finger images in files of people's own: PNG or WSQ, told apart by content."""

from __future__ import annotations

from pathlib import Path

from tenprint.adapters.faults import storage_faults
from tenprint.core.errors import SenderError
from tenprint.core.image import ENGINE_PPI, FingerImage

_WSQ_MAGIC, _PNG_MAGIC = b"\xff\xa0", b"\x89PNG"


def read_image(path: Path, ppi: int | None = None) -> FingerImage:
    """Return the finger image in a PNG or WSQ file, told apart by content.

    Args:
        path: the file.
        ppi: resolution instead of the file's own; a WSQ file has none and counts as 500.

    Raises:
        SenderError: ``FILE_MISSING``, or ``FILE_KIND`` when it is neither.
        RecordError: ``IMAGE_DECODE`` or ``IMAGE_TOO_LARGE``.
    """
    data = file_bytes(path)
    if data.startswith(_PNG_MAGIC):
        from tenprint.records.images import read_png  # noqa: PLC0415 - loads Pillow

        return read_png(data, ppi=ppi)
    if data.startswith(_WSQ_MAGIC):
        from tenprint.records.images import CodecWorker  # noqa: PLC0415 - loads Pillow

        with CodecWorker() as codec:
            return FingerImage(codec.decode(data), ppi or ENGINE_PPI)
    raise SenderError("FILE_KIND", f"{path} is no PNG, WSQ or template file", hint="give one finger's image")


def file_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        SenderError: ``FILE_MISSING``.
        StorageError: a code of `faults`.
    """
    if not path.is_file():
        raise SenderError("FILE_MISSING", f"there is no file {path}")
    with storage_faults("reading a file"):
        return path.read_bytes()
