"""WSQ, both ways, in a disposable process: hostile files crash the C library, and must crash only that.

The codec is the package `wsq` 0.9 (NBIS 5.0 inside), tested against NIST's reference images, not certified. It encodes
at 0.75 bits a pixel and 500 ppi only. Measured: of 1,500 mutated files 3 ended in a signal (formats.md section 5).
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from tenprint.core.errors import EngineError, RecordError
from tenprint.core.image import ENGINE_PPI, MAX_SIDE_PX
from tenprint.records.images.codec_process import ANSWER, DECODE, DONE, ENCODE, READY, REQUEST

MEMORY_BYTES = 1 << 30
"""Address space of the worker: an image of the largest size we accept needs about 13 bytes a pixel."""
TIME_LIMIT_SECONDS = 20.0
"""Wall time of one image; a 3.2 Mpx slap takes about 0.3 s of an idle core."""
CPU_LIMIT_SECONDS = 10.0
START_LIMIT_SECONDS = 30.0
"""Wall time for starting a process, on a machine that is busy with other things."""
MAX_PIXELS = 24_000_000
"""Four fingers at 1000 ppi are 9.6 Mpx (EBTS 8.001, Table 3-3)."""
MAX_ENCODED_BYTES = 64 << 20
MIN_ENCODE_SIDE = 64
"""The library fails below about 33 pixels a side; nothing that small is a finger."""
IMAGES_PER_PROCESS = 2_000
"""Then a fresh one, so that what the library leaks stays small."""
SOI, SOF, EOI_SEGMENTS = b"\xff\xa0", 0xA2, range(0xA3, 0xA9)

Pixels = npt.NDArray[np.uint8]


class CodecWorker:
    """One warm codec process; a context manager, safe to share between threads (one image at a time).

        with CodecWorker() as worker:
            pixels = worker.decode(data)

    After a crash, a timeout or a refused file the process is replaced: damage done to its memory ends with it.

    Args:
        memory_bytes: limit of the process's address space.
        time_limit: seconds of wall time for one image.
    """

    def __init__(self, *, memory_bytes: int = MEMORY_BYTES, time_limit: float = TIME_LIMIT_SECONDS) -> None:
        self._memory_bytes = memory_bytes
        self._time_limit = time_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._images = 0
        self._lock = threading.Lock()

    def __enter__(self) -> CodecWorker:
        """Return the worker; its process starts with the first image."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self.close()

    def close(self) -> None:
        """End the process; the next image starts another one."""
        with self._lock:
            self._discard()

    @property
    def pid(self) -> int | None:
        """Return the process id while a process is warm, for tests and operators."""
        return self._process.pid if self._process else None

    def decode(self, data: bytes) -> Pixels:
        """Decode a WSQ file.

        Returns:
            pixels, shape (height, width), uint8, 0 black.

        Raises:
            RecordError: ``IMAGE_DECODE`` when the bytes are no WSQ image or the codec refused, crashed or hung on them
                (EBTS answers L0009); ``IMAGE_TOO_LARGE`` when they announce more pixels than we accept.
            EngineError: ``CODEC_UNAVAILABLE`` when no codec process can be started.
        """
        width, height = announced_size(data)
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX or len(data) > MAX_ENCODED_BYTES:
            raise RecordError("IMAGE_TOO_LARGE", f"a WSQ image announces {width}x{height} pixels")
        found_width, found_height, pixels = self._ask(DECODE, width, height, data, "IMAGE_DECODE")
        if (found_width, found_height) != (width, height) or len(pixels) != width * height:
            raise RecordError("IMAGE_DECODE", "the codec returned another size than the file announces")
        return np.frombuffer(pixels, dtype=np.uint8).reshape(height, width)

    def encode(self, pixels: Pixels, ppi: int = ENGINE_PPI) -> bytes:
        """Encode at 0.75 bits a pixel (about 15:1).

        Args:
            pixels: shape (height, width), uint8, at least 64 pixels a side.
            ppi: must be 500; above that the FBI's profile is JPEG 2000, never WSQ.

        Raises:
            RecordError: ``IMAGE_ENCODE`` for a shape or resolution outside these, or when the codec fails.
            EngineError: ``CODEC_UNAVAILABLE`` when no codec process can be started.
        """
        if pixels.ndim != 2 or pixels.dtype != np.uint8 or not min(pixels.shape) >= MIN_ENCODE_SIDE:
            raise RecordError("IMAGE_ENCODE", f"WSQ needs 8-bit grayscale of {MIN_ENCODE_SIDE} px a side at least")
        if ppi != ENGINE_PPI:
            raise RecordError("IMAGE_ENCODE", f"WSQ is written at {ENGINE_PPI} ppi only, not at {ppi}")
        height, width = (int(n) for n in pixels.shape)
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
            raise RecordError("IMAGE_TOO_LARGE", f"an image of {width}x{height} pixels is too large")
        raw = np.ascontiguousarray(pixels).tobytes()
        encoded = self._ask(ENCODE, width, height, raw, "IMAGE_ENCODE")[2]
        if announced_size(encoded) != (width, height):
            raise RecordError("IMAGE_ENCODE", "the codec wrote another size than it was given")
        return encoded

    def _ask(self, operation: int, width: int, height: int, data: bytes, code: str) -> tuple[int, int, bytes]:
        with self._lock:
            if self._images >= IMAGES_PER_PROCESS:
                self._discard()
            process = self._running()
            self._images += 1
            whole = False
            try:
                request = REQUEST.pack(operation, width, height, len(data)) + data
                status, found_width, found_height, result = _converse(process, request, self._time_limit)
                whole = status == DONE
            except (BrokenPipeError, EOFError) as problem:
                raise RecordError(code, "the WSQ codec crashed on this image", hint="EBTS L0009") from problem
            except TimeoutError as problem:
                raise RecordError(code, "the WSQ codec took too long over this image", hint="EBTS L0009") from problem
            finally:
                if not whole:
                    self._discard()
            if not whole:
                raise RecordError(code, "the WSQ codec refused this image", hint="EBTS L0009")
            return found_width, found_height, result

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._discard()
            script = Path(__file__).with_name("codec_process.py")
            # -P: this folder's file names must not shadow modules; -B: a worker writes nothing.
            command = [sys.executable, "-P", "-B", str(script), str(self._memory_bytes), str(CPU_LIMIT_SECONDS)]
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
                )
                _receive(self._process, b"", START_LIMIT_SECONDS, len(READY))
            except (OSError, EOFError) as problem:
                self._discard()
                raise EngineError("CODEC_UNAVAILABLE", "the WSQ codec process cannot be started") from problem
        return self._process

    def _discard(self) -> None:
        process, self._process, self._images = self._process, None, 0
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        process.wait()


