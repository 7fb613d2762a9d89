"""Finishing login requests with a session. A request is answered once: its row's version is spent by the answer."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from ostiary.core.assurance import alive
from ostiary.core.audit import detail
from ostiary.core.check_lifetime import within_lifetimes
from ostiary.core.client import APPLICATION, Application
from ostiary.core.login_request import Authentication, DeviceAuthorization, LoginRequest, Stage
from ostiary.core.login_rules import Missing, Wanted, authentication_of, may_use_project, missing
from ostiary.core.organization import INSTANCE, INSTANCE_KEY
from ostiary.core.permission import Caller
from ostiary.core.policy import LoginPolicy, PasswordExpiryPolicy
from ostiary.core.project import AUTHORIZATION, PROJECT, PROJECT_GRANT, ActiveState
from ostiary.core.record import AnyKind
from ostiary.core.session import ENDED_SESSION, SESSION, Session
from ostiary.core.session_state import ended, expired
from ostiary.core.session_token import require_guard
from ostiary.core.user import AUTHENTICATOR, USER, User
from ostiary.effects import Effects
from ostiary.errors import Aborted, FailedPrecondition, Internal, OstiaryError, PermissionDenied
from ostiary.storage.cache import Cache
from ostiary.storage.port import Audit, Changes, Conflict, Expect, Put, Store

TRIES = 5
NOT_OF_THE_PROJECT = "OIDC-foSyH49RvL"
AnyRequest = LoginRequest | DeviceAuthorization


@dataclass(frozen=True, slots=True)
class Proof:
    """A session and its token, as the login UI hands them in."""

    session_id: str
    session_token: str


@dataclass(frozen=True, slots=True)
class Finishing:
    """One kind of request: where it is kept, what it asks, and the answers to what goes wrong with it."""

    kind: AnyKind
    unknown: Callable[[], OstiaryError]
    handled: Callable[[], OstiaryError]
    wanted: Callable[[AnyRequest], Wanted]


class SignIn:
    """Links sessions to login requests.

    ``is_strict``: the session itself must satisfy the policy and the request (the default). Relaxed, the login UI is
    trusted to have seen to that, as in ZITADEL.
    """

    def __init__(self, store: Store, cache: Cache, effects: Effects, *, is_strict: bool) -> None:
        """Requests live in the store."""
        self.store = store
        self.cache = cache
        self.effects = effects
        self.is_strict = is_strict

    async def open_request(self, finishing: Finishing, request_id: str) -> AnyRequest:
        """The request, still open; raises its ``unknown`` or ``handled``."""
        request: AnyRequest | None = await self.store.get(finishing.kind, request_id)
        if request is None or request.expires_at <= self.effects.now():
            raise finishing.unknown()
        if request.stage is not Stage.OPEN:
            raise finishing.handled()
        return request

    async def link(
        self,
        caller: Caller,
        finishing: Finishing,
        request_id: str,
        proof: Proof,
        *,
        by_token: bool = False,
        **values: object,
    ) -> AnyRequest:
        """Finish a request with a session; ``values`` are what the protocol keeps with it (a code's hash).

        ``by_token``: whoever holds the session token may finish; otherwise the login client, or ``session.link``.
        """
        for _ in range(TRIES):
            request = await self.open_request(finishing, request_id)
            if not by_token:
                require_login_client(caller, request)
            session, user = await self._session(proof)
            authentication = await self._authenticated(request, finishing, session, user)
            linked = msgspec.structs.replace(
                request,
                stage=Stage.LINKED,
                authentication=authentication,
                version=request.version + 1,
                **values,
            )
            expects = (Expect(SESSION, session.id, session.version), Expect(USER, user.id, user.version))
            if await self._saved(caller, finishing, request, linked, expects):
                return linked
        raise Aborted("signin.busy", "The request is being answered by others", retry_after_s=1)

    async def fail(self, caller: Caller, finishing: Finishing, request_id: str) -> AnyRequest:
        """Finish a request without a session."""
        for _ in range(TRIES):
            request = await self.open_request(finishing, request_id)
            require_login_client(caller, request)
            failed = msgspec.structs.replace(request, stage=Stage.FAILED, version=request.version + 1)
            if await self._saved(caller, finishing, request, failed, ()):
                return failed
        raise Aborted("signin.fail_busy", "The request is being answered by others", retry_after_s=1)

    async def lacking(self, session: Session, user: User, wanted: Wanted) -> Missing | None:
        """What keeps the session from satisfying what is wanted, and the login policy; None if nothing does."""
        owned = await self.store.owned(AUTHENTICATOR, user.id)
        policy = await self.cache.policy(LoginPolicy, user.organization_id)
        expiry = await self.expiry(user)
        return missing(session, user, owned, policy, wanted, self.effects.now(), expiry)

    async def expiry(self, user: User) -> PasswordExpiryPolicy | None:
        """When passwords expire; None where the login UI is trusted to see to that."""
        if not self.is_strict:
            return None
        return await self.cache.policy(PasswordExpiryPolicy, user.organization_id)

    async def project_refusal(self, client: Application, user: User) -> str:
        """Why the user may not log in to the client's project; empty if they may."""
        project = await self.cache.get(PROJECT, client.project_id)
        if project is None:
            return "the application's project is gone"
        if project.state is not ActiveState.ACTIVE:
            return "the application's project is not active"
        grants = await self.cache.owned(PROJECT_GRANT, project.id) if project.requires_access else ()
        given = await self.store.owned(AUTHORIZATION, user.id) if project.requires_authorization else ()
        return may_use_project(project, grants, given, user)

    async def _session(self, proof: Proof) -> tuple[Session, User]:
        session, user = await self.store.get_with_owner(SESSION, proof.session_id, USER)
        if session is None:
            if await self.store.get(ENDED_SESSION, proof.session_id) is not None:
                raise ended()
            raise FailedPrecondition("COMMAND-Flk38", "Session does not exist")
        instance = await self.cache.get(INSTANCE, INSTANCE_KEY)
        if instance is None:
            raise Internal(
                "signin.no_instance", "An internal error occurred", debug="the database has no instance"
            )
        if not alive(session, user, instance, self.effects.now()):
            raise expired()
        require_guard(session, proof.session_token)
        if user is None:
            hint = "check a user in the session first"
            raise FailedPrecondition("signin.session_without_user", "The session has no user", hint=hint)
        return session, user

    async def _authenticated(
        self, request: AnyRequest, finishing: Finishing, session: Session, user: User
    ) -> Authentication:
        client = await self.cache.find(APPLICATION, "client_id", request.client_id)
        refusal = await self.project_refusal(client, user) if client else "the application is gone"
        if refusal:
            raise PermissionDenied(NOT_OF_THE_PROJECT, "The user may not use this application", hint=refusal)
        if self.is_strict:
            lacking = await self.lacking(session, user, finishing.wanted(request))
            if lacking is not None:
                text = "The session does not satisfy the request"
                raise FailedPrecondition("signin.not_satisfied", text, hint=lacking.sentence)
            policy = await self.cache.policy(LoginPolicy, user.organization_id)
            session = within_lifetimes(session, policy, self.effects.now())
        return authentication_of(session, user)

    async def _saved(
        self,
        caller: Caller,
        finishing: Finishing,
        request: AnyRequest,
        after: AnyRequest,
        expects: tuple[Expect, ...],
    ) -> bool:
        """Whether the answer was saved; not if somebody else was faster."""
        facts = detail(stage=str(after.stage), client_id=request.client_id)
        changes = Changes(
            puts=(Put(finishing.kind, after, request.version),),
            expects=expects,
            audit=Audit(self.effects.now(), caller.user_id, "login_request.answered", request.id, facts),
        )
        try:
            await self.store.save(changes)
        except Conflict:
            await self.cache.fresh()
            return False
        return True


def require_login_client(caller: Caller, request: AnyRequest) -> None:
    """The request's own login client, or ``session.link`` on the instance."""
    own = isinstance(request, LoginRequest) and request.login_client_id == caller.user_id != ""
    if not own:
        caller.require("session.link")
