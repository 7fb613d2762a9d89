"""The server answers before all of it is loaded: each stage loads what the one before could do without.

Sessions are there at once. What logins need is loaded in a thread from then on, and the rest, which administrators and the
users' own API call, when it is first asked for. A request waits for its stage, and none is refused.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ostiary.app.late import Late
from ostiary.app.surface import Surface
from ostiary.http.application import Application
from ostiary.http.message import Answering, Header, Peer, Receive, Scope, Send

if TYPE_CHECKING:
    from ostiary.app.login import Login

_FIRST: Final = ("/v2/sessions", "/zitadel.session.v2.", "/debug/", "/metrics")
_OWN_TOKEN: Final = (b"Bearer ostp_", b"Bearer osts_")  # others are judged by what is loaded later
# The rest is below these, apart from what was there before.
_REST: Final = ("/v2/", "/v2beta/", "/management/", "/admin/", "/auth/", "/zitadel.", "/grpc.")
_BEFORE_REST: Final = ("/v2/sessions", "/zitadel.session.v2.", "/v2/oidc/", "/zitadel.oidc.v2.")


class Staged:
    """Sessions, then logins, then the whole; an ASGI application."""

    def __init__(self, surface: Surface, on_fatal: Callable[[BaseException], None]) -> None:
        """The first stage is there. ``on_fatal`` learns what keeps another from being loaded."""
        self._surface = surface
        self._first = surface.application((), {}, surface.access(None))
        self._login = Late(self._load_login, on_fatal)
        self._whole = Late(self._load_whole, on_fatal)

    def begin(self) -> None:
        """Have what logins need loaded."""
        self._login.begin()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        application = self._there(scope.get("path", ""))
        if application is None:
            application = self._first if _is_first(scope) else await self._loaded(scope["path"])
        await application(scope, receive, send)

    def at_once(
        self, method: str, path: bytes, query: bytes, headers: list[Header], peer: Peer | None, scheme: str
    ) -> Answering | None:
        """What is there answers; for whatever it does not have, ASGI's way."""
        login = self._login.value
        application = self._whole.value or (login.application if login is not None else None)
        if application is None:
            return None
        return application.at_once(method, path, query, headers, peer, scheme)

    def _there(self, path: str) -> Application | None:
        whole = self._whole.value
        if whole is not None:
            return whole
        login = self._login.value
        return login.application if login is not None and not is_rest(path) else None

    async def _loaded(self, path: str) -> Application:
        login = await self._login.made()
        return await self._whole.made(login) if is_rest(path) else login.application

    def _load_login(self) -> "Login":
        from ostiary.app.login import login

        return login(self._surface)

    def _load_whole(self, login: "Login") -> Application:
        from ostiary.app.composition import whole

        return whole(self._surface, login)


def _is_first(scope: Scope) -> bool:
    """Whether the first stage answers this as the whole would."""
    if scope["type"] != "http":
        return True
    if not scope["path"].startswith(_FIRST):
        return False
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    return all(value.startswith(_OWN_TOKEN) for value in given)


def is_rest(path: str) -> bool:
    """Whether only the whole has the path."""
    return path.startswith(_REST) and not path.startswith(_BEFORE_REST)
