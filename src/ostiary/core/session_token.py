"""Whether a text is a session's one live token, and the answers to those that are not.

Source: ZITADEL's wire contract, part 2.13.
"""

from ostiary.core.secret import SESSION_TOKEN, Token, is_base64url, parse_token, same_hash
from ostiary.core.session import Session
from ostiary.errors import InvalidArgument, PermissionDenied

_INVALID = "Session Token is invalid"


def matches(session: Session, token: Token | None) -> bool:
    """Kind, id and hash are the session's own; the hash is compared in constant time."""
    return (
        token is not None
        and token.kind == SESSION_TOKEN
        and token.id == session.id
        and same_hash(token.secret_hash, session.token_hash)
    )


def require_current(session: Session, text: str) -> None:
    """Raise PermissionDenied QUERY-dsfr3 unless the text may be read or acted with."""
    if not matches(session, parse_token(text)):
        raise PermissionDenied("QUERY-dsfr3", _INVALID, hint="each change of a session makes a new token")


def require_guard(session: Session, text: str) -> None:
    """Raise unless the text may guard a change: PermissionDenied COMMAND-sGr42, InvalidArgument COMMAND-hi6Ph."""
    if not is_base64url(text):
        raise InvalidArgument("COMMAND-hi6Ph", _INVALID, hint="it is not base64url")
    if not matches(session, parse_token(text)):
        hint = "each change of a session makes a new token; use the newest one, once"
        raise PermissionDenied("COMMAND-sGr42", _INVALID, hint=hint)
