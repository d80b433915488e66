"""Minutiae templates of other systems: ISO/IEC 19794-2:2005, ANSI INCITS 378-2004 and the .xyt files of NBIS.

Reading is lenient and says what it noticed, writing is strict. Units, the angle sense and the direction of the y axis
are converted here and nowhere else (docs/decisions/0002). Editions of 2009, 2011 and later are refused by name.
"""

from tenprint.records.templates.conversion import to_template
from tenprint.records.templates.layout import Format
from tenprint.records.templates.reader import read
from tenprint.records.templates.record import MinutiaeRecord, View
from tenprint.records.templates.writer import write_ansi, write_iso
from tenprint.records.templates.xyt import read_xyt, write_xyt

__all__ = [
    "Format",
    "MinutiaeRecord",
    "View",
    "read",
    "read_xyt",
    "to_template",
    "write_ansi",
    "write_iso",
    "write_xyt",
]
