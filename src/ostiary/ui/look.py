"""How an organisation's pages look: its colours as a style sheet, its logo, its legal links.

A colour that could not be read on our ground is left out, whatever the settings say. Source: WCAG 2.2, 1.4.3 (contrast).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Final
from urllib.parse import urlsplit

from ostiary.core.policy import BrandingPolicy, LegalPolicy, Theme

_READABLE: Final = 4.5  # WCAG's least contrast of text
_LIGHT_CARD, _DARK_CARD = "#ffffff", "#191e29"  # as in style.css
_USUAL: Final = BrandingPolicy()
_PLAIN: Final = frozenset(f"{ascii_letters}{digits}:/.-_~%?=+,@")
_MODES: Final = ("", "", "light", "dark")  # the wire's numbers of ThemeMode


@dataclass(frozen=True, slots=True)
class Look:
    """``css`` sets the font, and variables of the style sheet; ``mode`` is light, dark or empty (the browser's).

    URLs may be empty. ``links`` are what they are (or, of the operator's own one, its words) with where they lead.
    """

    css: str = ""
    mode: str = ""
    logo_url: str = ""
    dark_logo_url: str = ""
    icon_url: str = ""
    dark_icon_url: str = ""
    font_url: str = ""
    links: tuple[tuple[str, str], ...] = ()


def look_of(branding: BrandingPolicy, legal: LegalPolicy) -> Look:
    """The look that the settings give."""
    light, dark = branding.light_theme, branding.dark_theme
    mode = _MODES[branding.theme_mode]
    logos = _pictures(light.logo_url, dark.logo_url, mode)
    icons = _pictures(light.icon_url, dark.icon_url, mode)
    css = _font(branding.font_url) + _css(_set(light), _set(dark, is_dark=True))
    return Look(css, mode, *logos, *icons, branding.font_url, _links(legal))


def _pictures(light: str, dark: str, mode: str) -> tuple[str, str]:
    """One for light pages and one for dark ones; the light one stands for a dark one that is missing."""
    both = (light, dark or light)
    return (both[mode == "dark"] or light,) * 2 if mode else both


def _font(url: str) -> str:
    """The rules that set pages in a font; what has a meaning in style sheets or in HTML is escaped in its URL."""
    if not url:
        return ""
    source = "".join(one if one in _PLAIN else f"\\{ord(one):x} " for one in url)
    face = f"@font-face{{font-family:brand;font-display:swap;src:url({source})}}"
    return f"{face}html{{font-family:brand,system-ui,sans-serif}}"


def _css(light: Sequence[str], dark: Sequence[str]) -> str:
    """The variables that one of the two sets."""
    rules = [
        f"--{name}:light-dark({own_light or usual_light},{own_dark or usual_dark});"
        for (name, usual_light, usual_dark), own_light, own_dark in zip(_VARIABLES, light, dark, strict=True)
        if own_light or own_dark
    ]
    return ":root{" + "".join(rules) + "}" if rules else ""


def without_suffix(login_name: str, domain: str) -> str:
    """The login name without its organisation's domain."""
    return login_name.removesuffix(f"@{domain}") if domain else login_name


# Variables of style.css with their usual values, light and dark.
_VARIABLES: Final = (
    ("accent", "#3b4fc4", "#a9b6ff"),
    ("on-accent", "#fff", "#10163a"),
    ("accent-strong", "#2c3da3", "#c6cfff"),
    ("ground", "#f3f4f7", "#0f1219"),
    ("bad", "#b3122f", "#ff9cab"),
    ("text", "#161a24", "#eef0f5"),
)


def _set(theme: Theme, *, is_dark: bool = False) -> tuple[str, ...]:
    """The values of the variables that a theme sets; empty for those that it leaves as they are, or that cannot be read."""
    usual = _USUAL.dark_theme if is_dark else _USUAL.light_theme
    card = _DARK_CARD if is_dark else _LIGHT_CARD
    accent = _readable(theme.primary_color, usual.primary_color, card)
    ground = theme.background_color if theme.background_color != usual.background_color else ""
    return (
        accent,
        _on(accent) if accent else "",
        _mixed(accent, "#ffffff" if is_dark else "#000000", 0.2) if accent else "",
        ground,
        _readable(theme.warn_color, usual.warn_color, card),
        _readable(theme.font_color, usual.font_color, card),
    )


def _readable(color: str, usual: str, card: str) -> str:
    return color if color not in {"", usual} and contrast(color, card) >= _READABLE else ""


def _on(color: str) -> str:
    """Black or white, whichever is read better on the colour."""
    return max(("#ffffff", "#000000"), key=lambda one: contrast(one, color))


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21. Source: WCAG 2.2, "contrast ratio"."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = [value / 255 for value in _channels(color)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mixed(color: str, other: str, part: float) -> str:
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(own + (its - own) * part):02x}" for own, its in pairs)


def _channels(color: str) -> tuple[int, ...]:
    short = color.removeprefix("#")
    return tuple(bytes.fromhex(short if len(short) == 6 else "".join(one * 2 for one in short)))


def _links(legal: LegalPolicy) -> tuple[tuple[str, str], ...]:
    mail = f"mailto:{legal.support_email}" if legal.support_email else ""
    all_ = (
        ("terms", legal.tos_link),
        ("privacy", legal.privacy_policy_link),
        ("help", legal.help_link),
        ("docs", legal.docs_link),
        ("support", mail),
        (legal.custom_link_text, legal.custom_link),
    )
    return tuple((words, url) for words, url in all_ if words and url)


def web_url(text: str) -> str:
    """The text if it is an address of the web, which may stand in a link; else nothing."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.netloc else ""
