"""The transports over a real port, with services that answer from a script."""
