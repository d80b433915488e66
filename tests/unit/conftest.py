"""Fixtures of tests that let bookings run through a whole network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from exchange_rig import Rig, rigs


@pytest.fixture
def make() -> Iterator[Callable[..., Rig]]:
    """Give a maker of networks (`exchange_rig.build_rig`), which are closed after the test."""
    with rigs() as maker:
        yield maker


@pytest.fixture
def rig(make: Callable[..., Rig]) -> Rig:
    """Give a network of seven parties."""
    return make()
