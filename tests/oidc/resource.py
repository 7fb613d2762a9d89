"""The endpoints that tell of tokens, over a provider."""

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from ostiary.core.secret import PERSONAL_ACCESS_TOKEN as PAT_KIND
from ostiary.core.secret import secret_hash, token_text
from ostiary.core.user import PERSONAL_ACCESS_TOKEN, PersonalAccessToken
from ostiary.http.message import Request, Response
from ostiary.oidc.introspection import Introspection
from ostiary.oidc.revocation import Revocation
from ostiary.oidc.userinfo import UserInfo
from ostiary.storage.port import Changes, Put
from tests.doubles.effects import START
from tests.oidc.conftest import ISSUER, SECRET, Provider, good

FORM = b"application/x-www-form-urlencoded"


class Resource:
    """What a resource server and a client ask."""

    def __init__(self, provider: Provider) -> None:
        store, cache, effects = provider.store, provider.cache, provider.effects
        self.provider = provider
        self.introspection = Introspection(
            store, cache, effects, provider.access, provider.authenticator, ISSUER
        )
        self.revocation = Revocation(
            store, cache, effects, provider.access, provider.desk.secrets, provider.authenticator
        )
        self.user_info = UserInfo(store, cache, effects, provider.access)

    async def introspect(self, token: str | None, client: str = "web", secret: str = SECRET) -> Response:
        """The answer to a client."""
        form = {} if token is None else {"token": token}
        return await self._form("introspect", self.introspection, form, client, secret)

    async def told(self, token: str, client: str = "web") -> dict[str, Any]:
        """What a client is told of a token."""
        return good(await self.introspect(token, client))

    async def revoke(self, token: str, client: str = "web", secret: str = SECRET, **form: str) -> Response:
        """A client gives a token back."""
        return await self._form("revoke", self.revocation, {"token": token, **form}, client, secret)

    async def who(
        self, authorization: str = "", *, method: str = "GET", body: str = "", query: str = ""
    ) -> Response:
        """The userinfo endpoint's answer."""
        headers = {b"authorization": authorization.encode()} if authorization else {}
        if body:
            headers[b"content-type"] = FORM
        request = Request(method, "/oidc/v1/userinfo", headers, query.encode(), body=body.encode())
        return await self.provider.ask(self.user_info, request)

    async def pat(self, **times: float) -> str:
        """A personal access token of the service user, good for a day."""
        text = token_text(PAT_KIND, "801", b"p" * 32)
        expires_at = self.provider.effects.now() + timedelta(**(times or {"days": 1}))
        token = PersonalAccessToken("801", "900", "500", secret_hash(text), START, expires_at)
        await self.provider.store.save(Changes(puts=(Put(PERSONAL_ACCESS_TOKEN, token),)))
        return text

    async def _form(
        self, name: str, endpoint: Any, form: dict[str, str], client: str, secret: str
    ) -> Response:
        headers = {b"content-type": FORM}
        if secret:
            headers[b"authorization"] = b"Basic " + base64.b64encode(f"{client}:{secret}".encode())
        else:
            form = {"client_id": client, **form}
        request = Request("POST", f"/oauth/v2/{name}", headers, body=urlencode(form).encode())
        return await self.provider.ask(endpoint, request)


def body(response: Response) -> dict[str, Any]:
    """The JSON of any answer."""
    content: dict[str, Any] = msgspec.json.decode(response.body)
    return content
