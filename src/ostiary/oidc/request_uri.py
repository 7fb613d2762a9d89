"""The name of a pushed request. Source: RFC 9126 2.2."""

import hashlib

PREFIX = "urn:ietf:params:oauth:request_uri:"


def pushed_id(request_uri: str) -> str:
    """Where a pushed request is kept: SHA-256 of its URI, so that the database alone opens none."""
    return hashlib.sha256(request_uri.encode()).hexdigest()
