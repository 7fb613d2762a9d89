"""Passkeys made by a code that was mailed: the first one of an account, or one more on another device."""

from typing import Final

import msgspec

from ostiary.core.passkey import PASSKEY
from ostiary.core.user import User
from ostiary.errors import CredentialRefused, FailedPrecondition, InvalidArgument, NotFound
from ostiary.http.message import Request, Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.caller import NOBODY
from ostiary.ui.mailed.desk import Desk, link_of
from ostiary.ui.paths import LOGIN, PASSKEY_LINK
from ostiary.ui.visit import Visit
from ostiary.users.key_registration import Attested, NewKey
from ostiary.users.passkeys import LinkCode

_NAME_LENGTH: Final = 100
_REFUSALS: Final = (CredentialRefused, FailedPrecondition, InvalidArgument, NotFound)
REFUSED_KEY: Final = "This key was not accepted. Try again, or choose another way."


class MailedKeys:
    """The two halves of making one; our script sends the form twice."""

    def __init__(self, desk: Desk) -> None:
        """What is common."""
        self._desk = desk

    async def begin(self, user: User | None, new: NewKey, otherwise: str) -> Response:
        """The options for the browser; or the page to go to, when the code is not good."""
        keys = self._desk.users.key_registration
        try:
            if user is None:
                raise NotFound("QUERY-Dfbg2", "User could not be found")
            made = await keys.register(NOBODY, user.id, new)
        except _REFUSALS:
            return self._desk.pages.json({"go": otherwise})
        return self._desk.pages.json({"options": made.options, "fields": {"key_id": made.key_id}})

    async def finish(self, visit: Visit, user: User | None, form: Parameters, code: str) -> Response | None:
        """The page that says it is done; None for a key that is refused. ``code`` is an invitation's, if it is one."""
        name = form.get("name")[:_NAME_LENGTH] or visit.reader.say("My passkey")
        attested = Attested(form.get("key_id"), _json(form.get("credential")), name, code)
        if user is None:
            return None
        try:
            await self._desk.users.key_registration.verify(NOBODY, user.id, PASSKEY, attested)
        except _REFUSALS:
            return None
        return self._desk.write(visit, "passkey_ready", asks_keys=True, action=self._desk.url(LOGIN, visit))


class PasskeyLinkPage:
    """``GET`` and ``POST /ui/v2/login/passkey/set``: where a registration link leads. Its code is good for one try."""

    def __init__(self, desk: Desk, keys: MailedKeys) -> None:
        """What is common."""
        self._desk = desk
        self._keys = keys

    async def show(self, request: Request) -> Response:
        """A button; opening the link makes nothing."""
        query = self._desk.forms.asked(request)
        visit = await self._desk.pending.visit(request, query)
        problem = _SPENT if query.get("wrong") else ""
        return self._form(visit, problem)

    async def act(self, request: Request) -> Response:
        """Make the key."""
        desk = self._desk
        query, form = desk.forms.sent(request)
        visit, user = await desk.visits.login(request, query), await desk.user(query)
        if form.get("begin"):
            link = LinkCode(query.get("codeId"), query.get("code"))
            spent = desk.url(PASSKEY_LINK, visit, *link_of(query), ("wrong", "1"))
            return await self._keys.begin(user, NewKey(PASSKEY, link=link), spent)
        done = await self._keys.finish(visit, user, form, "")
        return done or self._form(visit, _SPENT)

    def _form(self, visit: Visit, problem: str = "") -> Response:
        desk, query = self._desk, visit.parameters
        code = (("codeId", query.get("codeId")), ("code", query.get("code")))
        action = desk.url(PASSKEY_LINK, visit, *link_of(query), *code)
        status = 400 if problem else 200
        return desk.write(
            visit, "passkey_link", problem, status, asks_keys=True, posts=not problem, action=action
        )


_SPENT: Final = "This link is not good any more. Ask for another one."


def _json(text: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        return {}
