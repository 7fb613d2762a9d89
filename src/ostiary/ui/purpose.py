"""What somebody signs in for: an application's request, a device's, or nothing but to be signed in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from ostiary.core.client import APPLICATION, Application
from ostiary.core.login_request import LoginRequest, Stage
from ostiary.core.login_rules import Wanted
from ostiary.core.organization import ORGANIZATION, Organization
from ostiary.core.scope import ORGANIZATION_ID_PREFIX, PRIMARY_DOMAIN_PREFIX, named
from ostiary.errors import InvalidArgument, NotFound
from ostiary.oidc.parameters import Parameters
from ostiary.oidc.requests import LINKING, AuthorizationRequests
from ostiary.signin.requests import Proof, SignIn
from ostiary.ui.account.paths import is_account_page
from ostiary.ui.caller import SIGNING_IN
from ostiary.ui.device_codes import DeviceCodes
from ostiary.ui.paths import DEVICE, link

Finish = Callable[[Proof], Awaitable[str]]
Refuse = Callable[[str, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Purpose:
    """``kept`` are the parameters that every URL of this login carries. ``leads_to`` is where it ends, a URL.

    ``finish`` takes a session that suffices and ``refuse`` an OAuth error with a sentence; both give the URL where the
    browser goes. Without ``finish`` one is just signed in. ``organization`` is whose users are wanted, ``scope`` what the
    application asks for.
    """

    kept: tuple[tuple[str, str], ...] = ()
    wanted: Wanted = Wanted()  # noqa: RUF009  a frozen value
    prompt: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    login_hint: str = ""
    hint_user_id: str = ""
    locales: tuple[str, ...] = ()
    application: Application | None = None
    organization: Organization | None = None
    leads_to: str = ""
    finish: Finish | None = None
    refuse: Refuse | None = None


class Purposes:
    """Finds out what a login is for."""

    def __init__(
        self,
        signin: SignIn,
        requests: AuthorizationRequests,
        devices: DeviceCodes,
        step_up_lasts: timedelta,
    ) -> None:
        """Requests of browsers and of devices; ``step_up_lasts``: so long a check entitles to changes."""
        self._step_up_lasts_s = int(step_up_lasts.total_seconds())
        self._signin = signin
        self._requests = requests
        self._devices = devices

    async def of(self, parameters: Parameters, peer_ip: str) -> Purpose:
        """The purpose that a URL names; raises what is wrong with its request.

        ``fresh``: all that is proved for it must be proved anew first, as a change of oneself takes.
        """
        purpose = await self._of(parameters, peer_ip)
        if not parameters.get("fresh"):
            return purpose
        asked_s = purpose.wanted.max_age_s
        longest = self._step_up_lasts_s if asked_s is None else min(asked_s, self._step_up_lasts_s)
        return replace(purpose, wanted=replace(purpose.wanted, max_age_s=longest))

    async def _of(self, parameters: Parameters, peer_ip: str) -> Purpose:
        if parameters.get("authRequest"):
            return await self._oidc(parameters.get("authRequest"))
        if parameters.get("device"):
            return await self._device(parameters.get("device"), peer_ip)
        if parameters.get("account"):
            return self._account(parameters)
        if parameters.get("samlRequest"):
            raise InvalidArgument("ui.saml", "SAML requests are not supported yet")
        return Purpose(login_hint=parameters.get("login_hint"), locales=_locales(parameters))

    async def _oidc(self, request_id: str) -> Purpose:
        request = await self._requests.get(SIGNING_IN, request_id)
        if request.stage is not Stage.OPEN:
            raise LINKING.handled()
        oidc = request.oidc
        is_posted = oidc.response_mode == "form_post"
        return Purpose(
            kept=(("authRequest", request.id),),
            wanted=LINKING.wanted(request),
            prompt=oidc.prompt,
            scope=oidc.scope,
            login_hint=oidc.login_hint or "",
            hint_user_id=oidc.hint_user_id or "",
            locales=oidc.ui_locales,
            application=await self._application(request),
            organization=await self._organization(oidc.scope),
            leads_to="" if is_posted else oidc.redirect_uri,
            finish=partial(self._finish, request.id),
            refuse=partial(self._refuse, request.id),
        )

    def _account(self, parameters: Parameters) -> Purpose:
        """To a page of the account; ``level``: the assurance that it takes, proved within minutes."""
        target, user_id, level = (parameters.get(name) for name in ("account", "user", "level"))
        if not is_account_page(target):
            raise InvalidArgument("ui.account_page", "There is no such page of the account")

        async def finish(_: Proof) -> str:
            return target

        return Purpose(
            kept=(("account", target), ("user", user_id), ("level", level)),
            wanted=Wanted(self._step_up_lasts_s, acr_values=(level,)) if level else Wanted(),
            hint_user_id=user_id,
            locales=_locales(parameters),
            finish=finish,
        )

    async def _application(self, request: LoginRequest) -> Application | None:
        return await self._signin.cache.find(APPLICATION, "client_id", request.client_id)

    async def _organization(self, scope: tuple[str, ...]) -> Organization | None:
        """The one that the scope names, None for several or none; raises NotFound for one that does not exist."""
        ids, domains = named(scope, ORGANIZATION_ID_PREFIX), named(scope, PRIMARY_DOMAIN_PREFIX)
        if not ids and not domains:
            return None
        cache = self._signin.cache
        by_id = [await cache.get(ORGANIZATION, one) for one in ids]
        by_domain = [await cache.find(ORGANIZATION, "primary_domain", one) for one in domains]
        found = {one.id: one for one in (*by_id, *by_domain) if one is not None}
        if not found:
            hint = "the scope names an organisation that is not there"
            raise NotFound("ui.unknown_organization", "The organisation does not exist", hint=hint)
        return found.popitem()[1] if len(found) == 1 else None

    async def _finish(self, request_id: str, proof: Proof) -> str:
        return (await self._requests.finish(SIGNING_IN, request_id, proof, by_token=True)).callback_url

    async def _refuse(self, request_id: str, error: str, description: str) -> str:
        return (await self._requests.refuse(SIGNING_IN, request_id, error, description)).callback_url

    async def _device(self, user_code: str, peer_ip: str) -> Purpose:
        waiting = await self._devices.find(user_code, peer_ip)

        async def finish(proof: Proof) -> str:
            return link(DEVICE, ("user_code", waiting.shown_code), ("session", proof.session_id))

        return Purpose(kept=(("device", waiting.shown_code),), application=waiting.client, finish=finish)


def _locales(parameters: Parameters) -> tuple[str, ...]:
    return tuple(parameters.get("ui_locales").split()[:10])
