"""Where a mail with a sign-in code leads, if whoever had it sent named no page of their own."""

from ostiary.core.login_step import Way
from ostiary.http.message import Request, Response
from ostiary.ui.mailed.desk import Desk
from ostiary.ui.paths import LOGIN, link


class OtpLink:
    """``GET /ui/v2/login/otp/verify``."""

    def __init__(self, desk: Desk) -> None:
        """What is common."""
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """To the login with the code filled in: it goes on there if this browser holds the session."""
        query = self._desk.forms.asked(request)
        named = (("session", query.get("sessionId")), ("way", Way.OTP_EMAIL), ("code", query.get("code")))
        return self._desk.pages.redirect(link(LOGIN, *named))
