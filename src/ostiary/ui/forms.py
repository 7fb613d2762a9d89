"""Reading what browsers send: forms of our own pages only."""

from collections.abc import Callable

from ostiary.errors import PermissionDenied
from ostiary.http.csrf import is_embedded, is_foreign, own_origins
from ostiary.http.message import Request
from ostiary.oidc.parameters import Parameters, form_of, query_of

ReadForm = Callable[[Request], Parameters]


class Forms:
    """Judges where requests come from before they are read."""

    def __init__(self, external_url: str) -> None:
        """``external_url`` is how browsers reach us."""
        self._external_url = external_url

    def asked(self, request: Request) -> Parameters:
        """The parameters of a page that is opened; raises PermissionDenied when another site embeds it."""
        if is_embedded(request.headers):
            raise PermissionDenied("ui.embedded", "This page cannot be part of another")
        return query_of(request)

    def sent(self, request: Request) -> tuple[Parameters, Parameters]:
        """Query and form of a page that is sent; raises PermissionDenied when it may come from another site."""
        own = own_origins(self._external_url, request.scheme, request.header(b"host"))
        if is_foreign(request.headers, own):
            hint = "the browser says that the form is of another site, or does not say where it comes from"
            raise PermissionDenied("ui.foreign_form", "This form was not sent by our page", hint=hint)
        return query_of(request), form_of(request)
