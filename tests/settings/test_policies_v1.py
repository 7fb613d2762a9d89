"""ZITADEL's v1 calls that set policies, as set-up scripts send them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ostiary._pb.zitadel.org.v2 import org_service_pb
from ostiary.api import policies
from ostiary.api.call import Service
from ostiary.api.dispatch import Dispatcher
from ostiary.api.languages import Languages
from ostiary.api.problem import Problems
from ostiary.core.permission import Caller
from ostiary.core.policy import (
    BrandingPolicy,
    DomainPolicy,
    LegalPolicy,
    LockoutPolicy,
    LoginPolicy,
    PasswordComplexityPolicy,
    PasswordExpiryPolicy,
)
from ostiary.errors import AlreadyExists, InvalidArgument, NotFound, OstiaryError, PermissionDenied
from ostiary.http.message import Request
from ostiary.http.router import Route
from ostiary.settings.queries import SettingsQueries
from tests.settings.conftest import IAM_OWNER, ORG_OWNER, OTHER, OWN, Desk, caller

OWN_LOGIN, OF_INSTANCE = "/management/v1/policies/login", "/admin/v1/policies"
LOGIN = {
    "allowUsernamePassword": True,
    "forceMfa": True,
    "passwordlessType": "PASSWORDLESS_TYPE_ALLOWED",
    "passwordCheckLifetime": "3600s",
    "secondFactors": ["SECOND_FACTOR_TYPE_OTP_EMAIL"],
    "multiFactors": ["MULTI_FACTOR_TYPE_U2F_WITH_VERIFICATION"],
    "idps": [],
}


class V1:
    """The routes over the desk's store; whoever calls is who the test says."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.who = IAM_OWNER
        descriptor = next(one for one in org_service_pb.desc().services)
        dispatcher = Dispatcher([Service(descriptor, {})], self)
        made = policies.Policies(desk.policies, SettingsQueries(desk.store, desk.cache))
        self.routes: Mapping[tuple[str, str], Route] = dict(
            policies.routes(dispatcher, Problems(Languages()), made)
        )

    async def admit(self, _: str, organization_id: str) -> tuple[Caller, str]:
        """The caller, in the organisation of the header or their own."""
        await self.desk.cache.fresh()
        return self.who, organization_id or self.who.organization_id

    async def ask(
        self, verb: str, path: str, body: Any = None, who: Caller = IAM_OWNER, org: str = ""
    ) -> Any:
        """The answer's JSON."""
        self.who = who
        pattern = path
        variables: tuple[str, ...] = ()
        if path.startswith("/admin/v1/orgs/"):
            organization_id = path.split("/")[4]
            pattern, variables = path.replace(organization_id, "{id}", 1), (organization_id,)
        text = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        headers = {b"x-zitadel-orgid": org.encode()} if org else {}
        request = Request(verb, path, headers, variables=variables, body=text)
        answer = await self.routes[verb, pattern].endpoint(request)
        assert answer.status == 200
        return json.loads(answer.body)

    async def holds(self, group: Any, organization_id: str = OWN) -> Any:
        """What holds now."""
        await self.desk.cache.fresh()
        return await self.desk.cache.policy(group, organization_id)


@pytest.fixture
def v1(desk: Desk) -> V1:
    """The calls."""
    return V1(desk)


def refused(error: type[OstiaryError], id: str) -> Any:  # noqa: A002
    """The block raises this error with this id."""
    return pytest.raises(error, check=lambda raised: raised.id == id)


async def test_login_of_an_organisation(v1: V1) -> None:
    """POST makes it, PUT changes it, DELETE gives the instance's back; each answers details."""
    with refused(NotFound, "settings.policy_not_set"):
        await v1.ask("PUT", OWN_LOGIN, LOGIN)
    made = await v1.ask("POST", OWN_LOGIN, LOGIN, ORG_OWNER)
    assert made["details"]["resourceOwner"] == OWN
    assert {"sequence", "creationDate", "changeDate"} <= set(made["details"])
    policy = await v1.holds(LoginPolicy)
    assert (policy.force_mfa, policy.passkeys_allowed, policy.allow_register) == (True, True, False)
    assert (policy.password_check_lifetime_s, policy.multi_factor_check_lifetime_s) == (3600, 43200)
    assert policy.second_factors == ("otp_email",)
    with refused(AlreadyExists, "settings.policy_exists"):
        await v1.ask("POST", OWN_LOGIN, LOGIN)
    await v1.ask("PUT", OWN_LOGIN, {"allowRegister": True, "password_check_lifetime": "60.000s"}, ORG_OWNER)
    policy = await v1.holds(LoginPolicy)
    assert (policy.force_mfa, policy.allow_register, policy.passkeys_allowed) == (False, True, False)
    assert (policy.password_check_lifetime_s, policy.second_factors) == (60, ("otp_email",))
    assert "details" in await v1.ask("DELETE", OWN_LOGIN, who=ORG_OWNER)
    assert await v1.holds(LoginPolicy) == LoginPolicy()


