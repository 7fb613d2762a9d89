"""Who may do what to a session. Source: ZITADEL's wire contract, part 2.9."""

from ostiary.core.permission import Caller
from ostiary.core.session import Session
from ostiary.core.session_token import require_current, require_guard


def may_read(caller: Caller, session: Session) -> bool:
    """The creator, the session's user, the same user agent, or ``session.read`` where the user belongs."""
    fingerprint = session.user_agent.fingerprint_id or ""
    return (
        caller.user_id in {session.creator_id, session.user_id}
        or (fingerprint != "" and fingerprint == caller.agent_id)
        or caller.holds("session.read", session.organization_id)
    )


def require_read(caller: Caller, session: Session, token: str) -> None:
    """With a token it must be right; without, the caller's relation or permission decides."""
    if token:
        require_current(session, token)
    elif not may_read(caller, session):
        raise caller.refusal("session.read")


def require_write(caller: Caller, session: Session, token: str) -> None:
    """A sent token is verified, whatever the caller may; without one ``session.write`` decides."""
    if token:
        require_guard(session, token)
    else:
        caller.require("session.write", session.organization_id)


def require_end(caller: Caller, session: Session, token: str) -> None:
    """A sent token is verified; else it is the caller's own session, or ``session.delete`` decides."""
    if token:
        require_guard(session, token)
    elif caller.user_id != session.user_id:
        caller.require("session.delete", session.organization_id)
