"""The page behind "this was not me" in mails. Mail scanners open links, so opening it changes nothing: its button does."""

from ostiary.http.message import Request, Response
from ostiary.ui.account.devices import device_of
from ostiary.ui.account.paths import NOT_ME
from ostiary.ui.forms import Forms
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.paths import LOGIN, link
from ostiary.ui.visit import Visits
from ostiary.users.disowning import Disowning


class NotMe:
    """``GET`` and ``POST /ui/v2/account/not-me``: for whoever has the link, signed in or not."""

    def __init__(
        self, visits: Visits, forms: Forms, pages: Pages, disowning: Disowning, place_header: str
    ) -> None:
        """``place_header`` is in lower case."""
        self._visits = visits
        self._forms = forms
        self._pages = pages
        self._disowning = disowning
        self._place_header = place_header

    async def show(self, request: Request) -> Response:
        """Which sign-in it is, what will happen, and a button; raises NotFound for a link that is not good."""
        query = self._forms.asked(request)
        device_id, code = query.get("device"), query.get("code")
        await self._visits.signin.cache.fresh()
        found = await self._disowning.find(device_id, code)
        return self._pages.write(
            Leaf("account/not_me.html"),
            await self._visits.reader(request),
            action=link(NOT_ME, ("device", device_id), ("code", code)),
            device=device_of(found.user_agent, self._place_header),
            at=found.seen_at,
        )

    async def act(self, request: Request) -> Response:
        """Do it, and say what was done."""
        query, _ = self._forms.sent(request)
        done = await self._disowning.disown(query.get("device"), query.get("code"))
        return self._pages.write(
            Leaf("account/not_me_done.html", posts=False),
            await self._visits.reader(request),
            address=done.mailed_to,
            login=LOGIN,
        )
