"""Every kind of record there is; a migration makes a table for each."""

from ostiary.core.idempotency import IDEMPOTENT_ANSWER
from ostiary.core.organization import INSTANCE, ORGANIZATION
from ostiary.core.permission import MEMBERSHIP
from ostiary.core.policy import POLICY
from ostiary.core.record import AnyKind
from ostiary.core.session import ENDED_SESSION, SESSION
from ostiary.core.user import (
    AUTHENTICATOR,
    LOGIN_NAME,
    PERSONAL_ACCESS_TOKEN,
    USER,
    USER_METADATA,
    VERIFICATION_CODE,
)

KINDS: tuple[AnyKind, ...] = (
    INSTANCE,
    ORGANIZATION,
    POLICY,
    USER,
    LOGIN_NAME,
    AUTHENTICATOR,
    USER_METADATA,
    PERSONAL_ACCESS_TOKEN,
    VERIFICATION_CODE,
    MEMBERSHIP,
    SESSION,
    ENDED_SESSION,
    IDEMPOTENT_ANSWER,
)
