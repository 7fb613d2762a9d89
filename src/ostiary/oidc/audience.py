"""Whom tokens are for. Source: ZITADEL's wire contract, parts 4.4 and 4.5; RFC 8707."""

import re

from ostiary.core.client import APPLICATION, Application
from ostiary.core.login_request import OidcParameters
from ostiary.storage.cache import Cache

_PROJECT_SCOPE = re.compile(r"urn:zitadel:iam:org:project:id:([^:]+):aud", re.ASCII)


async def audience_of(cache: Cache, client: Application, oidc: OidcParameters) -> tuple[str, ...]:
    """The client, its siblings of the project, the project, projects named by scope, and the asked-for resources."""
    siblings = await cache.owned(APPLICATION, client.project_id)
    wanted = [client.client_id, *(other.client_id for other in siblings), client.project_id]
    return tuple(dict.fromkeys([*wanted, *scoped_projects(oidc.scope), *oidc.resource]))


def scoped_projects(scope: tuple[str, ...]) -> tuple[str, ...]:
    """The projects that the scopes name as audience; ``zitadel`` stands for our own API."""
    found = (_PROJECT_SCOPE.fullmatch(name) for name in scope)
    return tuple(match[1] for match in found if match)
