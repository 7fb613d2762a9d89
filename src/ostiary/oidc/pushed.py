"""Pushed authorization requests: the parameters come by the back, the browser carries a name for them.

Source: RFC 9126.
"""

import base64
from datetime import timedelta

from ostiary.access.peer_limit import PeerLimit
from ostiary.core.login_request import PUSHED_REQUEST, PushedRequest
from ostiary.core.secret import SECRET_BYTES
from ostiary.effects import Effects
from ostiary.http.message import Request, Response
from ostiary.oidc.authorize import Authorize
from ostiary.oidc.client_authentication import CREDENTIALS, ClientAuthenticator, trace_of
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import Parameters, form_of
from ostiary.oidc.problem import json_answer
from ostiary.oidc.request_uri import PREFIX, pushed_id, sealed
from ostiary.storage.port import Changes, Put, Store

LIFETIME = timedelta(seconds=60)
MAX_TEXT = 32_768  # of all parameters together, in characters: a public client is anybody


class PushRequest:
    """``POST /oauth/v2/par``."""

    def __init__(
        self,
        store: Store,
        effects: Effects,
        authenticator: ClientAuthenticator,
        authorize: Authorize,
        begun: PeerLimit,
    ) -> None:
        """``authorize`` knows what a good request is; ``begun`` bounds those of clients without credentials."""
        self._store = store
        self._effects = effects
        self._authenticator = authenticator
        self._authorize = authorize
        self._begun = begun

    async def __call__(self, request: Request) -> Response:
        """A fresh request URI, good once and for 60 seconds; raises OAuthError."""
        await self._authorize.cache.fresh()
        form = form_of(request)
        client = await self._authenticator.application(request, form)
        if not client.has_credentials:
            self._begun.take(request.peer_ip)
        if "request_uri" in form:
            raise OAuthError("invalid_request", "a pushed request cannot name another one")
        kept = {name: values for name, values in form.dump().items() if name not in CREDENTIALS}
        if sum(len(text) for name, values in kept.items() for text in (name, *values)) > MAX_TEXT:
            raise OAuthError("invalid_request", f"the parameters are longer than {MAX_TEXT} characters")
        parameters = Parameters({**kept, "client_id": (client.client_id,)})
        trusted = await self._authorize.trusted(parameters)
        self._authorize.checked(trusted)
        secret = base64.urlsafe_b64encode(self._effects.random_bytes(SECRET_BYTES)).rstrip(b"=").decode()
        request_uri = f"{PREFIX}{secret}"
        now = self._effects.now()
        content = sealed(request_uri, parameters, self._effects.random_bytes)
        pushed = PushedRequest(pushed_id(request_uri), client.client_id, content, now + LIFETIME)
        trace = trace_of(client, now, "login_request.pushed", pushed.id)
        await self._store.save(Changes(puts=(Put(PUSHED_REQUEST, pushed),), audit=trace))
        answer = {"request_uri": request_uri, "expires_in": int(LIFETIME.total_seconds())}
        return json_answer(answer, 201)
