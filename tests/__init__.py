"""The tests of Ostiary."""
