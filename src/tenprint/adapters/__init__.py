"""What touches the outside: databases, blob files, post, worker pools, the party file. Only bootstrap imports it."""
