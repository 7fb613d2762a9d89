"""Addresses as far as their owner needs to know them again."""


def masked_email(address: str) -> str:
    """``a•••@example.com``."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}"


def masked_phone(number: str) -> str:
    """Its last two digits."""
    return f"••• {number[-2:]}"
