"""Every kind of record there is; a migration makes a table for each."""

from ostiary.core.client import APPLICATION, APPLICATION_KEY, MACHINE_KEY, MACHINE_SECRET
from ostiary.core.delivery import DELIVERY
from ostiary.core.grant import GRANT
from ostiary.core.idempotency import IDEMPOTENT_ANSWER
from ostiary.core.identity_provider import IDENTITY_PROVIDER
from ostiary.core.intent import INTENT
from ostiary.core.known_device import KNOWN_DEVICE
from ostiary.core.login_request import (
    DEVICE_AUTHORIZATION,
    LOGIN_REQUEST,
    PUSHED_REQUEST,
    USED_ASSERTION,
)
from ostiary.core.organization import INSTANCE, ORGANIZATION
from ostiary.core.participant import PARTICIPANT
from ostiary.core.permission import MEMBERSHIP
from ostiary.core.policy import POLICY
from ostiary.core.project import AUTHORIZATION, PROJECT, PROJECT_GRANT, PROJECT_ROLE
from ostiary.core.record import AnyKind
from ostiary.core.session import ENDED_SESSION, SESSION
from ostiary.core.signing_key import SIGNING_KEY
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
    PROJECT,
    PROJECT_ROLE,
    PROJECT_GRANT,
    AUTHORIZATION,
    APPLICATION,
    APPLICATION_KEY,
    MACHINE_KEY,
    MACHINE_SECRET,
    SIGNING_KEY,
    LOGIN_REQUEST,
    DEVICE_AUTHORIZATION,
    PUSHED_REQUEST,
    USED_ASSERTION,
    GRANT,
    PARTICIPANT,
    DELIVERY,
    IDENTITY_PROVIDER,
    INTENT,
    KNOWN_DEVICE,
)
