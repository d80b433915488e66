"""A writer is killed at any moment: what it had acknowledged is there, and nothing is half there."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tenprint.engine.gallery import Gallery
from tenprint.engine.parameters.comparison import GalleryParameters

WRITER = """
import sys
import numpy as np
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.engine.gallery import Gallery
from tenprint.engine.parameters.comparison import GalleryParameters

line = np.arange(10, dtype=np.uint16)
with Gallery(sys.argv[1], rule=GalleryParameters(log_subjects=3, log_share=0.0)) as gallery:
    number = len(gallery)
    while True:
        template = Template(
            x=line + np.uint16(number), y=line, angle=line, kind=np.ones(10, np.uint8),
            quality=np.ones(10, np.uint8), width=30000, height=50,
        )
        gallery.enroll(f"p{number}", {FingerPosition.RIGHT_THUMB: template})
        print(number, flush=True)
        number += 1
"""


def run_and_kill(folder, after_lines, pause_s):
    """Start the writer, kill it some time after a number of acknowledged enrolments, return the last one."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")},
    )
    acknowledged = -1
    for _ in range(after_lines):
        acknowledged = int(process.stdout.readline())
    time.sleep(pause_s)
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split(b"\n")[:-1]
    process.wait()
    return int(rest[-1]) if rest else acknowledged


@pytest.mark.crash
@pytest.mark.parametrize("round_number", range(3))
def test_acknowledged_people_survive_a_kill(tmp_path, round_number):
    folder = tmp_path / "gallery"
    for attempt in range(2):
        last = run_and_kill(folder, 5 + 4 * round_number, 0.003 * round_number + 0.001 * attempt)
        with Gallery(folder, rule=GalleryParameters(log_subjects=3)) as gallery:
            gallery.verify()
            ids = gallery.ids()
            assert ids == tuple(f"p{n}" for n in range(len(ids)))
            assert last + 1 <= len(ids) <= last + 2
            for number, name in enumerate(ids):
                [template] = gallery.templates(name).values()
                assert template.x[0] == number
