"""Bytes to values and back: ANSI/NIST-ITL and EBTS files, immigration queries and answers, images."""

from tenprint.records.itl.impressions import EncodedImage
from tenprint.records.itl.reader import read
from tenprint.records.itl.record import Problem, Record
from tenprint.records.itl.transaction import Transaction

__all__ = ["EncodedImage", "Problem", "Record", "Transaction", "read"]
