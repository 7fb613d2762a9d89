"""Links in mails: a URL with places for user, organisation and code, written ``{{.UserID}}``."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from ostiary.errors import InvalidArgument

_URL = re.compile(r"https?://([A-Za-z0-9.-]+)(:[0-9]+)?([/?#][!-~]*)?", re.ASCII)
_PLACE = re.compile(r"\{\{\s*\.(\w+)\s*\}\}", re.ASCII)
PLACES: Final = frozenset({"UserID", "OrgID", "Code", "CodeID"})
OTP_PLACES: Final = frozenset(
    {"Code", "UserID", "LoginName", "DisplayName", "PreferredLanguage", "SessionID"}
)


def require_template(template: str, names: frozenset[str] = PLACES) -> None:
    """Raise InvalidArgument when it cannot be filled: DOMAIN-oGh5e for its form, DOMAIN-ieYa7 for an unknown place."""
    rest = _PLACE.sub("", template)
    if "{{" in rest or "}}" in rest:
        raise InvalidArgument("DOMAIN-oGh5e", "URL template is invalid", hint="places are written {{.Code}}")
    unknown = set(_PLACE.findall(template)) - names
    if unknown:
        hint = f"places are {', '.join(sorted(names))}"
        raise InvalidArgument("DOMAIN-ieYa7", "URL template is invalid", hint=hint)


def leads_to(template: str, host: str) -> bool:
    """Whether it is nothing but a URL of that host, whatever its places are filled with."""
    url = _URL.fullmatch(_PLACE.sub("", template))
    return url is not None and url[1].lower() == host and template.startswith(url[0][: url.end(1)])


def filled(template: str, values: Mapping[str, str]) -> str:
    """The URL, each place with its value, percent-encoded; a place without one is empty."""
    return _PLACE.sub(lambda place: quote(values.get(place[1], ""), safe=""), template)
