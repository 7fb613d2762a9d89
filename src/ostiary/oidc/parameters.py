"""The parameters of a request: each at most once. Source: RFC 6749 3.1 and 3.2 (repeated: invalid_request)."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from ostiary.http.message import Request
from ostiary.oidc.errors import OAuthError

MAX_PARAMETERS = 50
# RFC 8707 2 and RFC 8693 2.1: these may be sent several times.
REPEATABLE = frozenset({"resource", "audience"})
_FORM = "application/x-www-form-urlencoded"


class Parameters:
    """Parameters by name; an empty value counts as not sent (RFC 6749 3.1)."""

    def __init__(self, values: Mapping[str, tuple[str, ...]]) -> None:
        """``values`` holds one value a name, or several of a repeatable one."""
        self._values = dict(values)

    def get(self, name: str) -> str:
        """The value; empty when it was not sent."""
        values = self._values.get(name)
        return values[0] if values else ""

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a repeatable parameter."""
        return self._values.get(name, ())

    def __contains__(self, name: str) -> bool:
        """Whether it was sent."""
        return name in self._values

    def require(self, name: str) -> str:
        """The value; raises invalid_request without it."""
        value = self.get(name)
        if not value:
            raise OAuthError("invalid_request", f"the parameter {name} is missing")
        return value

    def dump(self) -> dict[str, tuple[str, ...]]:
        """All of them, for keeping."""
        return dict(self._values)


def collected(pairs: Iterable[tuple[str, str]]) -> Parameters:
    """Pairs as parameters; raises invalid_request for a repeated one."""
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if "\0" in name + value:
            raise OAuthError("invalid_request", "a parameter contains NUL")
        if not value:
            continue
        if name in values and name not in REPEATABLE:
            raise OAuthError("invalid_request", f"the parameter {name} is sent more than once")
        values[name] = (*values.get(name, ()), value)
    return Parameters(values)


def query_of(request: Request) -> Parameters:
    """The parameters of the URL."""
    return collected(_pairs(request.query))


def form_of(request: Request) -> Parameters:
    """The parameters of a form body; raises invalid_request for another content type."""
    if request.header(b"content-type").partition(";")[0].strip().lower() != _FORM:
        raise OAuthError("invalid_request", f"send the parameters as {_FORM}")
    return collected(_pairs(request.body))


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:
        raise OAuthError(
            "invalid_request", "the parameters are not form-encoded UTF-8, or too many"
        ) from None
