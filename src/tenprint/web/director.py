"""What the console needs of whoever directs the stories of a demo; `studies.director.Director` is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from tenprint.studies.director import Seat
from tenprint.studies.story_state import StoryState
from tenprint.studies.troupe import Event


class Director(Protocol):
    """Lets the demo's time pass, and plays the roles that nobody has taken."""

    def take_place(
        self, at_work: Callable[[], AbstractContextManager[Any]], seats: Callable[[], Iterable[Seat]]
    ) -> None:
        """Work from now on under the lock of the pages, and knowing who is signed in."""
        ...

    @property
    def now(self) -> datetime:
        """Return the network's time."""
        ...

    @property
    def mode(self) -> str:
        """Return ``paused``, ``go_on`` or ``running``."""
        ...

    @property
    def speed(self) -> str:
        """Return the name of the speed while time runs, or an empty text."""
        ...

    @property
    def said(self) -> str:
        """Return a sentence on what happened last."""
        ...

    def coming(self) -> Event | None:
        """Return what happens next when time goes on, or None when nothing lies ahead."""
        ...

    def states(self) -> tuple[StoryState, ...]:
        """Return where every story stands."""
        ...

    def state(self, name: str) -> StoryState:
        """Return where a story stands; raises SenderError ``STORY_UNKNOWN``."""
        ...

    def begin(self, name: str, *, skips_tasks: bool = False) -> None:
        """Begin a story; a second time changes nothing; raises SenderError ``STORY_SKIPS_TASK`` unless it may skip."""
        ...

    def pause(self) -> None:
        """Stop time."""
        ...

    def go_on(self) -> None:
        """Go on from event to event until somebody is asked."""
        ...

    def run(self, speed: str) -> None:
        """Let time pass at a speed."""
        ...

    def step(self) -> str:
        """Let the next event happen."""
        ...

    def play_my_role(self, name: str, *, plays: bool) -> None:
        """Let the players answer also for roles that somebody has taken, or no longer."""
        ...
