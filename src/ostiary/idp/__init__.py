"""Upstream identity providers: intents, and what becomes of them."""
