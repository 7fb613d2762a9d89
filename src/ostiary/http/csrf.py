"""Which requests of browsers another site may have caused.

Source: W3C Fetch Metadata Request Headers; OWASP, "Cross-Site Request Forgery Prevention" (Fetch Metadata, and Origin
or Referer for browsers without it).
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

_DEFAULT_PORTS = MappingProxyType({"http": ":80", "https": ":443"})
_OWN_SITE = frozenset({b"same-origin", b"none"})  # none: typed, bookmarked, or reloaded by the person


def is_foreign(headers: Mapping[bytes, bytes], own_origins: Collection[str]) -> bool:
    """Whether a form may have been sent by another site. Without any sign of where it comes from it was."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in _OWN_SITE
    sender = headers.get(b"origin") or headers.get(b"referer", b"")
    return origin_of(sender.decode("latin-1")) not in own_origins


def is_embedded(headers: Mapping[bytes, bytes]) -> bool:
    """Whether another site loads the page as anything but a page: a picture, a script, data."""
    site, mode = headers.get(b"sec-fetch-site"), headers.get(b"sec-fetch-mode")
    return site is not None and site not in _OWN_SITE and mode is not None and mode != b"navigate"


def own_origins(external_url: str, scheme: str, host: str) -> frozenset[str]:
    """The origins that are ours: the one we are known by, and the one the browser believes to speak to."""
    return frozenset({origin_of(external_url), f"{scheme}://{host}"})


def origin_of(url: str) -> str:
    """Scheme, host and port as a browser writes them; empty for what has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if not parts.scheme or not parts.netloc or "@" in parts.netloc:
        return ""
    place = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, ":"))
    return f"{parts.scheme}://{place}"
