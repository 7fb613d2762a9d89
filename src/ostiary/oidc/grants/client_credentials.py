"""A service user's own tokens, for its client secret. Source: RFC 6749 4.4; ZITADEL's wire contract, part 4.3."""

from ostiary.oidc.desk import Desk, TokenAnswer, TokenRequest
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.grants.grant_type import GrantType
from ostiary.oidc.grants.service_user import tokens_for


async def redeem(desk: Desk, request: TokenRequest) -> TokenAnswer:
    """An access token for the machine whose username is the client_id."""
    if request.machine is None:
        raise OAuthError(
            "invalid_client", "the client_id is the username of a service user with a secret", 401
        )
    return await tokens_for(desk, request.machine, request.form, "client_credentials")


GRANT_TYPE = GrantType("client_credentials", redeem, needs_client=False)