def announced_size(data: bytes) -> tuple[int, int]:
    """Return width and height from a WSQ file's frame header, by walking its marker segments.

    Raises:
        RecordError: ``IMAGE_DECODE`` when the bytes are no WSQ file or end before the frame header.
    """
    position = len(SOI)
    if data[:position] == SOI:
        while position + 4 <= len(data) and data[position] == 0xFF:
            marker = data[position + 1]
            if marker == SOF and position + 10 <= len(data):
                height = int.from_bytes(data[position + 6 : position + 8], "big")
                width = int.from_bytes(data[position + 8 : position + 10], "big")
                if width and height:
                    return width, height
            if marker not in EOI_SEGMENTS:
                break
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    raise RecordError("IMAGE_DECODE", "the data is no WSQ image", hint="EBTS L0009")


def _converse(process: subprocess.Popen[bytes], request: bytes, time_limit: float) -> tuple[int, int, int, bytes]:
    """Send one request and return the answer's parts.

    Raises:
        TimeoutError: the time limit passed. BrokenPipeError, EOFError: the process ended or does not answer in form.
    """
    deadline = time.monotonic() + time_limit
    head = _receive(process, request, time_limit, ANSWER.size)
    status, width, height, length = ANSWER.unpack(head)
    if length > MAX_ENCODED_BYTES:
        raise EOFError
    return status, width, height, _receive(process, b"", deadline - time.monotonic(), length)


def _receive(process: subprocess.Popen[bytes], request: bytes, time_limit: float, size: int) -> bytes:
    """Write `request` and read `size` bytes, whichever the process is ready for, within `time_limit` seconds."""
    deadline = time.monotonic() + time_limit
    requests, answers = process.stdin, process.stdout
    if requests is None or answers is None:
        raise EOFError
    to_send, received = memoryview(request), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, event in ((requests, selectors.EVENT_WRITE), (answers, selectors.EVENT_READ)):
            os.set_blocking(pipe.fileno(), False)
            if event == selectors.EVENT_READ or to_send:
                selector.register(pipe, event)
        while len(received) < size:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, event in ready:
                if event & selectors.EVENT_WRITE:
                    to_send = to_send[os.write(key.fd, to_send[: 1 << 16]) :]
                    if not to_send:
                        selector.unregister(requests)
                    continue
                part = os.read(key.fd, size - len(received))
                if not part:
                    raise EOFError
                received += part
    return bytes(received)
