"""The page that posts the answer to an authorization request to the client. Source: OAuth 2.0 Form Post Response Mode.

It goes to the redirect URI of the stored request and says only what that request's answer can be: state and issuer are
not taken from the URL, a code must be the one that was made for it.
"""

import re
from typing import Final

from ostiary.core.login_request import LoginRequest, Stage
from ostiary.core.secret import parse_token, same_hash
from ostiary.errors import InvalidArgument
from ostiary.http.message import Request, Response
from ostiary.oidc.parameters import Parameters
from ostiary.oidc.requests import LINKING, AuthorizationRequests
from ostiary.ui.caller import POSTING
from ostiary.ui.forms import Forms
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.visit import Visits

_ERROR: Final = re.compile(r"[a-z_]{1,64}\Z")
_DESCRIPTION: Final = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]{0,500}\Z")  # RFC 6749 4.1.2.1


class FormPost:
    """``GET /oauth/v2/form_post``."""

    def __init__(
        self, visits: Visits, forms: Forms, requests: AuthorizationRequests, pages: Pages, issuer: str
    ) -> None:
        """``issuer`` is told to the client (RFC 9207)."""
        self._visits = visits
        self._forms = forms
        self._requests = requests
        self._pages = pages
        self._issuer = issuer

    async def show(self, request: Request) -> Response:
        """A form that sends itself, or is sent by a button; raises for what is no answer of the request."""
        query = self._forms.asked(request)
        await self._visits.signin.cache.fresh()
        asked = await self._requests.get(POSTING, query.get("request"))
        fields = [*_answer(asked, query), ("state", asked.oidc.state or ""), ("iss", self._issuer)]
        reader = await self._visits.reader(request, asked.oidc.ui_locales)
        leaf = Leaf("form_post.html", leads_to=asked.oidc.redirect_uri, posts=False, scripted=True)
        sent = [(name, value) for name, value in fields if value]
        return self._pages.write(leaf, reader, action=asked.oidc.redirect_uri, fields=sent)


def _answer(asked: LoginRequest, query: Parameters) -> list[tuple[str, str]]:
    if asked.stage is Stage.REDEEMED or asked.oidc.response_mode != "form_post":
        raise LINKING.handled()
    error, description = query.get("error"), query.get("error_description")
    if asked.stage is Stage.FAILED and _ERROR.match(error) and _DESCRIPTION.match(description):
        return [("error", error), ("error_description", description)]
    code = parse_token(query.get("code"))
    if asked.stage is Stage.LINKED and code is not None and same_hash(code.secret_hash, asked.code_hash):
        return [("code", query.get("code"))]
    raise InvalidArgument("ui.not_the_answer", "This is not the answer to the request")
