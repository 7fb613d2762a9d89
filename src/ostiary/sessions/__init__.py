"""Sessions created, set, read, listed, ended."""
