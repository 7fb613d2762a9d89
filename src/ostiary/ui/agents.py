"""The device as a session keeps it: an id in a cookie, the peer's address, what the browser calls itself, its place."""

import base64
import re
from collections.abc import Callable
from typing import Final

from ostiary.core.session import UserAgent
from ostiary.http.message import Endpoint, Header, Request, Response
from ostiary.ui.cookie import values_of

_ID_BYTES: Final = 16
_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}\Z")
_LONGEST: Final = 500
_LONGEST_PLACE: Final = 100
_KEPT_S: Final = 400 * 86_400


class Agents:
    """Knows browsers again. The id is no secret and opens nothing: it says that a device was here before."""

    def __init__(self, random_bytes: Callable[[int], bytes], place_header: str, *, is_secure: bool) -> None:
        """``place_header`` is the header in which the operator's proxy tells places; empty: none does."""
        self._random_bytes = random_bytes
        self._place_header = place_header.lower()
        self._name = "__Host-ostiary-device" if is_secure else "ostiary-device"
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if is_secure else "")

    def of(self, request: Request) -> UserAgent:
        """The device of a request. One that brings no id is another each time: nobody passes for a known one by silence."""
        description = request.header(b"user-agent")[:_LONGEST]
        place = request.header(self._place_header.encode()).strip()[:_LONGEST_PLACE]
        return UserAgent(
            fingerprint_id=self._id(request) or self._fresh_id(),
            ip=request.peer_ip or None,
            description=description or None,
            header={self._place_header: (place,)} if self._place_header and place else {},
        )

    def remembering(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint, which also gives an id to browsers that have none."""

        async def answer(request: Request) -> Response:
            response = await endpoint(request)
            if self._id(request):
                return response
            return Response(response.status, (*response.headers, self._new()), response.body)

        return answer

    def _id(self, request: Request) -> str:
        found = values_of(request.header(b"cookie"), self._name)
        return found[0] if len(set(found)) == 1 and _ID.match(found[0]) else ""

    def _new(self) -> Header:
        return (
            b"set-cookie",
            f"{self._name}={self._fresh_id()}{self._attributes}; Max-Age={_KEPT_S}".encode(),
        )

    def _fresh_id(self) -> str:
        return base64.urlsafe_b64encode(self._random_bytes(_ID_BYTES)).rstrip(b"=").decode()
