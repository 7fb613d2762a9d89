"""Every RPC of sessions, users, settings and organisations that has a handler: a small valid request, and the answer it must get.

An RPC that is not in the table must answer that it is not implemented, so a new one without a line here fails a test.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from ostiary.crypto.otp import code_of, from_base32, step_of
from tests.grpc.reflected import Client

PASSWORD = "Secret-123!"
SESSION, USER = "zitadel.session.v2.SessionService", "zitadel.user.v2.UserService"
SETTINGS, ORGANIZATION = "zitadel.settings.v2.SettingsService", "zitadel.org.v2.OrganizationService"
IDP = "zitadel.idp.v2.IdentityProviderService"
OIDC = "zitadel.oidc.v2.OIDCService"
Values = Mapping[str, Any]


class World:
    """What requests name; each thing is made when it is first asked for, for one test alone."""

    def __init__(self, client: Client, name: str) -> None:
        """``name`` is nobody's yet."""
        self.client = client
        self.name = name

    @cached_property
    def home(self) -> str:
        """The organisation."""
        return str(self.client.ok(f"{SETTINGS}/GetGeneralSettings", {})["defaultOrganizationId"])

    @cached_property
    def person(self) -> dict[str, Any]:
        """What is needed to add a person."""
        return {
            "username": self.name,
            "profile": {"givenName": "Mini", "familyName": "Mouse"},
            "email": {"email": f"{self.name}@example.com", "isVerified": True},
            "password": {"password": PASSWORD},
        }

    @cached_property
    def human(self) -> dict[str, str]:
        """A person."""
        return {"userId": self.client.ok(f"{USER}/AddHumanUser", self.person)["userId"]}

    @cached_property
    def phoned(self) -> dict[str, str]:
        """A person with a verified phone."""
        person = {**self.person, "phone": {"phone": "+41791234567", "isVerified": True}}
        return {"userId": self.client.ok(f"{USER}/AddHumanUser", person)["userId"]}

    def user_after(self, rpc: str, before: Values, request: Values) -> Values:
        """A request, once another RPC of users was called."""
        self.client.ok(f"{USER}/{rpc}", {**before})
        return request

    @cached_property
    def machine(self) -> dict[str, str]:
        """A machine."""
        request = {"organizationId": self.home, "username": self.name, "machine": {"name": "Robot"}}
        return {"userId": self.client.ok(f"{USER}/CreateUser", request)["id"]}

    @cached_property
    def session(self) -> dict[str, str]:
        """A session of the person, and its token."""
        made = self.client.ok(f"{SESSION}/CreateSession", {"checks": {"user": self.human}})
        return {"sessionId": made["sessionId"], "sessionToken": made["sessionToken"]}

    @cached_property
    def totp(self) -> str:
        """The present code of an authenticator app that is registered and not verified yet."""
        secret = self.client.ok(f"{USER}/RegisterTOTP", self.human)["secret"]
        return code_of(from_base32(secret), step_of(datetime.now(UTC)))

    @cached_property
    def token(self) -> dict[str, str]:
        """A machine's personal access token."""
        request = {**self.machine, "expirationDate": tomorrow()}
        return {
            **self.machine,
            "tokenId": self.client.ok(f"{USER}/AddPersonalAccessToken", request)["tokenId"],
        }

    @cached_property
    def machine_with_secret(self) -> dict[str, str]:
        """A machine with a client secret."""
        self.client.ok(f"{USER}/AddSecret", self.machine)
        return self.machine

    @cached_property
    def key(self) -> dict[str, str]:
        """A machine's key."""
        made = self.client.ok(f"{USER}/AddKey", {**self.machine, "expirationDate": tomorrow()})
        return {**self.machine, "keyId": made["keyId"]}

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """A person with metadata."""
        entries = {"metadata": [{"key": "colour", "value": "Ymx1ZQ=="}]}
        self.client.ok(f"{USER}/SetUserMetadata", {**self.human, **entries})
        return self.human

    def done(self, rpc: str) -> dict[str, str]:
        """The person, after an RPC of the user service."""
        self.client.ok(f"{USER}/{rpc}", self.human)
        return self.human


