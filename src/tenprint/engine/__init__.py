"""The engine: pixels to candidates, in the order a finger travels."""
