"""Scopes that mean something to us, and the audience that stands for our own API.

Source: OpenID Connect Core 5.4 and 11; ZITADEL's wire contract, part 4.5.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ostiary.core.organization import Instance

OPENID: Final = "openid"
PROFILE: Final = "profile"
EMAIL: Final = "email"
PHONE: Final = "phone"
ADDRESS: Final = "address"
OFFLINE_ACCESS: Final = "offline_access"
STANDARD: Final = (OPENID, PROFILE, EMAIL, PHONE, ADDRESS, OFFLINE_ACCESS)

USER_METADATA: Final = "urn:zitadel:iam:user:metadata"
USER_RESOURCE_OWNER: Final = "urn:zitadel:iam:user:resourceowner"
PROJECTS_ROLES: Final = "urn:zitadel:iam:org:projects:roles"
PROJECT_ROLE_PREFIX: Final = "urn:zitadel:iam:org:project:role:"
ORGANIZATION_ROLES_PREFIX: Final = "urn:zitadel:iam:org:roles:id:"
ORGANIZATION_ID_PREFIX: Final = "urn:zitadel:iam:org:id:"
PRIMARY_DOMAIN_PREFIX: Final = "urn:zitadel:iam:org:domain:primary:"
OWN_API_SCOPE: Final = "urn:zitadel:iam:org:project:id:zitadel:aud"
OWN_API_NAME: Final = "zitadel"  # in that scope, and so in what a client was granted
_PROJECT_AUDIENCE: Final = re.compile(r"urn:zitadel:iam:org:project:id:([^:]+):aud", re.ASCII)


def own_project_id(instance: Instance) -> str:
    """The audience of our own API: the instance's own project, which has its id and no row.

    It never changes, and no project that is made can have it, for ids are given out once.
    """
    return instance.instance_id


def is_for_own_api(audience: Iterable[str], instance: Instance) -> bool:
    """Whether a token with that audience was meant for our API, by its name or by its project's id."""
    return any(one in {OWN_API_NAME, own_project_id(instance)} for one in audience)


def told_audience(audience: Iterable[str], instance: Instance) -> list[str]:
    """The audience as tokens and introspection tell it: our API by its project's id."""
    return [own_project_id(instance) if one == OWN_API_NAME else one for one in audience]


def scoped_projects(scope: Iterable[str]) -> tuple[str, ...]:
    """The projects that the scopes name as audience; ``zitadel`` stands for our own API."""
    found = (_PROJECT_AUDIENCE.fullmatch(name) for name in scope)
    return tuple(match[1] for match in found if match)


def home_of(scope: Sequence[str]) -> tuple[str, ...]:
    """The organisations, by id or primary domain, that the scopes restrict a login to; none: to no one."""
    return (*named(scope, ORGANIZATION_ID_PREFIX), *named(scope, PRIMARY_DOMAIN_PREFIX))


def named(scope: Sequence[str], prefix: str) -> tuple[str, ...]:
    """What stands behind the prefix, in each scope that begins with it."""
    return tuple(one.removeprefix(prefix) for one in scope if one.startswith(prefix) and one != prefix)
