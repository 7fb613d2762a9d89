"""Primitives: they know the words of their RFC and nothing of sessions or users."""
