"""Append-only evidence: salted entries, Merkle tree, signed checkpoints, receipts, and what two logs disagree on.

Pure values and functions; where entries are kept is the business of the adapters.
"""
