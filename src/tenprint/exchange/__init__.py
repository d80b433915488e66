"""Durable work across separate parties: messages, cases, tasks and timers (ARCHITECTURE sections 3 and 4)."""
