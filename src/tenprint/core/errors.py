"""Error families by whose move it is, each with a stable code.

A code never changes its meaning. Where EBTS 8.001 (Appendix M) has a code for the case, that code is used.
"""

from __future__ import annotations


class TenprintError(Exception):
    """Base of every error that Tenprint raises on purpose.

    Args:
        code: stable code, such as ``E0001`` (EBTS) or ``STORE_BLOB_MISSING`` (ours).
        message: one sentence for the person who reads it; no personal data.
        hint: what to do next, or an empty string.
        field: the field at fault (``2.018``), or an empty string.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", field: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.hint = hint
        self.field = field


class SenderError(TenprintError):
    """The caller or sender must change what was sent or asked for."""


class RecordError(TenprintError):
    """Received bytes are not what their format says they are."""


class PolicyRefusal(TenprintError):
    """A rule in force forbids what was asked; the rule's id is the code."""


class EngineError(TenprintError):
    """An image or template cannot be processed."""


class StorageError(TenprintError):
    """What was stored is missing, damaged or cannot be written; the operator must act."""
