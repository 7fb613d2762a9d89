"""Primitives, against the vectors of their RFCs."""
