"""Whom tokens are for. Source: ZITADEL's wire contract, parts 4.4 and 4.5; RFC 8707."""

from ostiary.core.client import APPLICATION, Application
from ostiary.core.grant import Grant, is_resource
from ostiary.core.login_request import OidcParameters
from ostiary.core.organization import Instance
from ostiary.core.scope import scoped_projects, told_audience
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import Parameters
from ostiary.oidc.request_rules import resources
from ostiary.storage.cache import Cache


def told(grant: Grant, instance: Instance) -> list[str]:
    """The audience that its access token tells: all, or where resources were asked for, these and what scopes name.

    Source: RFC 8707 2; RFC 9068 3.
    """
    resources = grant.access_resource or _resources(grant)
    wanted = (*scoped_projects(grant.scope), *resources) if resources else grant.audience
    return told_audience([one for one in wanted if one in grant.audience], instance)


def clients_of(grant: Grant, instance: Instance) -> list[str]:
    """The clients and projects of the audience, for ID tokens; the grant's own client is the first."""
    resources = _resources(grant)
    others = told_audience([one for one in grant.audience if one not in resources], instance)
    return [*dict.fromkeys([grant.client_id, *others])]


def narrowed(form: Parameters, grant: Grant) -> tuple[str, ...]:
    """The resources that a token request limits its access token to; raises invalid_target for one not granted."""
    wanted = resources(form)
    if not set(wanted) <= {*_resources(grant)}:
        raise OAuthError("invalid_target", "the resource was not asked for in the authorization request")
    return wanted


def _resources(grant: Grant) -> tuple[str, ...]:
    """Those of its audience that are URIs."""
    return tuple(one for one in grant.audience if is_resource(one))


async def audience_of(cache: Cache, client: Application, oidc: OidcParameters) -> tuple[str, ...]:
    """The client, its siblings of the project, the project, projects named by scope, and the asked-for resources."""
    siblings = await cache.owned(APPLICATION, client.project_id)
    wanted = [client.client_id, *(other.client_id for other in siblings), client.project_id]
    return tuple(dict.fromkeys([*wanted, *scoped_projects(oidc.scope), *oidc.resource]))
