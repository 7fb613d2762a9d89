"""Errors as pages: what happened, and what to do now."""

from collections.abc import Callable
from typing import Final

from ostiary.errors import (
    Aborted,
    CredentialRefused,
    FailedPrecondition,
    Internal,
    NotFound,
    OstiaryError,
    PermissionDenied,
    ResourceExhausted,
    Unavailable,
)
from ostiary.http.application import Unexpected
from ostiary.http.message import Header, Request, Response
from ostiary.oidc.errors import OAuthError
from ostiary.ui.pages import Leaf, Pages, Reader
from ostiary.ui.paths import LOGIN

Refuse = Callable[[Request, OstiaryError], Response]

# Title and advice, by the error's id, else by its class.
_APPLICATION: Final = "Go back to the application. If it does not know you, start the sign-in there again."
_BY_ID: Final = {
    "COMMAND-Sx208nt": ("This sign-in is already completed", _APPLICATION),
    "COMMAND-D30Jf": (
        "This device was already answered",
        "Look at the device: it says whether it was let in.",
    ),
    "QUERY-Sah9a": (
        "No device waits with this code",
        "The code may have expired. Let the device show a new one, and type that.",
    ),
    "user.registration_closed": (
        "Nobody opens an account here by themselves",
        "Ask your administrator for an account.",
    ),
    "ui.no_password_reset": (
        "Passwords are not reset here",
        "Ask your administrator for a new password.",
    ),
    "ui.no_passwords": (
        "Passwords are not used here",
        "Sign in with a passkey, or ask your administrator.",
    ),
    "ui.no_mail": (
        "This server sends no mail yet",
        "Ask your administrator: without mail no code can reach you.",
    ),
    "user.notice_unknown": (
        "This link is not good any more",
        "It was used already, or it is older than seven days. You can see and end your sign-ins in your account.",
    ),
    "ui.no_page": (
        "There is no such page",
        "Look at the address for a mistake, or begin at the sign-in.",
    ),
    "ui.unknown_organization": (
        "This organisation does not exist",
        "Go back to the application. It asks for an organisation that is not here.",
    ),
    "ui.foreign_form": (
        "This form was not sent by our page",
        "For your safety nothing was done. Open the sign-in again from the application.",
    ),
    "ui.cookie_twice": (
        "Your browser sent two different sign-in cookies",
        "Delete the cookies of this site, then sign in again.",
    ),
}
_BY_CLASS: Final[tuple[tuple[type[OstiaryError], str, str], ...]] = (
    (NotFound, "This sign-in has expired or does not exist", _APPLICATION),
    (PermissionDenied, "This is not allowed", _APPLICATION),
    (ResourceExhausted, "Too many attempts", "Wait a few minutes, then try again."),
    (Unavailable, "We are busy right now", "Wait a few seconds, then try again."),
    (Aborted, "We are busy right now", "Wait a few seconds, then try again."),
    (FailedPrecondition, "This sign-in cannot be completed", _APPLICATION),
    (CredentialRefused, "This key could not be verified", "Try again, or use another way to sign in."),
    (
        Internal,
        "Something went wrong on our side",
        "Try again. If it keeps happening, tell your administrator.",
    ),
)
_BY_CLIENT: Final = (
    "The application sent you here with a mistake",
    "Go back to the application. Whoever runs it can mend this by what stands below.",
)
_ELSE: Final = ("This address is not complete", _APPLICATION)


class Refusals:
    """Writes errors; one for all pages."""

    def __init__(self, pages: Pages) -> None:
        """Pages carry the headers."""
        self._pages = pages

    def __call__(self, request: Request, error: OstiaryError, reader: Reader | None = None) -> Response:
        """The page, with the error's status; without a ``reader`` in nobody's name and look."""
        title, advice = _told(error)
        headers: list[Header] = []
        if error.retry_after_s is not None:
            headers.append((b"retry-after", b"%d" % error.retry_after_s))
        name = error.id
        if isinstance(error, Unexpected):
            headers.append((b"x-request-id", error.request_id.encode()))
            name = error.request_id
        status = error.http_status
        if isinstance(error, OAuthError):
            status, name = error.status, f"{error.code}, {error.message}"
        leaf = Leaf("error.html", status, posts=False, headers=headers)
        return self._pages.write(
            leaf, reader or self._pages.reader(request), title=title, advice=advice, name=name, login=LOGIN
        )


def _told(error: OstiaryError) -> tuple[str, str]:
    if isinstance(error, OAuthError):
        return _BY_CLIENT
    known = _BY_ID.get(error.id)
    if known is not None:
        return known
    return next(((title, advice) for kind, title, advice in _BY_CLASS if isinstance(error, kind)), _ELSE)
