"""Everything that can go wrong and be told to a caller.

One tree; a class carries the words of the three wires it is told on (gRPC code, HTTP status, OAuth error):

    OstiaryError
    ├── InvalidArgument      3   400  invalid_request
    ├── NotFound             5   404  invalid_request
    ├── AlreadyExists        6   409  invalid_request
    ├── PermissionDenied     7   403  access_denied
    ├── ResourceExhausted    8   429  temporarily_unavailable   "you": the caller asked too often
    ├── FailedPrecondition   9   400  invalid_request
    ├── Aborted             10   409  temporarily_unavailable   lost races, more often than we try again
    ├── Unimplemented       12   501  invalid_request
    ├── Internal            13   500  server_error
    │   └── CredentialRefused                           ZITADEL's wire answers so, though the fault is the sender's
    ├── Unavailable         14   503  temporarily_unavailable   "us": no capacity, no database
    └── Unauthenticated     16   401  invalid_token

An error has an ``id`` that never changes and is never translated (ZITADEL's where its wire has one, ours is dotted), a
public ``message`` (English, the key of its translations), a ``hint`` for the integrator who reads the answer, and
``debug`` for the log alone.
"""

from typing import ClassVar


class OstiaryError(Exception):
    """An error with an answer for the caller."""

    grpc_code: ClassVar[int]
    http_status: ClassVar[int]
    oauth_error: ClassVar[str]

    def __init__(
        self,
        id: str,  # noqa: A002  the wire's word
        message: str,
        *,
        hint: str = "",
        debug: str = "",
        failed_attempts: int | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        """Say what happened; ``failed_attempts`` makes the wire's detail a CredentialsCheckError."""
        super().__init__(message)
        self.id = id
        self.message = message
        self.hint = hint
        self.debug = debug
        self.failed_attempts = failed_attempts
        self.retry_after_s = retry_after_s

    def __repr__(self) -> str:
        """Class and id; never a value that came from a request."""
        return f"{type(self).__name__}({self.id!r})"


class InvalidArgument(OstiaryError):
    """The request can never be right in this form."""

    grpc_code, http_status, oauth_error = 3, 400, "invalid_request"


class NotFound(OstiaryError):
    """What was asked for does not exist."""

    grpc_code, http_status, oauth_error = 5, 404, "invalid_request"


class AlreadyExists(OstiaryError):
    """What should be made is there already."""

    grpc_code, http_status, oauth_error = 6, 409, "invalid_request"


class PermissionDenied(OstiaryError):
    """The caller is known and may not."""

    grpc_code, http_status, oauth_error = 7, 403, "access_denied"


class ResourceExhausted(OstiaryError):
    """The caller asked too often."""

    grpc_code, http_status, oauth_error = 8, 429, "temporarily_unavailable"


class FailedPrecondition(OstiaryError):
    """The request is right, the state of things is not."""

    grpc_code, http_status, oauth_error = 9, 400, "invalid_request"


class Aborted(OstiaryError):
    """Another request won the race too many times in a row."""

    grpc_code, http_status, oauth_error = 10, 409, "temporarily_unavailable"


class Unimplemented(OstiaryError):
    """The wire has a word for it, this server does not do it."""

    grpc_code, http_status, oauth_error = 12, 501, "invalid_request"


class Internal(OstiaryError):
    """The fault is ours; the log says which."""

    grpc_code, http_status, oauth_error = 13, 500, "server_error"


class CredentialRefused(Internal):
    """A WebAuthn credential or assertion does not verify: the wire's word is Internal, but the fault is the sender's."""


class Unavailable(OstiaryError):
    """No capacity or no database right now; asking again later is right."""

    grpc_code, http_status, oauth_error = 14, 503, "temporarily_unavailable"


class Unauthenticated(OstiaryError):
    """Nobody known is calling."""

    grpc_code, http_status, oauth_error = 16, 401, "invalid_token"
