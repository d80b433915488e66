"""Compile the room's kernels ahead of the first person, into the cache that later processes read."""

from __future__ import annotations

from tenprint.core.fingers import FingerPosition
from tenprint.synth.cards import render_rolled
from tenprint.synth.person import make_person
from tenprint.synth.population import background


def warm() -> None:
    """Use every kernel once: some ten seconds the first time after installation, one second later."""
    for _ in background(1, 0):
        pass
    render_rolled(make_person(0, 0), 0, FingerPosition.RIGHT_LITTLE)
