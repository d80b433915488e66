"""Image codecs, both ways, in a disposable process: hostile files crash C libraries, and must crash only that.

WSQ is the package `wsq` 0.9 (NBIS 5.0 inside), tested against NIST's reference images, not certified. It encodes at
0.75 bits a pixel and 500 ppi only. PNG, baseline JPEG and JPEG 2000 are Pillow's, lossless JPEG is ours. Measured: of
1,500 mutated WSQ files 3 ended in a signal (formats.md section 5).
"""

from __future__ import annotations

import fcntl
import os
import selectors
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tenprint.core.errors import EngineError, RecordError
from tenprint.core.image import ENGINE_PPI, MAX_SIDE_PX
from tenprint.records.image_headers import Announced, announced
from tenprint.records.images import codec_process as process_side
from tenprint.records.images.codec_process import ANSWER, DONE, READY, REQUEST
from tenprint.records.images.jpeg2000 import with_resolution

MEMORY_BYTES = 1 << 30
"""Address space of the worker, whatever an image announces; each image may take 40 bytes a pixel of it and 96 MiB."""
TIME_LIMIT_SECONDS = 20.0
"""Wall time of one image; a 3.2 Mpx slap takes about 0.3 s of an idle core."""
CPU_LIMIT_SECONDS = 10.0
START_LIMIT_SECONDS = 30.0
"""Wall time for starting a process, on a machine that is busy with other things."""
MAX_PIXELS = 24_000_000
"""Four fingers at 1000 ppi are 9.6 Mpx (EBTS 8.001, Table 3-3)."""
MAX_ENCODED_BYTES = 64 << 20
ANSWER_BYTES_PER_PIXEL, SPARE_ANSWER_BYTES = 2, 1 << 16
"""More is not taken from a process: gray pixels have one byte each, and noise packed without loss a little more."""
COLOR_BYTES = 3
MIN_ENCODE_SIDE = 64
"""The WSQ library fails below about 33 pixels a side; nothing that small is a finger."""
IMAGES_PER_PROCESS = 2_000
"""Then a fresh one, so that what a library leaks stays small."""
PIPE_BYTES = 1 << 20
"""A whole print fits: neither side waits for the other to read."""
HINT = "get the image again, as 8-bit grayscale WSQ or PNG (EBTS answers this one with L0009)"
_DECODERS = {
    "WSQ": process_side.DECODE_WSQ,
    "PNG": process_side.DECODE_PNG,
    "JPEG": process_side.DECODE_JPEG,
    "JPEG 2000": process_side.DECODE_JP2,
}
_ENCODERS = {
    "WSQ20": process_side.ENCODE_WSQ,
    "JP2": process_side.ENCODE_JP2,
    "JP2L": process_side.ENCODE_JP2L,
}

Pixels = npt.NDArray[np.uint8]


class Codec(Protocol):
    """What decodes and encodes images: one `CodecWorker`, or a `CodecPool` of them."""

    def decode(self, data: bytes) -> Pixels:
        """Decode a WSQ, PNG, JPEG or JPEG 2000 file, told apart by its content."""
        ...

    def encode(self, pixels: Pixels, ppi: int = ENGINE_PPI, compression: str = "WSQ20") -> bytes:
        """Encode as WSQ20, JP2 or JP2L."""
        ...


