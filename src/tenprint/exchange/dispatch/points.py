"""Names of the points around the commits at which a crash test kills the process."""

from __future__ import annotations

ACCEPT_BEFORE_COMMIT = "accept.before_commit"
ACCEPT_AFTER_COMMIT = "accept.after_commit"
HANDLE_PREPARED = "handle.prepared"
HANDLE_BEFORE_COMMIT = "handle.before_commit"
HANDLE_AFTER_COMMIT = "handle.after_commit"
RELAY_BEFORE_POST = "relay.before_post"
RELAY_AFTER_POST = "relay.after_post"
RELAY_BEFORE_COMMIT = "relay.before_commit"
RELAY_AFTER_COMMIT = "relay.after_commit"
TIMER_BEFORE_COMMIT = "timer.before_commit"
TIMER_AFTER_COMMIT = "timer.after_commit"
ENROLL_AFTER_GALLERY = "enroll.after_gallery"
SUBMIT_BEFORE_COMMIT = "submit.before_commit"
SUBMIT_AFTER_COMMIT = "submit.after_commit"
DECIDE_BEFORE_COMMIT = "decide.before_commit"
DECIDE_AFTER_COMMIT = "decide.after_commit"
ERASE_AFTER_GALLERY = "erase.after_gallery"
ERASE_AFTER_FILES = "erase.after_files"
ERASE_BEFORE_MARK = "erase.before_mark"


def points() -> tuple[str, ...]:
    """Return every name that `Node.trigger` is called with while bookings are worked on."""
    return (
        ACCEPT_BEFORE_COMMIT,
        ACCEPT_AFTER_COMMIT,
        HANDLE_PREPARED,
        HANDLE_BEFORE_COMMIT,
        HANDLE_AFTER_COMMIT,
        RELAY_BEFORE_POST,
        RELAY_AFTER_POST,
        RELAY_BEFORE_COMMIT,
        RELAY_AFTER_COMMIT,
        TIMER_BEFORE_COMMIT,
        TIMER_AFTER_COMMIT,
        ENROLL_AFTER_GALLERY,
        SUBMIT_BEFORE_COMMIT,
        SUBMIT_AFTER_COMMIT,
        DECIDE_BEFORE_COMMIT,
        DECIDE_AFTER_COMMIT,
    )


def erasing_points() -> tuple[str, ...]:
    """Return the points that are passed only where a period of keeping ends."""
    return ERASE_AFTER_GALLERY, ERASE_AFTER_FILES, ERASE_BEFORE_MARK
