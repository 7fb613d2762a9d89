"""Tests of the keys of the house."""
