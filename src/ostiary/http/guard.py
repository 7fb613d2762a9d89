"""What every answer carries beside its content, and what scripts of other origins may do."""

from collections.abc import Mapping
from typing import Final

from ostiary.http.message import Header, Response

# answers of an API are for their caller alone and are what they say they are
API_HEADERS: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
)
_METHODS: Final = b"GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD"
_ALLOWED: Final = (
    b"authorization, content-type, content-encoding, accept, accept-language, origin, idempotency-key, "
    b"x-request-id, x-zitadel-orgid, x-grpc-web, x-user-agent, x-requested-with, grpc-timeout, "
    b"connect-protocol-version, connect-timeout-ms, connect-content-encoding, connect-accept-encoding, dpop"
)
_EXPOSED: Final = (
    b"location, content-length, content-encoding, retry-after, www-authenticate, x-request-id, x-ostiary-hint, "
    b"grpc-status, grpc-message, grpc-status-details-bin, grpc-encoding"
)


def is_preflight(headers: Mapping[bytes, bytes]) -> bool:
    """Whether an OPTIONS is a browser asking if it may send a request. Source: the Fetch standard, 3.3.3."""
    return b"origin" in headers and b"access-control-request-method" in headers


def preflight(headers: Mapping[bytes, bytes]) -> Response:
    """Yes, for a day; any origin is named back, since calls are made with a token and never with a cookie."""
    return Response(
        204,
        (
            (b"access-control-allow-origin", headers[b"origin"]),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", _ALLOWED),
            (b"access-control-max-age", b"86400"),
            (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ),
    )


def for_origin(origin: bytes) -> tuple[Header, ...]:
    """The headers that let a script of that origin read the answer."""
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    )


def too_many_headers(headers: Mapping[bytes, bytes], limit: int) -> bool:
    """Whether the header section is longer than the limit, four bytes of each line being ``: `` and its end."""
    return sum(map(len, headers)) + sum(map(len, headers.values())) + 4 * len(headers) > limit
