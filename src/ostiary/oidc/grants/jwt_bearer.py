"""An assertion signed with a service user's key. Source: RFC 7523 2.1 and 3; ZITADEL's wire contract, part 4.3.

A ``client_id`` in the form is ignored: some SDKs send ``None``.
"""

from ostiary.core.client import MACHINE_KEY
from ostiary.core.user import USER
from ostiary.oidc.assertion import Assertion, read_assertion, spend
from ostiary.oidc.desk import Desk, TokenAnswer, TokenRequest
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.grants.grant_type import GrantType
from ostiary.oidc.grants.service_user import tokens_for

NAME = "urn:ietf:params:oauth:grant-type:jwt-bearer"


async def redeem(desk: Desk, request: TokenRequest) -> TokenAnswer:
    """An access token for the service user whose key signed the assertion."""
    assertion = await _assertion(desk, request.form.require("assertion"))
    machine = await desk.store.get(USER, assertion.issuer)
    if machine is None:
        raise OAuthError("invalid_grant", "the assertion's issuer is no service user")
    if assertion.jti:  # without one nothing forbids to send it again (RFC 7523 3), and some SDKs do
        await spend(desk.store, assertion, error="invalid_grant")
    return await tokens_for(desk, machine, request.form, "jwt_bearer")


async def _assertion(desk: Desk, text: str) -> Assertion:
    return await read_assertion(
        text,
        keys=lambda kid: desk.cache.get(MACHINE_KEY, kid),
        audiences=(desk.issuer, f"{desk.issuer}/oauth/v2/token"),
        now=desk.effects.now(),
        error="invalid_grant",
    )


GRANT_TYPE = GrantType(NAME, redeem, needs_client=False)
