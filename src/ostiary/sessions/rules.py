"""Who may do what to a session. Source: ZITADEL's wire contract, parts 2.9 and 2.13."""

from ostiary.core.permission import Caller
from ostiary.core.secret import SESSION_TOKEN, Token, is_base64url, parse_token, same_hash
from ostiary.core.session import Session
from ostiary.errors import InvalidArgument, NotFound, OstiaryError, PermissionDenied


def unknown() -> OstiaryError:
    """There is no such session, or no longer."""
    return NotFound("QUERY-SFeaa", "Session does not exist")


def matches(session: Session, token: Token | None) -> bool:
    """Whether this is the session's one live token; the hash is compared in constant time."""
    return (
        token is not None
        and token.kind == SESSION_TOKEN
        and token.id == session.id
        and same_hash(token.secret_hash, session.token_hash)
    )


def require_token(session: Session, text: str) -> None:
    """Raise unless the text is the session's one live token (for changes: it is the guard of the change)."""
    if not is_base64url(text):
        raise InvalidArgument("COMMAND-hi6Ph", "Session Token is invalid", hint="it is not base64url")
    if not matches(session, parse_token(text)):
        raise PermissionDenied(
            "COMMAND-sGr42",
            "Session Token is invalid",
            hint="each change of a session makes a new token; use the newest one, once",
        )


def require_read(caller: Caller, session: Session, token: str) -> None:
    """With a token it must be right; without, the caller's relation or permission decides."""
    if token:
        if not matches(session, parse_token(token)):
            raise PermissionDenied(
                "QUERY-dsfr3", "Session Token is invalid", hint="each change of a session makes a new token"
            )
    elif not may_read(caller, session):
        raise caller.refusal("session.read")


def may_read(caller: Caller, session: Session) -> bool:
    """The creator, the session's user, the same user agent, or ``session.read`` where the user belongs."""
    fingerprint = session.user_agent.fingerprint_id or ""
    return (
        caller.user_id in {session.creator_id, session.user_id}
        or (fingerprint != "" and fingerprint == caller.agent_id)
        or caller.holds("session.read", session.organization_id)
    )


def require_write(caller: Caller, session: Session, token: str) -> None:
    """A sent token is verified, whatever the caller may; without one ``session.write`` decides."""
    if token:
        require_token(session, token)
    else:
        caller.require("session.write", session.organization_id)


def require_end(caller: Caller, session: Session, token: str) -> None:
    """A sent token is verified; else it is the caller's own session, or ``session.delete`` decides."""
    if token:
        require_token(session, token)
    elif caller.user_id != session.user_id:
        caller.require("session.delete", session.organization_id)
