"""Devices that cannot show a login: they ask for a code that their user types elsewhere. Source: RFC 8628 3.1 to 3.3."""

from datetime import timedelta
from urllib.parse import quote

from ostiary.access.peer_limit import PeerLimit
from ostiary.core.client import APPLICATION, Application
from ostiary.core.grant import DEVICE_CODE
from ostiary.core.guess_limit import user_code_limits
from ostiary.core.login_request import DEVICE_AUTHORIZATION, DeviceAuthorization
from ostiary.core.login_rules import Wanted
from ostiary.core.network import public_network_of
from ostiary.core.permission import Caller
from ostiary.core.project import PROJECT
from ostiary.core.rate_limit import too_often
from ostiary.core.scope import home_of
from ostiary.core.secret import SECRET_BYTES, secret_hash, token_text
from ostiary.errors import FailedPrecondition, NotFound, Unavailable
from ostiary.http.message import Request, Response
from ostiary.oidc.client_authentication import ClientAuthenticator, trace_of
from ostiary.oidc.grants.device_code import GRANT_TYPE
from ostiary.oidc.parameters import form_of
from ostiary.oidc.problem import json_answer
from ostiary.oidc.request_rules import scopes
from ostiary.signin.requests import AnyRequest, Finishing, Proof, SignIn
from ostiary.storage.budgets import rate_budgets
from ostiary.storage.port import BudgetSpent, Changes, Conflict, Put

LIFETIME = timedelta(minutes=5)
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
HALF = 4
TRIES = 5


def _wanted(request: AnyRequest) -> Wanted:
    return Wanted(home=home_of(request.scope)) if isinstance(request, DeviceAuthorization) else Wanted()


APPROVING = Finishing(
    DEVICE_AUTHORIZATION,
    unknown=lambda: NotFound("COMMAND-D2hf2", "Device authorization request does not exist"),
    handled=lambda: FailedPrecondition("COMMAND-D30Jf", "Device authorization has already been handled"),
    wanted=_wanted,
)
DENYING = Finishing(
    DEVICE_AUTHORIZATION,
    unknown=lambda: NotFound("COMMAND-gee5A", "Device authorization request does not exist"),
    handled=APPROVING.handled,
    wanted=APPROVING.wanted,
)


class DeviceAuthorizations:
    """``POST /oauth/v2/device_authorization``, and what a login UI does with the code that a user types."""

    def __init__(
        self,
        signin: SignIn,
        authenticator: ClientAuthenticator,
        issuer: str,
        begun: PeerLimit,
        *,
        counts_networks: bool = True,
    ) -> None:
        """``issuer`` is where users are sent to type the code; ``begun`` bounds devices of clients without credentials.

        ``counts_networks``: wrong codes are counted by where they come from.
        """
        self._signin = signin
        self._authenticator = authenticator
        self._issuer = issuer
        self._begun = begun
        self._counts_networks = counts_networks

    async def __call__(self, request: Request) -> Response:
        """A device code for the device and a user code for its user; raises OAuthError."""
        await self._signin.cache.fresh()
        form = form_of(request)
        client = await self._authenticator.application(request, form)
        GRANT_TYPE.require_open_to(client)
        if not client.has_credentials:
            self._begun.take(request.peer_ip)
        device, code = await self._saved(client, scopes(form.get("scope")))
        shown = f"{device.user_code[:HALF]}-{device.user_code[HALF:]}"
        page = f"{self._issuer}/device"
        answer = {
            "device_code": code,
            "user_code": shown,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={quote(shown)}",
            "expires_in": int(LIFETIME.total_seconds()),
            "interval": device.interval_s,
        }
        return json_answer(answer)

    async def by_user_code(
        self, caller: Caller, typed: str, peer_ip: str = ""
    ) -> tuple[DeviceAuthorization, Application, str]:
        """The request behind a typed code, its application and the project's name.

        ``peer_ip`` is that of whoever typed it, where it is known. Raises NotFound QUERY-Sah9a, and ResourceExhausted
        guess.too_soon after too many wrong codes.
        """
        plain = typed.replace("-", "").replace(" ", "").upper()
        store, now = self._signin.store, self._signin.effects.now()
        device = await store.find(DEVICE_AUTHORIZATION, "user_code", plain) if plain else None
        client = await self._signin.cache.find(APPLICATION, "client_id", device.client_id) if device else None
        is_good = device is not None and client is not None and device.expires_at > now
        await self._judged(caller, peer_ip, is_good=is_good)
        if device is None or client is None or not is_good:
            raise NotFound("QUERY-Sah9a", "Device authorization request does not exist")
        project = await self._signin.cache.get(PROJECT, client.project_id)
        return device, client, project.name if project else ""

    async def approve(self, caller: Caller, device_id: str, proof: Proof) -> None:
        """Let the device in as the session's user."""
        await self._signin.link(caller, APPROVING, device_id, proof)

    async def deny(self, caller: Caller, device_id: str) -> None:
        """Refuse the device."""
        await self._signin.fail(caller, DENYING, device_id)

    async def _judged(self, caller: Caller, peer_ip: str, *, is_good: bool) -> None:
        """Count a wrong code; a good one needs room too, in the same order of commits, else the limit told nothing."""
        now, network = self._signin.effects.now(), public_network_of(peer_ip) if self._counts_networks else ""
        is_login_ui = not network and caller.holds("session.link")
        guesser = network or caller.user_id or "pages"
        limits = user_code_limits(guesser, now, is_login_ui=is_login_ui)
        try:
            await self._signin.store.save(
                Changes(budgets=tuple(rate_budgets(limits, now, 0 if is_good else 1)))
            )
        except BudgetSpent as spent:
            raise too_often(spent.key, now) from None

    async def _saved(self, client: Application, scope: tuple[str, ...]) -> tuple[DeviceAuthorization, str]:
        effects = self._signin.effects
        for _ in range(TRIES):
            now, device_id = effects.now(), effects.new_id()
            code = token_text(DEVICE_CODE, device_id, effects.random_bytes(SECRET_BYTES))
            typed = "".join(ALPHABET[byte % len(ALPHABET)] for byte in _unbiased(effects.random_bytes(64)))
            device = DeviceAuthorization(
                device_id, client.client_id, typed, secret_hash(code), scope, now, now + LIFETIME
            )
            trace = trace_of(client, now, "device.asked", device_id)
            try:
                await self._signin.store.save(Changes(puts=(Put(DEVICE_AUTHORIZATION, device),), audit=trace))
            except Conflict:
                continue
            return device, code
        raise Unavailable("device.no_code", "No free code was found", retry_after_s=1)


def _unbiased(drawn: bytes) -> bytes:
    """The first eight bytes that make every letter equally likely; 64 hold them but for one in 10^40."""
    limit = 256 - 256 % len(ALPHABET)
    return bytes(byte for byte in drawn if byte < limit)[: 2 * HALF]
