"""What a client was given: one access token at a time and, if it may go on, one refresh token of a family.

Source: RFC 9700 4.14.2 (rotation, replay ends the family), RFC 7009, RFC 9068.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from ostiary.core.login_request import Authentication
from ostiary.core.record import Kind
from ostiary.core.scope import scoped_projects
from ostiary.core.secret import Token, same_hash

ACCESS_TOKEN = "osta"
REFRESH_TOKEN = "ostr"
AUTHORIZATION_CODE = "ostc"
DEVICE_CODE = "ostd"


class Refresh(msgspec.Struct, frozen=True, omit_defaults=True):
    """The family's live refresh token and the one before it.

    ``successor`` is the sealed answer that replaced ``previous_hash``: only the spent token itself opens it.
    ``idle_at`` moves with each use, ``ends_at`` never.
    """

    token_hash: bytes
    idle_at: datetime
    ends_at: datetime
    previous_hash: bytes = b""
    rotated_at: datetime | None = None
    successor: bytes = b""


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens given to one client, from a session (``authentication``) or to a service user.

    ``access_token_id`` is the newest access token's ``jti``; only that one is good. ``access_hash`` is set for opaque
    ones. ``actor_id`` acts for the subject. ``audience`` and ``scope`` bound every later token of the family;
    ``access_scope`` and ``access_resource`` (RFC 8707) are what the newest access token was narrowed to (empty: all).
    """

    id: str
    client_id: str
    user_id: str
    organization_id: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    created_at: datetime
    access_token_id: str = ""
    access_hash: bytes = b""
    access_expires_at: datetime | None = None
    authentication: Authentication | None = None
    nonce: str | None = None
    actor_id: str = ""
    refresh: Refresh | None = None
    version: int = 1
    access_issued_at: datetime | None = None
    access_scope: tuple[str, ...] = ()
    access_resource: tuple[str, ...] = ()

    @property
    def session_id(self) -> str:
        """The session it came from; empty for service users."""
        return self.authentication.session_id if self.authentication else ""

    @property
    def over_at(self) -> datetime:
        """When nothing of it can be good any more."""
        times = [self.created_at, self.access_expires_at or self.created_at]
        return max([*times, self.refresh.ends_at] if self.refresh else times)

    @property
    def source(self) -> str:
        """The session it came from; without one its user (see :func:`without_session`)."""
        return self.session_id or without_session(self.user_id)


def as_narrowed(grant: Grant) -> Grant:
    """The grant as its newest access token shows it: scopes and resources that this was narrowed by bound it too.

    Clients and projects that no scope named stay, for they may ask about it. Source: RFC 6749 6, RFC 8707 2.2.
    """
    if not (grant.access_scope or grant.access_resource):
        return grant
    scope, kept = grant.access_scope or grant.scope, grant.access_resource
    given_up = {*scoped_projects(grant.scope)} - {*scoped_projects(scope)}
    if kept:
        given_up |= {one for one in grant.audience if is_resource(one)} - {*kept}
    audience = tuple(one for one in grant.audience if one not in given_up)
    return msgspec.structs.replace(grant, scope=scope, audience=audience)


def is_resource(name: str) -> bool:
    """Whether a member of an audience is a URI that a client asked for, not the id of a client or project."""
    return ":" in name


def without_session(user_id: str) -> str:
    """Where grants of a user that came from no session are found: a user's own are of their sessions, or here."""
    return f"user:{user_id}"


GRANT = Kind(
    "token_grant",
    Grant,
    columns={
        "user_id": lambda g: g.user_id,
        "client_id": lambda g: g.client_id,
        "session_id": lambda g: g.source,
        "over_at": lambda g: g.over_at,
    },
    owner="session_id",
)


@dataclass(frozen=True, slots=True)
class Presented:
    """What a presented refresh token is to its family.

    ``live``: rotate. ``overlapping``: requests with it that overlap, or a grace period runs: answer with the successor.
    ``reused``: somebody has a copy, end the family. ``unknown``: it never was of this family.
    """

    status: Literal["live", "overlapping", "reused", "expired", "unknown"]


def judge(refresh: Refresh, token: Token, now: datetime, *, overlaps: bool, grace_s: int) -> Presented:
    """Judge a refresh token; hashes are compared in constant time.

    ``overlaps``: the token was live when this request arrived, or requests that found it so are still in flight.
    """
    if same_hash(token.secret_hash, refresh.token_hash):
        return Presented("live" if now < min(refresh.idle_at, refresh.ends_at) else "expired")
    if not refresh.previous_hash or not same_hash(token.secret_hash, refresh.previous_hash):
        return Presented("unknown")
    rotated_at = refresh.rotated_at
    in_grace = rotated_at is not None and (now - rotated_at).total_seconds() < grace_s
    return Presented("overlapping" if (overlaps or in_grace) and refresh.successor else "reused")
