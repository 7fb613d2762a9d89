"""HTTP over a real port: limits, time, framing, draining."""
