"""What a browser was signing in for when it had a mail sent: so that the mail's link, opened in the same browser, goes on."""

from typing import Final
from urllib.parse import parse_qsl, urlencode

from ostiary.errors import OstiaryError
from ostiary.http.message import Header, Request
from ostiary.oidc.parameters import Parameters, collected
from ostiary.ui.cookie import values_of
from ostiary.ui.sealed_text import SealedTexts
from ostiary.ui.visit import Visit, Visits

_KEPT_S: Final = 3600  # as long as the code is good


class PendingLogins:
    """A cookie with the parameters of the login. In another browser there is none, and one is just signed in there."""

    def __init__(self, visits: Visits, sealed: SealedTexts, *, is_secure: bool) -> None:
        """``sealed`` closes the cookie; ``is_secure``: browsers reach us over TLS."""
        self._visits = visits
        self._sealed = sealed
        self._name = "__Host-ostiary-pending" if is_secure else "ostiary-pending"
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if is_secure else "")

    async def visit(self, request: Request, parameters: Parameters) -> Visit:
        """A visit for what the address names, else for what the cookie does, if that still waits."""
        visit = await self._visits.login(request, parameters)
        kept = [] if visit.purpose.kept else self._read(request)
        if not kept:
            return visit
        named = [(name, parameters.get(name)) for name in parameters.dump()]
        try:
            return await self._visits.login(request, collected([*named, *kept]))
        except OstiaryError:
            return visit

    def remember(self, visit: Visit) -> tuple[Header, ...]:
        """The header that keeps the login; none for a login that is for nothing."""
        kept = visit.purpose.kept
        if not kept:
            return ()
        text = f"{self._name}={self._sealed.write(urlencode(kept))}{self._attributes}; Max-Age={_KEPT_S}"
        return ((b"set-cookie", text.encode()),)

    def _read(self, request: Request) -> list[tuple[str, str]]:
        found = values_of(request.header(b"cookie"), self._name)
        return parse_qsl(self._sealed.read(found[0])) if len(set(found)) == 1 else []
