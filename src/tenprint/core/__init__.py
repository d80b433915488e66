"""The shared words: values that validate themselves, errors, ports of time and chance, and the trace."""
