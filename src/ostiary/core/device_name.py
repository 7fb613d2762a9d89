"""What a device is called, of what its browser says of itself.

A small table and not a database of thousands of patterns: since 2022 browsers freeze most of what they say (User-Agent
reduction), so that brand and system are all that is true, and these few are nearly all there are. What is not known is
called by its own first word.
"""

import re
from dataclasses import dataclass
from typing import Final

# The first that is found counts: most browsers also name those whose pages they want to be shown.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_PRODUCT: Final = re.compile(r"([A-Za-z][A-Za-z0-9._-]{0,39})(?:[/ ]|\Z)")


@dataclass(frozen=True, slots=True)
class DeviceName:
    """A program and the system that it runs on; either may be empty."""

    program: str = ""
    system: str = ""

    def __str__(self) -> str:
        """Both, as far as they are known."""
        return " · ".join(part for part in (self.program, self.system) if part)


def device_name(user_agent: str | None) -> DeviceName:
    """The name of what sent this User-Agent header; nothing for None."""
    text = user_agent or ""
    program = _first(_BROWSERS, text)
    system = _first(_SYSTEMS, text)
    if not program:
        product = _PRODUCT.match(text)
        program = product[1] if product and product[1] != "Mozilla" else ""
    return DeviceName(program, system)


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for sign, name in table if sign in text), "")
