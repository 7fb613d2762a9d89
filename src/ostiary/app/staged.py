"""The server answers before all of it is loaded: sessions at once, everything else as soon as it is asked for.

Half of a start is the loading of services that the first answers do not need. They are loaded in a thread from the
first moment on; a request that needs them waits for that, and none is refused.
"""

import asyncio
from typing import Final

from ostiary.app.surface import Surface
from ostiary.http.application import Application
from ostiary.http.message import Answering, AsgiApp, Header, Receive, Scope, Send

_FIRST: Final = ("/v2/sessions", "/zitadel.session.v2.", "/debug/", "/metrics")
_OWN_TOKEN: Final = (b"Bearer ostp_", b"Bearer osts_")  # others are judged by what is loaded later


class Staged:
    """The first stage, then the whole; an ASGI application."""

    def __init__(self, surface: Surface) -> None:
        """The first stage is there; :meth:`load` brings the second."""
        self._surface = surface
        self._first: AsgiApp = surface.application((), {})
        self._whole: Application | None = None
        self._loaded = asyncio.Event()

    async def load(self) -> None:
        """Bring the second stage; what goes wrong is raised, and nobody waits any longer."""
        try:
            self._whole = await asyncio.to_thread(self._made)
        finally:
            self._loaded.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        whole = self._whole
        if whole is None and not _is_first(scope):
            await self._loaded.wait()
            whole = self._whole
        await (whole or self._first)(scope, receive, send)

    def at_once(
        self, method: str, path: bytes, query: bytes, headers: list[Header], peer_ip: str, scheme: str
    ) -> Answering | None:
        """The whole's; until that is there, ASGI's way answers."""
        whole = self._whole
        return whole.at_once(method, path, query, headers, peer_ip, scheme) if whole is not None else None

    def _made(self) -> Application:
        from ostiary.app.composition import whole

        return whole(self._surface)


def _is_first(scope: Scope) -> bool:
    """Whether the first stage answers this as the whole would."""
    if scope["type"] != "http":
        return True
    if not scope["path"].startswith(_FIRST):
        return False
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    return all(value.startswith(_OWN_TOKEN) for value in given)
