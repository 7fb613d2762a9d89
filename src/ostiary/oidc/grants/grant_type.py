"""What a grant is to the token endpoint: a name, and how it is redeemed."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from ostiary.oidc.desk import Desk, TokenAnswer, TokenRequest
from ostiary.oidc.parameters import Parameters


async def _alone(_: Desk, __: Parameters) -> AbstractContextManager[bool]:
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
    arrival: Callable[[Desk, Parameters], Awaitable[AbstractContextManager[bool]]] = _alone
