"""The field table of EBTS 8.001 for CAR, SRE and ERRT, as data (Tables B-1, C-1, D-1, D-2, D-3).

Where the tables disagree, D-1 and D-2 are followed (formats.md section 3.2): CRI is mandatory in a CAR, FBI optional
in an ERRT. Grouped fields are given by the pattern of one subfield, its items separated by US.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

EDITION = "ebts-8.001"
VERSION = "0300"
OLDEST_VERSION, NEWEST_VERSION = "0200", "0502"
SUBMISSIONS = ("CAR", "CNA")
ANSWERS = ("SRE", "ERRT")
PROFILED = (*SUBMISSIONS, *ANSWERS)

NAME = r"[A-Za-z&][A-Za-z&,\- ]*"
PLAIN = r"[ -~]*"
NOT_BLANK_FIRST = r"[!-~][ -~]*"
NO_PERIOD = r"[!-\-/-~][ -\-/-~]*"
LETTERS, DIGITS, LETTERS_DIGITS = r"[A-Za-z]*", r"[0-9]*", r"[A-Za-z0-9]*"
LINES = r"[ -~\r\n]*"
YES_NO = r"[YN]"
AGENCY = r"[A-Za-z]{2}[A-Za-z0-9]*"
DATE = r"[0-9]{8}"
EYES = r"BLK|BLU|BRO|GRY|GRN|HAZ|MAR|MUL|PNK|XXX"
HAIRS = r"BAL|BLK|BLN|BRO|GRY|RED|SDY|WHI|XXX|BLU|GRN|ONG|PNK|PLE"
HEIGHT = r"000|[4-7](0[0-9]|1[01])|N[0-9]{2}"
CHARGE = r"([0-9]{8})?\x1f[!-~][ -~]{0,299}"
COURT = r"([0-9]{8})?\x1f[ -~]{1,300}(\x1f[ -~]{0,300})?"
AMPUTATION = r"(0[1-9]|10)\x1f(XX|UP)"
EQUIPMENT = r"[ -~]{0,25}\x1f[ -~]{0,25}\x1f[ -~]{0,25}"


@dataclass(frozen=True)
class FieldRule:
    """What one field may hold.

    Args:
        tag: such as ``2.018``.
        mnemonic: such as ``NAM``.
        pattern: regular expression that one occurrence matches as a whole.
        shortest, longest: characters of one occurrence, separators between items included.
        occurs: fewest and most occurrences by type of transaction; a type that is missing does not know the field.
        date: "" for no date, ``date`` for a calendar date, ``zero`` when eight zeros (unknown) are allowed too.
    """

    tag: str
    mnemonic: str
    pattern: str
    shortest: int
    longest: int
    occurs: dict[str, tuple[int, int]] = field(default_factory=dict)
    date: str = ""

    def fits(self, text: str) -> bool:
        """Tell whether one occurrence has the right characters (length and calendar are looked at elsewhere)."""
        return re.fullmatch(self.pattern, text) is not None


def _rule(tag: str, mnemonic: str, pattern: str, size: str, occurs: str, *, date: str = "") -> FieldRule:
    """Return a rule from table cells.

    `size` is such as ``3-30``; `occurs` has the occurrences in a CAR or CNA, an SRE and an ERRT, a dot for "absent".
    """
    car, sre, errt = occurs.split()
    cells = {"CAR": car, "CNA": car, "SRE": sre, "ERRT": errt}
    shortest, longest = _span(size)
    return FieldRule(
        tag, mnemonic, pattern, shortest, longest, {t: _span(c) for t, c in cells.items() if c != "."}, date
    )


def _span(cell: str) -> tuple[int, int]:
    low, _, high = cell.partition("-")
    return int(low), int(high or low)


TYPE_1 = (
    _rule("1.002", "VER", DIGITS, "4", "1 1 1"),
    _rule("1.004", "TOT", r"[A-Z]*", "3-5", "1 1 1"),
    _rule("1.005", "DAT", DATE, "8", "1 1 1", date="date"),
    _rule("1.006", "PRY", r"[1-9]", "1", "0-1 0-1 0-1"),
    _rule("1.007", "DAI", LETTERS_DIGITS, "9", "1 1 1"),
    _rule("1.008", "ORI", AGENCY, "9", "1 1 1"),
    _rule("1.009", "TCN", PLAIN, "10-40", "1 1 1"),
    _rule("1.010", "TCR", PLAIN, "10-40", "0-1 1 1"),
    _rule("1.011", "NSR", r"[0-9]{2}\.[0-9]{2}", "5", "1 1 1"),
    _rule("1.012", "NTR", r"[0-9]{2}\.[0-9]{2}", "5", "1 1 1"),
)

TYPE_2 = (
    _rule("2.002", "IDC", DIGITS, "1-2", "1 1 1"),
    _rule("2.005", "RET", YES_NO, "1", "1 . ."),
    _rule("2.006", "ATN", NO_PERIOD, "3-30", "0-1 0-1 0-1"),
    _rule("2.007", "SCO", AGENCY + r"[ -~]*", "9-19", "0-9 0-9 0-9"),
    _rule("2.009", "OCA", NO_PERIOD, "1-20", "0-1 0-1 0-1"),
    _rule("2.014", "FBI", LETTERS_DIGITS, "1-9", "0-5 0-1 0-5"),
    _rule("2.015", "SID", r"[A-Za-z]{2}[!-~]*", "3-10", "0-1 0-1 0-1"),
    _rule("2.016", "SOC", DIGITS, "9", "0-4 . ."),
    _rule("2.017", "MNU", r"[A-Za-z]{2}-[A-Za-z0-9\-]+", "4-15", "0-4 . 0-4"),
    _rule("2.018", "NAM", NAME, "3-30", "1 1 ."),
    _rule("2.019", "AKA", r"[A-Za-z0-9&][A-Za-z0-9&,\- ]*", "3-30", "0-10 . ."),
    _rule("2.020", "POB", LETTERS, "2", "1 . ."),
    _rule("2.021", "CTZ", LETTERS, "2", "0-1 . ."),
    _rule("2.022", "DOB", DATE, "8", "1-5 . .", date="zero"),
    _rule("2.024", "SEX", r"[FGMNXYZ]", "1", "1 . ."),
    _rule("2.025", "RAC", r"[ABIUW]", "1", "1 . ."),
    _rule("2.026", "SMT", PLAIN, "3-10", "0-10 . ."),
    _rule("2.027", "HGT", HEIGHT, "3", "1 . ."),
    _rule("2.029", "WGT", DIGITS, "3", "1 . ."),
    _rule("2.031", "EYE", EYES, "3", "1 . ."),
    _rule("2.032", "HAI", HAIRS, "3", "1 . ."),
    _rule("2.035", "PPA", YES_NO, "1", "0-1 . ."),
    _rule("2.036", "PHT", YES_NO, "1", "0-1 . ."),
    _rule("2.039", "EAD", PLAIN, "1-120", "0-1 0-1 ."),
    _rule("2.040", "OCP", PLAIN, "1-50", "0-1 0-1 ."),
    _rule("2.041", "RES", PLAIN, "1-120", "0-1 0-1 ."),
    _rule("2.045", "DOA", DATE, "8", "1 . .", date="date"),
    _rule("2.047", "ASL", CHARGE, "2-309", "1-40 . ."),
    _rule("2.051", "CSL", COURT, "2-611", "0-40 . ."),
    _rule("2.052", "RBR", r"[123]", "1", "0-1 . ."),
    _rule("2.054", "SSD", DATE, "8", "0-1 . .", date="date"),
    _rule("2.055", "SLE", NOT_BLANK_FIRST, "1-300", "0-1 . ."),
    _rule("2.056", "ICO", NOT_BLANK_FIRST, "1-50", "0-1 . ."),
    _rule("2.059", "SRF", r"[IN]", "1", ". 1 ."),
    _rule("2.060", "MSG", PLAIN, "1-1000", ". . 1-11"),
    _rule("2.067", "IMA", EQUIPMENT, "2-77", "0-1 . ."),
    _rule("2.070", "RAP", YES_NO, "1", "0-1 . ."),
    _rule("2.071", "ACN", PLAIN, "1-300", ". 0-1 ."),
    _rule("2.073", "CRI", AGENCY, "9", "1-3 1-3 0-3"),
    _rule("2.075", "ERS", LINES, "4-200000", ". 0-1 ."),
    _rule("2.081", "UCN", LETTERS_DIGITS, "9", "0-1 0-1 ."),
    _rule("2.084", "AMP", AMPUTATION, "5", "0-10 . ."),
    _rule("2.085", "CRN", LETTERS_DIGITS, "9", ". 0-1 ."),
    _rule("2.087", "TAA", YES_NO, "1", "0-1 0-1 ."),
    _rule("2.094", "CCN", PLAIN, "1-20", "0-1 0-1 ."),
    _rule("2.098", "NDR", DIGITS, "1-3", "0-4 0-10 ."),
    _rule("2.099", "SAN", PLAIN, "1-20", "0-2 0-1 ."),
    *(_rule(f"2.{2000 + n}", f"NAM{n}", NAME, "1-50", "0-1 0-1 0-1") for n in range(1, 6)),
    _rule("2.2007", "SDOB", DATE, "8", ". 0-1 .", date="zero"),
    _rule("2.2008", "SNAM", NAME, "3-30", ". 0-1 ."),
    _rule("2.2015", "RBRO", AGENCY, "1-9", "0-3 0-3 ."),
)

GROUPED = frozenset({"2.047", "2.051", "2.067", "2.084"})
"""Fields whose subfields hold several items; in all others US is read as a separator of occurrences too."""
