"""How many rows a list answers."""

from ostiary.errors import InvalidArgument

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_OFFSET = 2**62


def limit_of(wanted: int) -> int:
    """The wanted number of rows, by default ``DEFAULT_LIMIT``; raises InvalidArgument QUERY-4M0fs above the most."""
    if wanted > MAX_LIMIT:
        raise InvalidArgument(
            "QUERY-4M0fs", "Limit exceeded", hint=f"ask for at most {MAX_LIMIT} and page on"
        )
    return wanted or DEFAULT_LIMIT


def offset_of(wanted: int) -> int:
    """The wanted number of rows to pass over, within what a database can count."""
    return min(wanted, MAX_OFFSET)
