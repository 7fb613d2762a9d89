"""Authorization requests, from the wire's GetAuthRequest and CreateCallback to the URL that the browser goes to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ostiary.core.grant import AUTHORIZATION_CODE
from ostiary.core.login_request import LOGIN_REQUEST, LoginRequest
from ostiary.core.login_rules import Wanted
from ostiary.core.permission import Caller
from ostiary.core.scope import home_of
from ostiary.core.secret import SECRET_BYTES, new_token
from ostiary.effects import Effects
from ostiary.errors import FailedPrecondition, NotFound
from ostiary.oidc.front_channel import FrontChannel
from ostiary.oidc.response import Values, callback_url, error_values, success_values
from ostiary.signin.requests import AnyRequest, Finishing, Proof, SignIn

CODE_LIFETIME = timedelta(seconds=30)
ID_PREFIX = "V2_"
_UNGUESSABLE_BYTES = 8


def request_id(effects: Effects) -> str:
    """The id of a new request: 39 digits that grow with time, the last 64 bits of which nobody guesses.

    At our pages whoever knows it may answer the request as themselves: the browser that began it, and nobody else.
    Growing ids lie beside each other in the database, so that requests of one time share its pages.
    """
    unguessable = int.from_bytes(effects.random_bytes(_UNGUESSABLE_BYTES))
    return f"{ID_PREFIX}{effects.new_id()}{unguessable:020}"


def _wanted(request: AnyRequest) -> Wanted:
    if not isinstance(request, LoginRequest):
        raise TypeError("an authorization request is expected")
    oidc = request.oidc
    since = request.created_at if "login" in oidc.prompt else None
    return Wanted(oidc.max_age_s, since, oidc.acr_values, oidc.hint_user_id or "", home_of(oidc.scope))


LINKING = Finishing(
    LOGIN_REQUEST,
    unknown=lambda: NotFound("COMMAND-jae5P", "Auth Request does not exist"),
    handled=lambda: FailedPrecondition("COMMAND-Sx208nt", "Auth Request has already been handled"),
    wanted=_wanted,
)
FAILING = Finishing(
    LOGIN_REQUEST,
    unknown=LINKING.unknown,
    handled=lambda: FailedPrecondition("COMMAND-Sx202nt", "Auth Request has already been handled"),
    wanted=_wanted,
)


@dataclass(frozen=True, slots=True)
class Finished:
    """An answered request, where the browser goes with the answer, and when."""

    request: LoginRequest
    callback_url: str
    at: datetime


class AuthorizationRequests:
    """Reads and answers authorization requests."""

    def __init__(self, signin: SignIn, issuer: str, front_channel: FrontChannel | None = None) -> None:
        """``issuer`` is told in every answer (RFC 9207); without ``front_channel`` no ID token goes through browsers."""
        self._signin = signin
        self._issuer = issuer
        self._front_channel = front_channel

    async def get(self, caller: Caller, request_id: str) -> LoginRequest:
        """An open or answered request, for its login client or who has ``session.read``."""
        request = await self._signin.store.get(LOGIN_REQUEST, request_id)
        if request is None or request.expires_at <= self._signin.effects.now():
            raise NotFound("QUERY-Thee9", "Auth Request does not exist")
        if request.login_client_id != caller.user_id:
            caller.require("session.read")
        return request

    async def finish(
        self, caller: Caller, request_id: str, proof: Proof, *, by_token: bool = False
    ) -> Finished:
        """Link a session. ``by_token``: the session token itself is the right to do so, whoever calls."""
        effects = self._signin.effects
        code, kept = new_token(
            AUTHORIZATION_CODE, request_id.removeprefix(ID_PREFIX), effects.random_bytes(SECRET_BYTES)
        )
        linked = await self._signin.link(
            caller,
            LINKING,
            request_id,
            proof,
            by_token=by_token,
            code_hash=kept,
            code_expires_at=effects.now() + CODE_LIFETIME,
        )
        if not isinstance(linked, LoginRequest):
            raise TypeError("an authorization request is expected")
        wanted = linked.oidc.response_type.split()
        told = code if "code" in wanted else ""  # one that nobody is told redeems nothing
        id_token = ""
        if "id_token" in wanted and self._front_channel is not None:
            id_token = await self._front_channel.id_token(linked, told)
        return self._finished(linked, success_values(linked.oidc, told, id_token, self._issuer))

    async def refuse(
        self, caller: Caller, request_id: str, error: str, description: str = "", error_uri: str = ""
    ) -> Finished:
        """Answer with an error of the login UI."""
        failed = await self._signin.fail(caller, FAILING, request_id)
        if not isinstance(failed, LoginRequest):
            raise TypeError("an authorization request is expected")
        values = error_values(failed.oidc, error, description, self._issuer, error_uri)
        return self._finished(failed, values)

    def _finished(self, request: LoginRequest, values: Values) -> Finished:
        url = callback_url(request.id, request.oidc, values, self._issuer)
        return Finished(request, url, self._signin.effects.now())
