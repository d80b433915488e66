"""A killed parent leaves no extraction workers behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, sys, threading
import numpy as np
from tenprint.adapters import pool
from tenprint.core.image import FingerImage

def prepare():
    threading.Thread(target=pool._end_with_parent, daemon=True).start()

def pid(image):
    return os.getpid()

if __name__ == "__main__":
    pool._prepare_worker, pool._extracted = prepare, pid
    print(*pool.WorkerPool(1).run([FingerImage(np.zeros((9, 9), np.uint8))]), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
PATIENCE_S = 10.0


@pytest.mark.crash
def test_workers_end_with_their_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(SCRIPT)
    # A file, not a pipe: the worker would keep a pipe open, and reading it would wait for the worker.
    with (tmp_path / "said").open("w+") as said:
        ended = subprocess.run([sys.executable, str(script)], stdout=said, check=False)
        said.seek(0)
        worker = int(said.read())
    assert ended.returncode == -signal.SIGKILL
    deadline = time.monotonic() + PATIENCE_S
    while _lives(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(worker)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # An ended process whom nobody waits for is still listed.
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
