"""An invitation accepted, or a registration finished: by a first password or a first passkey."""

from ostiary.core.passkey import PASSKEY
from ostiary.http.message import Request, Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.mailed.desk import Desk, link_of
from ostiary.ui.mailed.keys import REFUSED_KEY, MailedKeys
from ostiary.ui.mailed.new_password import INVITATION, NewPasswordPage
from ostiary.ui.paths import VERIFY
from ostiary.users.key_registration import NewKey


class InvitationPage:
    """``GET`` and ``POST /ui/v2/login/verify?invite=true``."""

    def __init__(self, desk: Desk, keys: MailedKeys) -> None:
        """What is common."""
        self._desk = desk
        self._keys = keys
        self._password = NewPasswordPage(desk, INVITATION)

    async def show(self, request: Request) -> Response:
        """The code with the choice."""
        return await self._password.show(request)

    async def act(self, request: Request, query: Parameters, form: Parameters) -> Response:
        """What was chosen."""
        if form.get("step") != "passkey":
            return await self._password.act(request)
        desk, code = self._desk, form.get("code").strip()
        visit, user = await desk.pending.visit(request, query), await desk.user(query)
        if form.get("begin"):
            wrong = desk.url(VERIFY, visit, *link_of(query), ("wrong", "1"))
            return await self._keys.begin(user, NewKey(PASSKEY, invitation=code), wrong)
        done = await self._keys.finish(visit, user, form, code)
        return done or await self._password.again(visit, code, REFUSED_KEY)
