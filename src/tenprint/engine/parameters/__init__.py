"""Tuned numbers of the engine, each with a speaking name, a unit and one home."""