class CodecWorker:
    """One warm codec process; a context manager, safe to share between threads (one image at a time).

        with CodecWorker() as worker:
            pixels = worker.decode(data)

    After a crash, a timeout or a refused file the process is replaced: damage done to its memory ends with it.

    Args:
        memory_bytes: limit of the process's address space.
        time_limit: seconds of wall time for one image.
        stay_warm: start the replacement at once, so that the next image finds it ready.
    """

    def __init__(
        self, *, memory_bytes: int = MEMORY_BYTES, time_limit: float = TIME_LIMIT_SECONDS, stay_warm: bool = False
    ) -> None:
        self._memory_bytes = memory_bytes
        self._time_limit = time_limit
        self._stay_warm = stay_warm
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._images = 0
        self._peak_bytes = 0
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

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

    def warm(self) -> None:
        """Start the process, without waiting until it is ready.

        Raises:
            EngineError: ``CODEC_UNAVAILABLE`` when it cannot be started.
        """
        with self._lock:
            self._start()

    @property
    def pid(self) -> int | None:
        """Return the process id while a process is warm, for tests and operators."""
        process = self._process  # another thread may replace it meanwhile
        return process.pid if process else None

    @property
    def peak_bytes(self) -> int:
        """Return the most memory (resident set) that a process of this worker had so far; 0 where there is no /proc."""
        return max(self._peak_bytes, _peak_bytes(self.pid))

    def decode(self, data: bytes) -> Pixels:
        """Decode a WSQ, PNG, JPEG or JPEG 2000 file, told apart by its content.

        Returns:
            pixels, shape (height, width), uint8, 0 black.

        Raises:
            RecordError: ``IMAGE_DECODE`` when the bytes are no such image or the codec refused, crashed or hung on them
                (EBTS answers L0009); ``IMAGE_TOO_LARGE`` when they announce more pixels than we accept.
            EngineError: ``CODEC_UNAVAILABLE`` when no codec process can be started.
        """
        found = _announced(data)
        operation = process_side.DECODE_JPEGL if found.kind == "JPEGL" else _DECODERS[found.family]
        return self._decoded(operation, data, found, 1).reshape(found.height, found.width)

    def decode_color(self, data: bytes) -> Pixels:
        """Decode a PNG, JPEG or JPEG 2000 file of a photograph.

        Returns:
            pixels, shape (height, width, 3), uint8, red, green, blue.

        Raises:
            RecordError, EngineError: as `decode`.
        """
        found = _announced(data)
        operation = _DECODERS[found.family]
        if found.kind in ("WSQ20", "JPEGL"):
            raise RecordError("IMAGE_DECODE", f"a {found.kind} image has no color here", hint=HINT)
        pixels = self._decoded(operation | process_side.COLOR, data, found, COLOR_BYTES)
        return pixels.reshape(found.height, found.width, COLOR_BYTES)

    def _decoded(self, operation: int, data: bytes, found: Announced, channels: int) -> Pixels:
        width, height = found.width, found.height
        found_width, found_height, pixels = self._ask(operation, width, height, data, "IMAGE_DECODE")
        if (found_width, found_height) != (width, height) or len(pixels) != width * height * channels:
            self.close()  # it is not to be trusted with the next image
            raise RecordError("IMAGE_DECODE", "the codec returned another size than the file announces", hint=HINT)
        return np.frombuffer(pixels, dtype=np.uint8)

    def encode(self, pixels: Pixels, ppi: int = ENGINE_PPI, compression: str = "WSQ20") -> bytes:
        """Encode as WSQ at 0.75 bits a pixel (about 15:1), or as JPEG 2000 at 10:1 or without loss.

        Args:
            pixels: shape (height, width), uint8, at least 64 pixels a side.
            ppi: must be 500 for WSQ20; above that the FBI's profile is JPEG 2000, never WSQ.
            compression: WSQ20, JP2 or JP2L.

        Raises:
            RecordError: ``IMAGE_ENCODE`` for a shape, resolution or compression outside these, or when the codec fails.
            EngineError: ``CODEC_UNAVAILABLE`` when no codec process can be started.
        """
        if pixels.ndim != 2 or pixels.dtype != np.uint8 or not min(pixels.shape) >= MIN_ENCODE_SIDE:
            raise RecordError("IMAGE_ENCODE", f"{compression} needs 8-bit grayscale, {MIN_ENCODE_SIDE} px a side")
        if compression not in _ENCODERS:
            raise RecordError("IMAGE_ENCODE", f"{compression} images are not written", hint="use WSQ20, JP2 or JP2L")
        if compression == "WSQ20" and ppi != ENGINE_PPI:
            raise RecordError("IMAGE_ENCODE", f"WSQ is written at {ENGINE_PPI} ppi only, not at {ppi}", hint="use JP2")
        height, width = (int(n) for n in pixels.shape)
        _check_size("an image is of", width, height, 0)
        raw = np.ascontiguousarray(pixels).tobytes()
        encoded = self._ask(_ENCODERS[compression], width, height, raw, "IMAGE_ENCODE")[2]
        written = announced(encoded)
        if written is None or (written.width, written.height) != (width, height):
            raise RecordError("IMAGE_ENCODE", "the codec wrote another size than it was given")
        return encoded if compression == "WSQ20" else with_resolution(encoded, ppi)

    def _ask(self, operation: int, width: int, height: int, data: bytes, code: str) -> tuple[int, int, bytes]:
        with self._lock:
            if self._images >= IMAGES_PER_PROCESS:
                self._discard()
            process = self._running()
            self._images += 1
            outcome = "crashed"
            try:
                request = REQUEST.pack(operation, width, height, len(data)) + data
                each = COLOR_BYTES if operation & process_side.COLOR else ANSWER_BYTES_PER_PIXEL
                most = each * width * height + SPARE_ANSWER_BYTES
                status, found_width, found_height, result = _converse(process, request, self._time_limit, most)
                outcome = "done" if status == DONE else "refused"
            except (BrokenPipeError, EOFError) as problem:
                raise RecordError(code, "the image codec crashed on this image", hint=HINT) from problem
            except TimeoutError as problem:
                outcome = "late"
                raise RecordError(code, "the image codec took too long over this image", hint=HINT) from problem
            finally:
                self.counts[outcome] += 1
                if outcome != "done":
                    self._discard()
                    if self._stay_warm:
                        with suppress(EngineError):  # the next image says so
                            self._start()
            if outcome != "done":
                raise RecordError(code, "the image codec refused this image", hint=HINT)
            return found_width, found_height, result

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._discard()
        process = self._start()
        if not self._ready:
            try:
                _receive(process, b"", START_LIMIT_SECONDS, len(READY))
            except (OSError, EOFError) as problem:
                self._discard()
                raise EngineError("CODEC_UNAVAILABLE", "the image codec process cannot be started") from problem
            self._ready = True
        return process

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            script = Path(__file__).with_name("codec_process.py")
            # -P: this folder's file names must not shadow modules; -B: a worker writes nothing.
            command = [sys.executable, "-P", "-B", str(script), str(self._memory_bytes), str(CPU_LIMIT_SECONDS)]
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
                )
            except OSError as problem:
                raise EngineError("CODEC_UNAVAILABLE", "the image codec process cannot be started") from problem
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(
                    OSError, AttributeError
                ):  # a user's share of pipe memory may be used up: then it is slower
                    fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)  # type: ignore[union-attr]
        return self._process

    def _discard(self) -> None:
        self._peak_bytes = self.peak_bytes
        process, self._process, self._images, self._ready = self._process, None, 0, False
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        process.wait()


