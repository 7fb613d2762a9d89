"""Opening an account: names and address are asked for; all else is behind a code that goes to the address."""

from collections.abc import Mapping
from typing import Final

from ostiary.core.policy import LegalPolicy
from ostiary.core.user import Profile
from ostiary.errors import FailedPrecondition, InvalidArgument
from ostiary.http.message import Request, Response
from ostiary.ui.mailed.desk import LONGEST_NAME, Desk
from ostiary.ui.paths import REGISTER, VERIFY
from ostiary.ui.visit import Visit
from ostiary.users.registration import Registrant

_FIELDS: Final = ("given_name", "family_name", "email")


class RegistrationPage:
    """``GET`` and ``POST /ui/v2/login/register``."""

    def __init__(self, desk: Desk) -> None:
        """What is common."""
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """The form; raises FailedPrecondition where the organisation lets nobody in by themselves."""
        desk = self._desk
        visit = await desk.visits.login(request, desk.forms.asked(request))
        await self._require_open(visit)
        return await self._form(visit, {"email": visit.purpose.login_hint})

    async def act(self, request: Request) -> Response:
        """Have the code sent. The page after it is the same whether or not there was an account already."""
        desk = self._desk
        query, form = desk.forms.sent(request)
        visit = await desk.visits.login(request, query)
        typed = {name: form.get(name).strip()[:LONGEST_NAME] for name in _FIELDS}
        organization_id = await self._require_open(visit, typed["email"])
        if _links(await self._legal(organization_id)) and form.get("terms") != "1":
            return await self._form(visit, typed, "Accept the conditions to go on.", "terms")
        desk.asking.require(request.peer_ip)
        profile = Profile(typed["given_name"], typed["family_name"], preferred_language=visit.reader.language)
        try:
            await desk.users.registrations.begin(Registrant(organization_id, profile, typed["email"]))
        except InvalidArgument as refusal:
            return await self._form(visit, typed, *_problem(refusal, typed))
        desk.asking.count(request.peer_ip)
        sealed = desk.names.write(typed["email"])
        discovered = "" if organization_id == await desk.organization_id(visit) else organization_id
        following = desk.url(
            VERIFY, visit, ("invite", "true"), ("organization", discovered), ("typed", sealed)
        )
        return desk.pages.redirect(following, *desk.pending.remember(visit))

    async def _require_open(self, visit: Visit, email: str = "") -> str:
        self._desk.require_mail()
        organization_id = await self._desk.organization_id(visit, email)
        policy = await self._desk.login_policy(organization_id)
        if not policy.allow_register:
            raise FailedPrecondition("user.registration_closed", "Registration is not allowed")
        return organization_id

    async def _legal(self, organization_id: str) -> LegalPolicy:
        return await self._desk.visits.signin.cache.policy(LegalPolicy, organization_id)

    async def _form(
        self, visit: Visit, typed: dict[str, str], problem: str = "", wrong: str = ""
    ) -> Response:
        """The page; ``wrong`` is the field that has the problem."""
        desk = self._desk
        organization_id = await desk.organization_id(visit, typed.get("email", ""))
        application = visit.purpose.application
        return desk.write(
            visit,
            "register",
            problem,
            400 if problem else 200,
            action=desk.url(REGISTER, visit),
            typed={name: typed.get(name, "") for name in _FIELDS},
            wrong=wrong,
            legal=_links(await self._legal(organization_id)),
            application=application.name if application else "",
        )


def _links(legal: LegalPolicy) -> list[tuple[str, str]]:
    """What is to be accepted, by its English name."""
    named = (("Terms of service", legal.tos_link), ("Privacy policy", legal.privacy_policy_link))
    return [(name, url) for name, url in named if url]


def _problem(refusal: InvalidArgument, typed: Mapping[str, str]) -> tuple[str, str]:
    """What is wrong, and with which field."""
    if refusal.id in {"USER-UCej2", "USER-4hB7d"}:
        return "Enter your first and last name.", "family_name" if typed["given_name"] else "given_name"
    if refusal.id == "user.username_of_other_organization":
        return "Accounts with this address are made by its organisation. Ask your administrator.", "email"
    return "Enter an email address that you can read.", "email"
