"""Tests of the wire's values."""
