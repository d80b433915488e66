"""Pixels to candidates, in the order a finger travels: imaging, minutiae, template, extract, compare, fusion, gallery.

Nothing is imported here: ask for `tenprint.engine.extract` and its neighbours by name. Inside this room an image is
8-bit grayscale at 500 ppi with dark ridges, the origin is top left, y points down, and angles are radians
counter-clockwise as in ISO/IEC 19794-2; whatever differs is converted once, at the door.
"""
