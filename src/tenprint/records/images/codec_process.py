"""The disposable process that runs the image codecs; started as a script by `tenprint.records.images.worker`.

It imports nothing of Tenprint and nothing heavy before it is asked to, limits itself before it reads a byte, and dies
with its pipe. Requests on standard input, answers on standard output, little-endian::

    request   u8 operation                       u32 width  u32 height  u32 length  bytes
    answer    u8 status (0 done, 1 refused)      u32 width  u32 height  u32 length  bytes (pixels, a file, or a message)

Width and height of a request are what the file announces: memory is limited by them, and another size is refused.
What the libraries print goes nowhere. CPU time is limited per request: the kernel kills the process, no handler runs.
"""

from __future__ import annotations

import importlib
import io
import os
import resource
import signal
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # a process is started for each refused file: what it loads is what that costs
    from collections.abc import Callable
    from typing import Any

    Operation = Callable[[bytes, int, int], tuple[bytes, int, int]]

REQUEST = struct.Struct("<BIII")
ANSWER = struct.Struct("<BIII")
DECODE_WSQ, ENCODE_WSQ, DECODE_PNG, DECODE_JPEG, DECODE_JP2, ENCODE_JP2, ENCODE_JP2L, DECODE_JPEGL = range(1, 9)
COLOR = 0x80
"""Added to an operation that decodes a picture: three bytes a pixel, red, green, blue."""
PICTURES = {DECODE_PNG: "PNG", DECODE_JPEG: "JPEG", DECODE_JP2: "JPEG2000"}
"""Pillow's names; the one format that was announced is tried, no other."""
DONE, REFUSED = 0, 1
READY = b"R"
"""Written once, when the library is loaded and the limits are in force."""
WSQ_RATIO = 12.0
"""Handed to the library, which ignores it: it always writes 0.75 bits a pixel."""
JP2_RATIO = 10
"""NIST SP 500-289 for 1000 ppi."""
JP2_OPTIONS = {"num_resolutions": 7, "codeblock_size": (64, 64), "progression": "RPCL", "no_jp2": False}
"""Six decompositions and one quality layer: least error among those that NISTIR 7939 compares."""
MAX_OPEN_FILES = 64
BYTES_PER_PIXEL = 40
"""Address space a request may take for each announced pixel; JPEG 2000 needs most, about 20."""
SPARE_BYTES = 96 << 20
"""Address space that any request may take beside that: libraries, arenas, the answer's copy."""
PAGE_BYTES = resource.getpagesize()


class Refused(Exception):
    """The data is readable, but not what a finger image may be."""


def main(memory_bytes: int, cpu_seconds: float) -> None:
    """Answer requests until standard input closes.

    Args:
        memory_bytes: limit of the address space, whatever is announced.
        cpu_seconds: limit of CPU time of one request.
    """
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    # It must load after its output has been turned away, and before the limits bite.
    wsq = importlib.import_module("_wsq")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_OPEN_FILES, MAX_OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    _write(answers, READY)
    while True:
        head = _exactly(0, REQUEST.size)
        if head is None:
            return
        operation, width, height, length = REQUEST.unpack(head)
        data = _exactly(0, length)
        if data is None:
            return
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        try:
            run = _operation(wsq, operation)
            _allow(width * height * BYTES_PER_PIXEL + 2 * length + SPARE_BYTES, memory_bytes)
            result, width, height = run(data, width, height)
            status = DONE
        except Exception as problem:  # noqa: BLE001 - libraries raise what they like, and this process is disposable
            status, result = REFUSED, str(problem).encode("ascii", "replace")[:200]
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        _write(answers, ANSWER.pack(status, width, height, len(result)) + bytes(result))


def _operation(wsq: Any, operation: int) -> Operation:
    """Return what does `operation`; loads what it needs the first time, before the request's limit of memory."""
    if operation == DECODE_WSQ:
        return lambda data, width, height: wsq.decompress(data)[:3]
    if operation == ENCODE_WSQ:
        return lambda data, width, height: (wsq.compress(data, height, width, WSQ_RATIO), width, height)
    if operation == DECODE_JPEGL:
        lossless_jpeg = _beside("lossless_jpeg")
        return lambda data, width, height: lossless_jpeg.decode(data)
    images = importlib.import_module("PIL.Image")
    for plugin in ("PngImagePlugin", "JpegImagePlugin", "Jpeg2KImagePlugin"):
        importlib.import_module(f"PIL.{plugin}")
    if operation & ~COLOR in PICTURES:
        kind, mode = PICTURES[operation & ~COLOR], "RGB" if operation & COLOR else "L"
        return lambda data, width, height: _picture(images, data, kind, (width, height), mode)
    return lambda data, width, height: _jpeg_2000(images, data, (width, height), lossless=operation == ENCODE_JP2L)


def _beside(name: str) -> Any:
    """Load a module of this folder by its file: its package would load NumPy."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")  # noqa: PTH118, PTH120, PTH100
    loading = importlib.import_module("importlib.util")
    spec = loading.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = loading.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def _picture(images: Any, data: bytes, kind: str, size: tuple[int, int], mode: str) -> tuple[bytes, int, int]:
    images.MAX_IMAGE_PIXELS = size[0] * size[1]
    with images.open(io.BytesIO(data), formats=(kind,)) as picture:
        if picture.size != size:
            raise Refused("another size than announced")
        # A finger in colour is no finger, but baseline JPEG often carries grey as luminance and two empty colours.
        is_gray = picture.mode in ("L", "1") or (kind == "JPEG" and picture.mode == "RGB")
        if not is_gray and (mode == "L" or picture.mode not in ("RGB", "RGBA", "P", "CMYK", "YCbCr")):
            raise Refused(f"mode {picture.mode}")
        picture.draft(mode, size)
        return picture.convert(mode).tobytes(), *size


def _jpeg_2000(images: Any, data: bytes, size: tuple[int, int], *, lossless: bool) -> tuple[bytes, int, int]:
    out = io.BytesIO()
    layers = {} if lossless else {"quality_mode": "rates", "quality_layers": [JP2_RATIO]}
    picture = images.frombytes("L", size, data)
    picture.save(out, "JPEG2000", irreversible=not lossless, **layers, **JP2_OPTIONS)
    return out.getvalue(), *size


def _allow(more_bytes: int, memory_bytes: int) -> None:
    """Limit the address space to what is in use and `more_bytes`, never over the whole limit."""
    with open("/proc/self/statm", "rb") as source:  # noqa: PTH123 - pathlib is not loaded here
        used = int(source.read().split()[0]) * PAGE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (min(used + more_bytes, memory_bytes), memory_bytes))


def _exactly(source: int, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(source, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
