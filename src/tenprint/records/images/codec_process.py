"""The disposable process that runs the WSQ codec; started as a script by `tenprint.records.images.wsq`.

It imports nothing of Tenprint and nothing heavy, limits itself before it loads the C library, and dies with its pipe.
Requests on standard input, answers on standard output, little-endian::

    request   u8 operation (1 decode, 2 encode)  u32 width  u32 height  u32 length  bytes
    answer    u8 status (0 done, 1 refused)      u32 width  u32 height  u32 length  bytes (pixels, WSQ, or a message)

What the library prints goes nowhere. CPU time is limited per request: the kernel kills the process, no handler runs.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import struct
import sys

REQUEST = struct.Struct("<BIII")
ANSWER = struct.Struct("<BIII")
DECODE, ENCODE = 1, 2
DONE, REFUSED = 0, 1
READY = b"R"
"""Written once, when the library is loaded and the limits are in force."""
RATIO = 12.0
"""Handed to the library, which ignores it: it always writes 0.75 bits a pixel."""
MAX_OPEN_FILES = 64


def main(memory_bytes: int, cpu_seconds: float) -> None:
    """Answer requests until standard input closes.

    Args:
        memory_bytes: limit of the address space.
        cpu_seconds: limit of CPU time of one request.
    """
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    # It must load after its output has been turned away, and before the limits bite.
    codec = importlib.import_module("_wsq")
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
            if operation == DECODE:
                result, width, height, _ = codec.decompress(data)
            else:
                result = codec.compress(data, height, width, RATIO)
            status = DONE
        except Exception as problem:  # noqa: BLE001 - the library raises bare Exception, and this process is disposable
            status, result = REFUSED, str(problem).encode("ascii", "replace")[:200]
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(answers, ANSWER.pack(status, width, height, len(result)) + bytes(result))


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
