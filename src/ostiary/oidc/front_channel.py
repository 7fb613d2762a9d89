"""ID tokens that go through the browser: response types ``id_token`` and ``code id_token``, where a setting allows them.

Source: OpenID Connect Core 3.2 (implicit) and 3.3 (hybrid).
"""

from ostiary.core.client import APPLICATION, Application
from ostiary.core.grant import Grant
from ostiary.core.login_request import Authentication, LoginRequest
from ostiary.errors import Aborted
from ostiary.oidc.audience import audience_of
from ostiary.oidc.desk import TRIES, Desk
from ostiary.oidc.errors import OAuthError
from ostiary.storage.port import Changes, Conflict


class FrontChannel:
    """Makes ID tokens for requests that a session has just finished. No access token is made, so nothing is granted."""

    def __init__(self, desk: Desk) -> None:
        """Take the tools of the token endpoint."""
        self._desk = desk

    async def id_token(self, request: LoginRequest, code: str) -> str:
        """The ID token, with ``c_hash`` if there is a code; the client takes part in the session from now on."""
        desk = self._desk
        client = await desk.cache.find(APPLICATION, "client_id", request.client_id)
        if client is None or request.authentication is None:
            raise OAuthError("invalid_request", "the client is gone, or the request is not finished")
        about = await self._about(request, request.authentication, client)
        for _ in range(TRIES):
            subject = await desk.subject(request.authentication)
            joins = await desk.participation(about, client, desk.effects.now())
            trace = desk.trace("id_token.issued", about)
            try:
                await desk.store.save(Changes(puts=joins, expects=desk.guards(subject), audit=trace))
            except Conflict:
                continue
            return await desk.minter.identity(about, client, code=code)
        raise Aborted("oidc.front_channel_busy", "The session is being changed by others", retry_after_s=1)

    async def _about(
        self, request: LoginRequest, authentication: Authentication, client: Application
    ) -> Grant:
        """What the ID token says, in the form of a grant that is never kept."""
        now = self._desk.effects.now()
        return Grant(
            id=self._desk.effects.new_id(),
            client_id=request.client_id,
            user_id=authentication.user_id,
            organization_id=authentication.organization_id,
            scope=request.oidc.scope,
            audience=await audience_of(self._desk.cache, client, request.oidc),
            created_at=now,
            authentication=authentication,
            nonce=request.oidc.nonce,
            access_issued_at=now.replace(microsecond=0),
        )
