"""The engine's tuned numbers, one home a step: `extraction` and `comparison`. Each has a name, a unit and a reason."""