def tomorrow() -> str:
    """A timestamp."""
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


@dataclass(frozen=True)
class Rpc:
    """``refused`` is code and id where success is not possible yet; ``says`` are fields the answer must have."""

    request: Callable[[Any], Values]  # of a World, or one with more in it
    says: tuple[str, ...] = ()
    refused: tuple[str, str] = ("OK", "")


def _nothing(_: World) -> Values:
    return {}


def _own(world: World) -> Values:
    return world.human


_GROUP: Final = Rpc(_nothing, ("details", "settings"))
RPCS: Final[Mapping[str, Rpc]] = {
    f"{SESSION}/CreateSession": Rpc(
        lambda world: {"checks": {"user": world.human, "password": {"password": PASSWORD}}},
        ("sessionId", "sessionToken", "details"),
    ),
    f"{SESSION}/GetSession": Rpc(lambda world: world.session, ("session",)),
    f"{SESSION}/SetSession": Rpc(
        lambda world: {**world.session, "lifetime": "60s"}, ("sessionToken", "details")
    ),
    f"{SESSION}/ListSessions": Rpc(
        lambda world: {"queries": [{"idsQuery": {"ids": [world.session["sessionId"]]}}]},
        ("sessions", "details"),
    ),
    f"{SESSION}/DeleteSession": Rpc(lambda world: world.session, ("details",)),
    f"{USER}/AddHumanUser": Rpc(lambda world: world.person, ("userId", "details")),
    f"{USER}/CreateUser": Rpc(
        lambda world: {"organizationId": world.home, "username": world.name, "machine": {"name": "Robot"}},
        ("id", "creationDate"),
    ),
    f"{USER}/GetUserByID": Rpc(_own, ("user", "details")),
    f"{USER}/ListUsers": Rpc(
        lambda world: {"queries": [{"inUserIdsQuery": {"userIds": [world.human["userId"]]}}]},
        ("result", "details"),
    ),
    f"{USER}/UpdateHumanUser": Rpc(
        lambda world: {**world.human, "profile": {"givenName": "Max", "familyName": "Mouse"}}, ("details",)
    ),
    f"{USER}/UpdateUser": Rpc(
        lambda world: {**world.human, "human": {"profile": {"givenName": "Max"}}}, ("changeDate",)
    ),
    f"{USER}/LockUser": Rpc(_own, ("details",)),
    f"{USER}/UnlockUser": Rpc(lambda world: world.done("LockUser"), ("details",)),
    f"{USER}/DeactivateUser": Rpc(_own, ("details",)),
    f"{USER}/ReactivateUser": Rpc(lambda world: world.done("DeactivateUser"), ("details",)),
    f"{USER}/DeleteUser": Rpc(_own, ("details",)),
    f"{USER}/SetPassword": Rpc(
        lambda world: {**world.human, "newPassword": {"password": "Another-123!"}}, ("details",)
    ),
    f"{USER}/RegisterTOTP": Rpc(_own, ("uri", "secret", "details")),
    f"{USER}/VerifyTOTPRegistration": Rpc(lambda world: {**world.human, "code": world.totp}, ("details",)),
    f"{USER}/RemoveTOTP": Rpc(lambda world: world.done("RegisterTOTP"), ("details",)),
    f"{USER}/AddOTPSMS": Rpc(lambda world: world.phoned, ("details",)),
    f"{USER}/RemoveOTPSMS": Rpc(
        lambda world: world.user_after("AddOTPSMS", world.phoned, world.phoned), ("details",)
    ),
    f"{USER}/AddOTPEmail": Rpc(_own, ("details",)),
    f"{USER}/RemoveOTPEmail": Rpc(lambda world: world.done("AddOTPEmail"), ("details",)),
    f"{USER}/GenerateRecoveryCodes": Rpc(
        lambda world: {**world.human, "count": 2}, ("details", "recoveryCodes")
    ),
    f"{USER}/RemoveRecoveryCodes": Rpc(
        lambda world: world.user_after("GenerateRecoveryCodes", {**world.human, "count": 2}, world.human),
        ("details",),
    ),
    f"{USER}/StartIdentityProviderIntent": Rpc(
        lambda _: {"idpId": "1", "urls": {"successUrl": "https://a.test", "failureUrl": "https://a.test"}},
        refused=("FAILED_PRECONDITION", "COMMAND-39n221fs"),
    ),
    f"{USER}/RetrieveIdentityProviderIntent": Rpc(
        lambda _: {"idpIntentId": "1", "idpIntentToken": "x"}, refused=("PERMISSION_DENIED", "CRYPTO-Sf4gt")
    ),
    f"{USER}/AddIDPLink": Rpc(
        lambda world: {**world.human, "idpLink": {"idpId": "1", "userId": "x", "userName": "x"}},
        refused=("FAILED_PRECONDITION", "COMMAND-39nfs"),
    ),
    f"{USER}/ListIDPLinks": Rpc(_own, ("details",)),
    f"{USER}/RemoveIDPLink": Rpc(
        lambda world: {**world.human, "idpId": "1", "linkedUserId": "x"},
        refused=("NOT_FOUND", "COMMAND-1M9xR"),
    ),
    f"{IDP}/GetIDPByID": Rpc(lambda _: {"id": "1"}, refused=("NOT_FOUND", "IDP-gy3ctgkqe7")),
    f"{USER}/ListAuthenticationMethodTypes": Rpc(_own, ("details", "authMethodTypes")),
    f"{USER}/ListAuthenticationFactors": Rpc(
        lambda world: {**world.done("RegisterTOTP"), "states": ["AUTH_FACTOR_STATE_NOT_READY"]}, ("result",)
    ),
    f"{USER}/AddPersonalAccessToken": Rpc(
        lambda world: {**world.machine, "expirationDate": tomorrow()}, ("tokenId", "token", "creationDate")
    ),
    f"{USER}/ListPersonalAccessTokens": Rpc(
        lambda world: {"filters": [{"tokenIdFilter": {"id": world.token["tokenId"]}}]},
        ("result", "pagination"),
    ),
    f"{USER}/RemovePersonalAccessToken": Rpc(lambda world: world.token, ("deletionDate",)),
    f"{USER}/AddSecret": Rpc(lambda world: world.machine, ("clientSecret", "creationDate")),
    f"{USER}/RemoveSecret": Rpc(lambda world: world.machine_with_secret, ("deletionDate",)),
    f"{USER}/AddKey": Rpc(
        lambda world: {**world.machine, "expirationDate": tomorrow()}, ("keyId", "keyContent", "creationDate")
    ),
    f"{USER}/ListKeys": Rpc(
        lambda world: {"filters": [{"keyIdFilter": {"id": world.key["keyId"]}}]}, ("result", "pagination")
    ),
    f"{USER}/RemoveKey": Rpc(lambda world: world.key, ("deletionDate",)),
    f"{USER}/SetEmail": Rpc(lambda world: {**world.human, "email": "new@example.com"}, ("details",)),
    f"{USER}/SendEmailCode": Rpc(
        lambda world: {**world.human, "returnCode": {}}, ("details", "verificationCode")
    ),
    f"{USER}/ResendEmailCode": Rpc(
        lambda world: {**world.done("SendEmailCode"), "returnCode": {}}, ("details", "verificationCode")
    ),
    f"{USER}/VerifyEmail": Rpc(
        lambda world: {**world.human, "verificationCode": "ABCDEF"},
        refused=("INVALID_ARGUMENT", "COMMAND-eis9R"),
    ),
    f"{USER}/SetPhone": Rpc(
        lambda world: {**world.human, "phone": "+41791234567", "returnCode": {}}, ("verificationCode",)
    ),
    f"{USER}/ResendPhoneCode": Rpc(_own, refused=("FAILED_PRECONDITION", "PHONE-5xrra88eq8")),
    f"{USER}/VerifyPhone": Rpc(
        lambda world: {**world.human, "verificationCode": "ABCDEF"},
        refused=("INVALID_ARGUMENT", "COMMAND-eis9R"),
    ),
    f"{USER}/RemovePhone": Rpc(_own, refused=("NOT_FOUND", "COMMAND-p6rsc")),
    f"{USER}/PasswordReset": Rpc(
        lambda world: {**world.human, "returnCode": {}}, ("details", "verificationCode")
    ),
    f"{USER}/CreateInviteCode": Rpc(_own, refused=("FAILED_PRECONDITION", "COMMAND-EF34g")),
    f"{USER}/ResendInviteCode": Rpc(_own, refused=("FAILED_PRECONDITION", "COMMAND-EF34g")),
    f"{USER}/VerifyInviteCode": Rpc(
        lambda world: {**world.human, "verificationCode": "ABCDEF"},
        refused=("FAILED_PRECONDITION", "COMMAND-Wr3gq"),
    ),
    f"{USER}/HumanMFAInitSkipped": Rpc(_own, ("details",)),
    f"{USER}/SetUserMetadata": Rpc(
        lambda world: {**world.human, "metadata": [{"key": "colour", "value": "Ymx1ZQ=="}]}, ("setDate",)
    ),
    f"{USER}/ListUserMetadata": Rpc(lambda world: world.metadata, ("metadata", "pagination")),
    f"{USER}/DeleteUserMetadata": Rpc(
        lambda world: {**world.metadata, "keys": ["colour"]}, ("deletionDate",)
    ),
    f"{SETTINGS}/GetGeneralSettings": Rpc(_nothing, ("defaultLanguage", "supportedLanguages")),
    f"{SETTINGS}/GetSecuritySettings": _GROUP,
    f"{SETTINGS}/SetSecuritySettings": Rpc(_nothing, ("details",)),
    f"{SETTINGS}/SetHostedLoginTranslation": Rpc(
        lambda _: {"instance": True, "locale": "xx", "translations": {"a": "b"}}, ("etag",)
    ),
    f"{SETTINGS}/GetActiveIdentityProviders": Rpc(_nothing, ("details",)),
    f"{SETTINGS}/GetHostedLoginTranslation": Rpc(
        lambda _: {"instance": True, "locale": "en"}, ("etag", "translations")
    ),
    f"{SETTINGS}/GetLoginSettings": _GROUP,
    f"{SETTINGS}/GetBrandingSettings": _GROUP,
    f"{SETTINGS}/GetPasswordComplexitySettings": _GROUP,
    f"{SETTINGS}/GetPasswordExpirySettings": _GROUP,
    f"{SETTINGS}/GetDomainSettings": _GROUP,
    f"{SETTINGS}/GetLegalAndSupportSettings": _GROUP,
    f"{SETTINGS}/GetLockoutSettings": _GROUP,
    f"{ORGANIZATION}/AddOrganization": Rpc(lambda world: {"name": world.name}, ("organizationId", "details")),
    f"{ORGANIZATION}/ListOrganizations": Rpc(
        lambda _: {"queries": [{"defaultQuery": {}}]}, ("result", "details")
    ),
    f"{OIDC}/CreateCallback": Rpc(
        lambda world: {"authRequestId": "V2_1", "session": world.session},
        refused=("NOT_FOUND", "COMMAND-jae5P"),
    ),
    f"{OIDC}/GetDeviceAuthorizationRequest": Rpc(
        lambda _: {"userCode": "ABCD-EFGH"}, refused=("NOT_FOUND", "QUERY-Sah9a")
    ),
    f"{OIDC}/AuthorizeOrDenyDeviceAuthorization": Rpc(
        lambda _: {"deviceAuthorizationId": "1", "deny": {}}, refused=("NOT_FOUND", "COMMAND-gee5A")
    ),
    f"{OIDC}/GetAuthRequest": Rpc(lambda _: {"authRequestId": "V2_1"}, refused=("NOT_FOUND", "QUERY-Thee9")),
    "grpc.health.v1.Health/Check": Rpc(_nothing, ("status",)),
    "grpc.health.v1.Health/List": Rpc(_nothing, ("statuses",)),
}