def _announced(data: bytes) -> Announced:
    found = announced(data)
    if found is None or not (found.width and found.height):
        kind = f"{found.family} image that says its size" if found else "WSQ, PNG, JPEG or JPEG 2000 image"
        raise RecordError("IMAGE_DECODE", f"the data is no {kind}", hint=HINT)
    _check_size(f"a {found.family} image announces", found.width, found.height, len(data))
    return found


def _check_size(what: str, width: int, height: int, encoded_bytes: int) -> None:
    # In Python's integers: 4 G times 4 G does not come round to something small.
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
        raise RecordError("IMAGE_TOO_LARGE", f"{what} {width}x{height} pixels", hint=HINT)
    if encoded_bytes > MAX_ENCODED_BYTES:
        raise RecordError("IMAGE_TOO_LARGE", f"an image has {encoded_bytes} bytes", hint=HINT)


def _peak_bytes(pid: int | None) -> int:
    if pid is not None:
        with suppress(OSError, ValueError, IndexError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) << 10
    return 0


def _converse(
    process: subprocess.Popen[bytes], request: bytes, time_limit: float, most: int = MAX_ENCODED_BYTES
) -> tuple[int, int, int, bytes]:
    """Send one request and return the answer's parts, its bytes at most `most`.

    Raises:
        TimeoutError: the time limit passed. BrokenPipeError, EOFError: the process ended or does not answer in form.
    """
    deadline = time.monotonic() + time_limit
    head = _receive(process, request, time_limit, ANSWER.size)
    status, width, height, length = ANSWER.unpack(head)
    if length > most:
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
                    to_send = to_send[os.write(key.fd, to_send[:PIPE_BYTES]) :]
                    if not to_send:
                        selector.unregister(requests)
                    continue
                part = os.read(key.fd, size - len(received))
                if not part:
                    raise EOFError
                received += part
    return bytes(received)
