"""Who was enrolled: a durable gallery of ten-finger templates, and the search of it."""

from tenprint.engine.gallery.gallery import Gallery

__all__ = ["Gallery"]
