"""The disposable process in which NFIQ 2 looks at one image; started as a script by `tenprint.records.images.nfiq2`.

The library (`nbis`, from the package nbis-py) crashes on some images, so a process measures one image and ends. It
limits itself before it loads anything. Standard input: u32 width, u32 height (little-endian), then the pixels. Standard
output: one line of JSON. What the library prints goes nowhere.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import resource
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEAD = struct.Struct("<II")
PPI = 500.0


def main(memory_bytes: int, cpu_seconds: int) -> None:
    """Measure the image on standard input.

    Args:
        memory_bytes: limit of the address space. cpu_seconds: limit of CPU time.
    """
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    data = sys.stdin.buffer.read()
    width, height = HEAD.unpack_from(data)
    try:
        answer = _measured(width, height, data[HEAD.size :])
    except Exception as problem:  # noqa: BLE001 - the library raises what it likes, and this process is disposable
        answer = {"refused": f"{type(problem).__name__}: {problem}"[:200]}
    os.write(answers, json.dumps(answer).encode("ascii"))


def _measured(width: int, height: int, pixels: bytes) -> dict[str, Any]:
    nbis = importlib.import_module("nbis")
    images = importlib.import_module("PIL.Image")
    out = io.BytesIO()
    images.frombytes("L", (width, height), pixels).save(out, "PNG", compress_level=0)
    settings = nbis.NbisExtractorSettings(
        min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=True, ppi=PPI
    )
    found = nbis.new_nbis_extractor(settings).extract_minutiae(out.getvalue()).quality()
    return {"score": int(found.score), "actionable": {one.name: float(one.value) for one in found.actionable}}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
