"""Applications: the clients and resource servers of OAuth, and the credentials of those that have some."""

from datetime import datetime
from enum import StrEnum

import msgspec

from ostiary.core.project import ActiveState
from ostiary.core.record import Kind

CLIENT_SECRET = "oscs"


class ClientAuthentication(StrEnum):
    """How a client proves itself (RFC 7591 ``token_endpoint_auth_method``)."""

    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"


class ApplicationType(StrEnum):
    """What kind of program it is; an API only introspects."""

    WEB = "web"
    NATIVE = "native"
    USER_AGENT = "user_agent"
    API = "api"


class AccessTokenForm(StrEnum):
    """What its access tokens are."""

    JWT = "jwt"
    OPAQUE = "opaque"


class OidcSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an OIDC client registered. Lifetimes and skew in seconds; 0 takes the instance's.

    ``login_version`` is 0 (the instance's), 1 or 2, ``login_base_uri`` its login UI's. ``refresh_grace_s``: how long a
    spent refresh token still answers with its successor; 0 only overlapping requests.
    """

    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    response_types: tuple[str, ...] = ("code",)
    grant_types: tuple[str, ...] = ("authorization_code",)
    is_development: bool = False
    access_token_form: AccessTokenForm = AccessTokenForm.JWT
    access_token_role_assertion: bool = False
    id_token_role_assertion: bool = False
    id_token_userinfo_assertion: bool = False
    id_token_algorithm: str = "RS256"
    clock_skew_s: int = 0
    additional_origins: tuple[str, ...] = ()
    skip_native_app_success_page: bool = False
    back_channel_logout_uri: str = ""
    login_version: int = 0
    login_base_uri: str = ""
    access_token_lifetime_s: int = 0
    refresh_grace_s: int = 0


class Application(msgspec.Struct, frozen=True, omit_defaults=True):
    """One application of a project. ``secret_hash`` is SHA-256; a previous secret may live on until a date."""

    id: str
    project_id: str
    organization_id: str
    name: str
    client_id: str
    type: ApplicationType
    authentication: ClientAuthentication
    created_at: datetime
    changed_at: datetime
    state: ActiveState = ActiveState.ACTIVE
    secret_hash: bytes = b""
    oidc: OidcSettings | None = None
    version: int = 1

    @property
    def has_credentials(self) -> bool:
        """Whether it proves who it is; without, anybody who knows its client id may speak in its name."""
        return self.authentication is not ClientAuthentication.NONE


APPLICATION = Kind(
    "application",
    Application,
    columns={
        "project_id": lambda a: a.project_id,
        "organization_id": lambda a: a.organization_id,
        "name": lambda a: a.name,
        "client_id": lambda a: a.client_id,
        "type": lambda a: str(a.type),
        "state": lambda a: str(a.state),
        "created_at": lambda a: a.created_at,
        "changed_at": lambda a: a.changed_at,
    },
    owner="project_id",
    raises_generation=True,
)


class PublicKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A public key that its owner (an application or a machine user) signs assertions with; ``id`` is the ``kid``.

    ``owner_id`` is the client id or the user id: what stands as issuer in an assertion. ``project_id`` is the
    application's, empty for users.
    """

    id: str
    owner_id: str
    organization_id: str
    pem: str
    created_at: datetime
    expires_at: datetime
    version: int = 1
    project_id: str = ""


APPLICATION_KEY = Kind(
    "application_key",
    PublicKey,
    columns={
        "owner_id": lambda k: k.owner_id,
        "organization_id": lambda k: k.organization_id,
        "created_at": lambda k: k.created_at,
        "expires_at": lambda k: k.expires_at,
        "project_id": lambda k: k.project_id,
    },
    owner="owner_id",
    raises_generation=True,
)
MACHINE_KEY = Kind(
    "machine_key",
    PublicKey,
    columns={
        "owner_id": lambda k: k.owner_id,
        "organization_id": lambda k: k.organization_id,
        "created_at": lambda k: k.created_at,
        "expires_at": lambda k: k.expires_at,
    },
    owner="owner_id",
    raises_generation=True,
)


class MachineSecret(msgspec.Struct, frozen=True):
    """The client secret of a machine user; ``id`` is the user's, ``secret_hash`` SHA-256 of its text's secret part."""

    id: str
    secret_hash: bytes
    created_at: datetime
    version: int = 1


MACHINE_SECRET = Kind("machine_secret", MachineSecret, raises_generation=True)
