"""What every party speaks of: kinds, envelopes, cases, tasks, timers, the directory. Values only; knows nobody."""
