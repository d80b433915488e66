"""NCIC uniform offence codes in words: four digits, as the IAQ's OFF carries them. Pure; the table is beside this file.

The table's words are the FBI's with their dated wording (a misspelt "Family" was put right); it says nothing about how
grave an offence is. A code ending in 99 means that remarks tell what it was.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

from tenprint.records.nlets.iaq import GENERIC_OFFENSE

TABLE = "ncic_offense_codes.csv"
_LEADING_CODE = re.compile(r"\s*([0-9]{4})(?![0-9])[\s:;,.-]*(.*)", re.DOTALL)


def offence_in_words(code: str) -> str:
    """Return the words of an NCIC code, or ``""`` for one that tells no charge or is not in the table.

    The table calls 0399 an immigration matter; in a query it says that no charge has a code.
    """
    return "" if code == GENERIC_OFFENSE else _table().get(code, "")


def code_and_words(charge: str) -> tuple[str, str]:
    """Return the NCIC code that a charge's text begins with, or ``""``, and the rest of the text.

    Only the beginning is looked at: four digits elsewhere are a year, a statute or a house number.
    """
    found = _LEADING_CODE.fullmatch(charge)
    return (found[1], found[2].strip()) if found else ("", charge.strip())


@cache
def _table() -> Mapping[str, str]:
    text = (resources.files(__package__) / TABLE).read_text(encoding="utf-8")
    return {row["code"]: row["literal"] for row in csv.DictReader(text.splitlines())}
