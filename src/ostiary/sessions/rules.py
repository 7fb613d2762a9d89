"""Who may do what to a session. Source: ZITADEL's wire contract, part 2.9."""

from ostiary.core.filter import Compare, Filter, Names, OneOf, Order, Some
from ostiary.core.permission import Caller
from ostiary.core.project_permission import organizations_of
from ostiary.core.session import Session
from ostiary.core.session_token import require_current, require_guard
from ostiary.core.user import USER


def may_read(caller: Caller, session: Session) -> bool:
    """The creator, the session's user, the same user agent, or ``session.read`` where the user belongs."""
    fingerprint = session.user_agent.fingerprint_id or ""
    return (
        caller.user_id in {session.creator_id, session.user_id}
        or (fingerprint != "" and fingerprint == caller.agent_id)
        or caller.holds("session.read", session.organization_id)
    )


def readable(caller: Caller) -> Filter | None:
    """What :func:`may_read` says of a session, as a condition; None for who may read all."""
    if caller.holds("session.read"):
        return None
    own = [Compare(column, Order.EQUAL, caller.user_id) for column in ("creator_id", "user_id")]
    if caller.agent_id:
        own.append(Compare("fingerprint_id", Order.EQUAL, caller.agent_id))
    of_organizations = OneOf("organization_id", organizations_of(caller, "session.read"))
    return Some((*own, Names("user_id", USER, of_organizations)))


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
