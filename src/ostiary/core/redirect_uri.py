"""Where a client may be sent back to: what may be registered, and what counts as registered.

Source: RFC 6749 3.1.2; RFC 8252 7.1 (private-use schemes), 7.3 (loopback) and 8.3; RFC 9700 2.1 (exact matching).
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

from ostiary.core.client import ApplicationType
from ostiary.errors import InvalidArgument

MAX_LENGTH = 2048
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)  # RFC 3986, 2
_PARTS = re.compile(r"([a-z][a-z0-9+.-]*):(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?", re.ASCII | re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@]+)(?::([0-9]{1,5}))?", re.ASCII | re.IGNORECASE)
# what a browser runs, shows or hands on by itself instead of giving it to an app
_DANGEROUS = frozenset(
    {
        *("javascript", "data", "vbscript", "file", "filesystem", "blob", "about", "view-source"),
        *("ws", "wss", "ftp", "mailto", "tel", "sms", "intent"),
    }
)


class _Uri(NamedTuple):
    """A URI in parts. ``host`` in lower case without brackets; ``rest`` is path and query, as they are."""

    scheme: str
    host: str
    port: str
    rest: str
    has_fragment: bool


def require_registrable(uri: str, type: ApplicationType, *, is_development: bool) -> None:  # noqa: A002
    """Raise InvalidArgument, with what to change, for a redirect URI that this type of client may not register."""
    if _parts(uri).has_fragment:
        raise InvalidArgument(
            "redirect_uri.fragment", "Redirect URI has a fragment", hint=f"take the # out of {_shown(uri)}"
        )
    _require_safe(uri, is_native=type is ApplicationType.NATIVE, is_development=is_development)


def require_endpoint(uri: str, *, is_development: bool) -> None:
    """Raise InvalidArgument unless it is a URL that can be called or opened: https, no fragment.

    http is for this machine and for development.
    """
    if _parts(uri).has_fragment:
        raise InvalidArgument(
            "client_uri.fragment", "URL has a fragment", hint=f"take it out of {_shown(uri)}"
        )
    _require_safe(uri, is_native=False, is_development=is_development)


def require_origin(uri: str, *, is_development: bool) -> None:
    """Raise InvalidArgument unless it is a scheme, a host and perhaps a port, such as a browser sends it."""
    _require_safe(uri, is_native=False, is_development=is_development)
    parts = _parts(uri)
    if parts.rest or parts.has_fragment:
        hint = f"an origin has no path: {_shown(uri)}"
        raise InvalidArgument("client_uri.origin", "Origin is invalid", hint=hint)


def origin_of(uri: str) -> str | None:
    """The origin of an http or https URI, as browsers write it; None for others."""
    parts = _parts(uri)
    if parts.scheme not in {"http", "https"}:
        return None
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    usual = {"http": "80", "https": "443"}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in {"", usual} else "")


def allowed(registered: Sequence[str], presented: str, type: ApplicationType) -> bool:  # noqa: A002
    """Whether a presented URI is one of the registered: letter by letter; on loopback a native app has any port."""
    if presented in registered:
        return True
    if type is not ApplicationType.NATIVE:
        return False
    wanted = _loopback(presented)
    return wanted is not None and any(_loopback(uri) == wanted for uri in registered)


def is_loopback(host: str) -> bool:
    """Whether a host (without brackets) is this machine, by name or by address."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _loopback(uri: str) -> tuple[str, str] | None:
    """Host, path and query of a loopback redirect; None for any other. Source: RFC 8252 7.3."""
    try:
        parts = _parts(uri)
    except InvalidArgument:
        return None
    if parts.scheme != "http" or parts.has_fragment or not is_loopback(parts.host):
        return None
    return parts.host, parts.rest


def _require_safe(uri: str, *, is_native: bool, is_development: bool) -> None:
    parts = _parts(uri)
    if parts.scheme in {"http", "https"}:
        if parts.scheme == "http" and not is_development and not is_loopback(parts.host):
            hint = f"http is for localhost and for applications in development: {_shown(uri)}"
            raise InvalidArgument("client_uri.insecure", "URL must use https", hint=hint)
        return
    if not is_native or parts.scheme in _DANGEROUS:
        hint = (
            f"https; native applications also a scheme of their own, such as com.example.app: {_shown(uri)}"
        )
        raise InvalidArgument("client_uri.scheme", "URL scheme is not allowed", hint=hint)


def _parts(uri: str) -> _Uri:
    found = _PARTS.fullmatch(uri) if len(uri) <= MAX_LENGTH and _CHARACTERS.fullmatch(uri) else None
    if found is None:
        hint = f"an absolute URI of at most {MAX_LENGTH} characters: {_shown(uri)}"
        raise InvalidArgument("client_uri.form", "URL is not an absolute URI", hint=hint)
    scheme, authority, path, query, fragment = found.groups()
    scheme, rest = scheme.lower(), path + (query or "")
    if scheme not in {"http", "https"}:
        return _Uri(scheme, authority or "", "", rest, fragment is not None)
    host = _AUTHORITY.fullmatch(authority or "")
    if host is None or (host[1].startswith("[") and not _is_ipv6(host[1][1:-1])):
        hint = f"a host and perhaps a port, no user name: {_shown(uri)}"
        raise InvalidArgument("client_uri.host", "URL has no valid host", hint=hint)
    return _Uri(scheme, host[1].strip("[]").lower(), host[2] or "", rest, fragment is not None)


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _shown(uri: str) -> str:
    """The URI as it may stand in a hint: printable, not too long."""
    return ascii(uri[:200])
