"""What tests of all rooms share."""

from postgres_rig import new_url, postgres

__all__ = ["new_url", "postgres"]
