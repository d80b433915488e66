"""The codec processes of the console: one pool for examiners' prints and for files that are dropped."""

from __future__ import annotations

import threading
import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenprint.core.image import FingerImage
    from tenprint.records import EncodedImage
    from tenprint.records.images import CodecPool


class LateCodec:
    """Codec processes that start with the first image, and end with whoever holds this."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._ending = ExitStack()
        self._pool: CodecPool | None = None
        weakref.finalize(self, self._ending.close)

    def pool(self) -> CodecPool:
        """Return the processes; hostile bytes end one of them and nothing else."""
        with self._starting:
            if self._pool is None:
                from tenprint.records.images import CodecPool  # noqa: PLC0415 - loads Pillow

                self._pool = self._ending.enter_context(CodecPool())
            return self._pool

    def decode(self, image: EncodedImage) -> FingerImage:
        """Return the pixels of a finger image; raises as `records.images.decode`."""
        from tenprint.records.images import decode  # noqa: PLC0415 - loads Pillow

        return decode(image, self.pool())
