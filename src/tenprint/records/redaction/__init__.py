"""A transaction without its persons: the same records and fields, fictitious values, blank images.

For sending a file that shows a fault to somebody who may not see the person. Importing this needs NumPy.
"""

from tenprint.records.redaction.rewriting import Note, Redacted, redact

__all__ = ["Note", "Redacted", "redact"]