@pytest.mark.parametrize(
    ("path", "body", "group", "expected"),
    [
        (
            "lockout",
            {"maxPasswordAttempts": "5", "max_otp_attempts": 4},
            LockoutPolicy,
            {"max_password_attempts": 5, "max_otp_attempts": 4},
        ),
        (
            "password/complexity",
            {"minLength": "12", "hasNumber": True},
            PasswordComplexityPolicy,
            {"min_length": 12, "requires_number": True, "requires_symbol": False},
        ),
        ("password/age", {"maxAgeDays": 90}, PasswordExpiryPolicy, {"max_age_days": 90}),
        (
            "privacy",
            {"tosLink": "https://a.example/{{.Lang}}", "privacyLink": "https://a.example/p"},
            LegalPolicy,
            {"tos_link": "https://a.example/{{.Lang}}", "privacy_policy_link": "https://a.example/p"},
        ),
        ("label", {"themeMode": "THEME_MODE_DARK"}, BrandingPolicy, {"theme_mode": 3}),
    ],
)
async def test_each_group(v1: V1, path: str, body: Any, group: Any, expected: dict[str, Any]) -> None:
    """Every group is set for an organisation and for the instance."""
    for verb, prefix, whose in (("POST", "/management/v1/policies", OWN), ("PUT", OF_INSTANCE, "")):
        await v1.ask(verb, f"{prefix}/{path}", body)
        found = await v1.holds(group, whose)
        assert {name: getattr(found, name) for name in expected} == expected


async def test_colours(v1: V1) -> None:
    """Both themes are set by a flat body."""
    await v1.ask("PUT", f"{OF_INSTANCE}/label", {"primaryColor": "#123456", "fontColorDark": "#fff"})
    found = await v1.holds(BrandingPolicy, "")
    assert (found.light_theme.primary_color, found.dark_theme.font_color) == ("#123456", "#fff")


async def test_domain(v1: V1) -> None:
    """The domain policy is set by who may write the instance, of an organisation too."""
    await v1.ask("PUT", f"{OF_INSTANCE}/domain", {"validateOrgDomains": True})
    path = f"/admin/v1/orgs/{OTHER}/policies/domain"
    made = await v1.ask("POST", path, {"userLoginMustBeDomain": True})
    assert made["details"]["resourceOwner"] == OTHER
    assert (await v1.holds(DomainPolicy, OTHER)).login_name_includes_domain
    assert (await v1.holds(DomainPolicy, OWN)).require_org_domain_verification
    await v1.ask("PUT", path, {})
    await v1.ask("DELETE", path)
    with refused(PermissionDenied, "AUTH-5mWD2"):
        await v1.ask("POST", path, {}, ORG_OWNER)


async def test_organisation_of_the_header(v1: V1) -> None:
    """The organisation is the one that the header names, where the caller must hold the permission."""
    await v1.ask("POST", OWN_LOGIN, LOGIN, org=OTHER)
    assert (await v1.holds(LoginPolicy, OTHER)).force_mfa
    assert not (await v1.holds(LoginPolicy, OWN)).force_mfa
    with refused(PermissionDenied, "AUTH-AWfge"):
        await v1.ask("DELETE", OWN_LOGIN, who=ORG_OWNER, org=OTHER)


async def test_doors(v1: V1) -> None:
    """Who holds the permission nowhere is refused before the body is read."""
    for who in (caller(), caller(("instance", "IAM_OWNER_VIEWER"))):
        for verb, path in v1.routes:
            with refused(PermissionDenied, "AUTH-5mWD2"):
                await v1.ask(verb, path.replace("{id}", OWN), b"not JSON", who)
    with refused(PermissionDenied, "AUTH-5mWD2"):
        await v1.ask("PUT", f"{OF_INSTANCE}/login", LOGIN, ORG_OWNER)


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("login", {"passwordCheckLifetime": 3600}, "passwordCheckLifetime"),
        ("login", {"passwordCheckLifetime": "1h"}, "passwordCheckLifetime"),
        ("login", {"secondFactors": ["SECOND_FACTOR_TYPE_UNSPECIFIED"]}, "secondFactors"),
        ("login", {"secondFactors": "SECOND_FACTOR_TYPE_OTP"}, "secondFactors"),
        ("login", {"passwordlessType": 1}, "passwordlessType"),
        ("login", {"forceMfa": "yes"}, "force_mfa"),
        ("password/complexity", {}, "min_length"),
        ("lockout", {"maxOtpAttempts": "-1"}, "max_otp_attempts"),
        ("label", {"primaryColor": "blue"}, "light_theme.primary_color"),
        ("privacy", {"helpLink": "ftp://x"}, "help_link"),
    ],
)
async def test_bad_bodies(v1: V1, path: str, body: Any, named: str) -> None:
    """A value that cannot be is refused with the name of its field."""
    with pytest.raises(InvalidArgument) as raised:
        await v1.ask("PUT", f"{OF_INSTANCE}/{path}", body)
    assert f"value of {named} " in raised.value.message
