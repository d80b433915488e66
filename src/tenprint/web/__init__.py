"""The console: server-made pages in which people do their work. Forms without script, nothing from another host."""
