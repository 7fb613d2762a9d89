"""Logins at upstream providers: intents, links, and the factor that spends them."""
