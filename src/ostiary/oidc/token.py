"""The token endpoint: a form, a client, and one of the grants. Source: RFC 6749 3.2."""

from collections.abc import Sequence
from dataclasses import replace

from ostiary.http.message import Request, Response
from ostiary.oidc.client_authentication import ClientAuthenticator
from ostiary.oidc.desk import Desk, TokenRequest
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.grants.grant_type import GrantType
from ostiary.oidc.parameters import Parameters, form_of
from ostiary.oidc.problem import json_answer

CLIENT_CREDENTIALS = "client_credentials"


class TokenEndpoint:
    """``POST /oauth/v2/token``."""

    def __init__(self, desk: Desk, authenticator: ClientAuthenticator, grants: Sequence[GrantType]) -> None:
        """``grants`` are those on offer."""
        self._desk = desk
        self._authenticator = authenticator
        self._grants = {grant.name: grant for grant in grants}

    async def __call__(self, request: Request) -> Response:
        """The tokens, or an OAuthError."""
        form = form_of(request)
        await self._desk.cache.fresh()
        grant = self._grants.get(form.require("grant_type"))
        if grant is None:
            raise OAuthError("unsupported_grant_type", f"grant_type is one of {', '.join(self._grants)}")
        with await grant.arrival(self._desk, form, request.connection) as overlaps:
            asked = await self._authenticated(request, form, grant)
            return json_answer(await grant.redeem(self._desk, replace(asked, overlaps=overlaps)))

    async def _authenticated(self, request: Request, form: Parameters, grant: GrantType) -> TokenRequest:
        if grant.name == CLIENT_CREDENTIALS:
            return TokenRequest(form, machine=await self._authenticator.machine(request, form))
        if not grant.needs_client:
            return TokenRequest(form)
        client = await self._authenticator.application(request, form)
        grant.require_open_to(client)
        return TokenRequest(form, client)
