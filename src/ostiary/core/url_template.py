"""Links in mails: a URL with places for user, organisation and code, written ``{{.UserID}}``."""

import re

from ostiary.errors import InvalidArgument

_PLACE = re.compile(r"\{\{\s*\.(\w+)\s*\}\}", re.ASCII)
_NAMES = frozenset({"UserID", "OrgID", "Code", "CodeID"})


def require_template(template: str) -> None:
    """Raise InvalidArgument when it cannot be filled: DOMAIN-oGh5e for its form, DOMAIN-ieYa7 for an unknown place."""
    rest = _PLACE.sub("", template)
    if "{{" in rest or "}}" in rest:
        raise InvalidArgument("DOMAIN-oGh5e", "URL template is invalid", hint="places are written {{.Code}}")
    unknown = set(_PLACE.findall(template)) - _NAMES
    if unknown:
        hint = f"places are {', '.join(sorted(_NAMES))}"
        raise InvalidArgument("DOMAIN-ieYa7", "URL template is invalid", hint=hint)
