"""The keys of the house: the master key, and what is sealed under it."""
