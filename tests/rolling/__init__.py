"""Servers come and go behind a proxy."""
