"""Tokens of service users, whichever way they proved themselves."""

from ostiary.core.grant import Grant
from ostiary.core.organization import ORGANIZATION, OrganizationState
from ostiary.core.scope import scoped_projects
from ostiary.core.user import USER, User, UserState
from ostiary.oidc.desk import Desk, TokenAnswer, answer, new_grant
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import Parameters
from ostiary.oidc.request_rules import resources, scopes
from ostiary.storage.port import Changes, Conflict, Expect


async def tokens_for(desk: Desk, machine: User, form: Parameters, grant_type: str) -> TokenAnswer:
    """An access token without refresh token; ``openid`` in the scope adds an ID token."""
    organization = await desk.cache.get(ORGANIZATION, machine.organization_id)
    is_active = organization is not None and organization.state is OrganizationState.ACTIVE
    if machine.machine is None or machine.state is not UserState.ACTIVE or not is_active:
        raise OAuthError("invalid_grant", "the service user is not active")
    scope = scopes(form.get("scope"))
    audience = dict.fromkeys([machine.id, *scoped_projects(scope), *resources(form)])
    grant = Grant(
        id=desk.effects.new_id(),
        client_id=machine.username,
        user_id=machine.id,
        organization_id=machine.organization_id,
        scope=scope,
        audience=tuple(audience),
        created_at=desk.effects.now(),
    )
    minted = await desk.minter.mint(grant, None, id_token="openid" in scope)
    changes = Changes(
        puts=(new_grant(minted),),
        expects=(Expect(USER, machine.id, machine.version),),
        audit=desk.trace("tokens.issued", minted.grant, grant_type=grant_type),
    )
    try:
        await desk.store.save(changes)
    except Conflict:
        raise OAuthError("invalid_grant", "the service user was changed meanwhile; try again") from None
    return answer(minted)
