"""What a grant is to the token endpoint: a name, and how it is redeemed."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from ostiary.core.client import Application
from ostiary.http.message import Peer
from ostiary.oidc.desk import Desk, TokenAnswer, TokenRequest
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import Parameters


async def _alone(_: Desk, __: Parameters, ___: Peer | None) -> AbstractContextManager[bool]:
    return nullcontext(False)


@dataclass(frozen=True, slots=True)
class GrantType:
    """One grant. ``needs_client``: an application must authenticate, and be registered for the grant.

    ``is_implied``: a client with a secret or key that is registered for authorization_code need not register it too,
    for it gives nothing that the user's login at that client would not. ``arrival`` is held while a request is answered,
    from before its client is authenticated, and says whether it overlaps others.
    """

    name: str
    redeem: Callable[[Desk, TokenRequest], Awaitable[TokenAnswer]]
    needs_client: bool = True
    is_implied: bool = False
    arrival: Callable[[Desk, Parameters, Peer | None], Awaitable[AbstractContextManager[bool]]] = _alone

    def require_open_to(self, client: Application) -> None:
        """Raise unauthorized_client unless the client is registered for it."""
        registered = client.oidc.grant_types if client.oidc else ()
        implied = self.is_implied and client.has_credentials and "authorization_code" in registered
        if not implied and self.name not in registered:
            raise OAuthError("unauthorized_client", f"the client is not registered for {self.name}")
