"""What an application asks for, in plain words."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ostiary.core.scope import (
    EMAIL,
    OFFLINE_ACCESS,
    OPENID,
    ORGANIZATION_ID_PREFIX,
    ORGANIZATION_ROLES_PREFIX,
    OWN_API_SCOPE,
    PHONE,
    PRIMARY_DOMAIN_PREFIX,
    PROFILE,
    PROJECT_ROLE_PREFIX,
    PROJECTS_ROLES,
    USER_METADATA,
    USER_RESOURCE_OWNER,
)

_AUDIENCE_PREFIX: Final = "urn:zitadel:iam:org:project:id:"
_ROLES: Final = "See your roles"
_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        OPENID: "Know that it is you",
        PROFILE: "See your name and your language",
        EMAIL: "See your email address",
        PHONE: "See your phone number",
        OFFLINE_ACCESS: "Stay signed in while you are away",
        USER_METADATA: "See what else is kept about you",
        USER_RESOURCE_OWNER: "See which organisation you belong to",
        PROJECTS_ROLES: _ROLES,
        OWN_API_SCOPE: "Change your account here, as you could yourself",
    }
)
_ORDER: Final[Mapping[str, int]] = MappingProxyType({scope: at for at, scope in enumerate(_WORDS)})
_OF_KIND: Final = (
    (PROJECT_ROLE_PREFIX, _ROLES),
    (ORGANIZATION_ROLES_PREFIX, _ROLES),
    (_AUDIENCE_PREFIX, "Use other services in your name"),
)
_GIVES_NOTHING: Final = (ORGANIZATION_ID_PREFIX, PRIMARY_DOMAIN_PREFIX)


def in_words(scope: Iterable[str]) -> list[tuple[str, str]]:
    """English texts, each once, always in one order; then the scopes that only the application understands, as they are."""
    told: dict[tuple[str, str], None] = {}
    for one in sorted(scope, key=lambda one: _ORDER.get(one, len(_ORDER))):
        if one.startswith(_GIVES_NOTHING):
            continue
        kind = next((words for prefix, words in _OF_KIND if one.startswith(prefix)), "")
        words = _WORDS.get(one, kind)
        told[(words, "" if words else one)] = None
    return sorted(told, key=lambda line: not line[0])
