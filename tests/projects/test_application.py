"""Applications: registered, changed, switched, removed; secrets and keys shown once."""

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from ostiary.core.client import (
    APPLICATION,
    APPLICATION_KEY,
    AccessTokenForm,
    ApplicationType,
    ClientAuthentication,
)
from ostiary.core.secret import parse_token
from ostiary.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unimplemented,
)
from tests.projects.conftest import ACME_OWNER, LOGIN_CLIENT, OTHER_OWNER, REDIRECT, STRANGER, House, refused


async def test_create_oidc(each_house: House) -> None:
    """A client is registered as asked; its secret is told once and kept as a hash."""
    project_id = await each_house.project()
    made = await each_house.application(
        project_id,
        responseTypes=["OIDC_RESPONSE_TYPE_CODE"],
        grantTypes=["OIDC_GRANT_TYPE_AUTHORIZATION_CODE", "OIDC_GRANT_TYPE_REFRESH_TOKEN"],
        authMethodType="OIDC_AUTH_METHOD_TYPE_POST",
        postLogoutRedirectUris=["https://app.acme.test/"],
        accessTokenRoleAssertion=True,
        idTokenRoleAssertion=True,
        idTokenUserinfoAssertion=True,
        clockSkew="3s",
        additionalOrigins=["https://other.acme.test"],
        skipNativeAppSuccessPage=True,
        backChannelLogoutUri="https://app.acme.test/logout",
        loginVersion={"loginV2": {"baseUri": "https://login.acme.test"}},
    )
    answer = made.application_type.value
    row = await each_house.store.get(APPLICATION, made.application_id)
    assert row is not None
    assert row.oidc is not None
    secret = parse_token(answer.client_secret)
    assert secret is not None
    assert row.secret_hash == secret.secret_hash
    assert secret.id == row.id
    assert (row.client_id, row.authentication) == (answer.client_id, ClientAuthentication.POST)
    assert row.oidc.access_token_form is AccessTokenForm.OPAQUE
    read = (await each_house.rpc("GetApplication", applicationId=row.id)).application
    configuration = read.configuration.value
    assert (read.name, read.project_id, read.state.name) == ("web", project_id, "ACTIVE")
    assert configuration.redirect_uris == [REDIRECT]
    assert configuration.allowed_origins == ["https://app.acme.test", "https://other.acme.test"]
    assert configuration.clock_skew.seconds == 3
    assert configuration.login_version.version.value.base_uri == "https://login.acme.test"
    assert configuration.back_channel_logout_uri == "https://app.acme.test/logout"
    assert configuration.access_token_role_assertion
    assert configuration.id_token_role_assertion
    assert configuration.id_token_userinfo_assertion
    assert configuration.skip_native_app_success_page
    assert not configuration.non_compliant


@pytest.mark.parametrize(
    ("oidc", "kind", "has_secret"),
    [
        ({"applicationType": "OIDC_APP_TYPE_WEB"}, ApplicationType.WEB, True),
        (
            {"applicationType": "OIDC_APP_TYPE_NATIVE", "authMethodType": "OIDC_AUTH_METHOD_TYPE_NONE"},
            ApplicationType.NATIVE,
            False,
        ),
        (
            {"applicationType": "OIDC_APP_TYPE_USER_AGENT", "authMethodType": 2},
            ApplicationType.USER_AGENT,
            False,
        ),
        ({"authMethodType": "OIDC_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"}, ApplicationType.WEB, False),
        ({"accessTokenType": "OIDC_TOKEN_TYPE_JWT"}, ApplicationType.WEB, True),
        ({"loginVersion": {"loginV1": {}}}, ApplicationType.WEB, True),
    ],
)
async def test_kinds_of_clients(
    house: House, oidc: dict[str, Any], kind: ApplicationType, has_secret: bool
) -> None:
    """Who can keep a secret and asks for one gets one."""
    made = await house.application(await house.project(), **oidc)
    row = await house.store.get(APPLICATION, made.application_id)
    assert row is not None
    assert row.type is kind
    assert bool(made.application_type.value.client_secret) == bool(row.secret_hash) == has_secret
    await house.rpc("GetApplication", applicationId=row.id)


async def test_create_api(house: House) -> None:
    """An API has a secret or a key, and no redirect."""
    project_id = await house.project()
    of_project = {"projectId": project_id}
    made = await house.rpc("CreateApplication", **of_project, name="a", apiConfiguration={})
    assert made.application_type.value.client_secret
    signing = {"authMethodType": "API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"}
    made = await house.rpc("CreateApplication", **of_project, name="b", apiConfiguration=signing)
    assert not made.application_type.value.client_secret
    read = (await house.rpc("GetApplication", applicationId=made.application_id)).application
    assert read.configuration.field == "api_configuration"
    assert read.configuration.value.auth_method_type.name == "PRIVATE_KEY_JWT"
    same = {**of_project, "applicationId": made.application_id}
    await house.rpc("UpdateApplication", **same, apiConfiguration={"authMethodType": 0})
    await house.rpc("GenerateClientSecret", **same)
    with refused(FailedPrecondition, "application.other_kind"):
        await house.rpc("UpdateApplication", **same, oidcConfiguration={})


async def test_create_refused(house: House) -> None:
    """Names are one application's in a project, ids one's in the instance; SAML is not there yet."""
    project_id = await house.project()
    made = await house.application(project_id)
    with refused(AlreadyExists, "application.name_taken"):
        await house.application(project_id)
    taken = {"projectId": project_id, "name": "x", "applicationId": made.application_id}
    with refused(AlreadyExists, "application.id_taken"):
        await house.rpc("CreateApplication", **taken, apiConfiguration={})
    with refused(Unimplemented, "application.saml"):
        await house.rpc("CreateApplication", **taken, samlConfiguration={"metadataUrl": "https://a.test"})
    with refused(Unimplemented, "application.saml"):
        await house.rpc("UpdateApplication", **taken, samlConfiguration={})
    with refused(InvalidArgument, "client_uri.scheme"):
        await house.application(project_id, "y", redirectUris=["javascript:alert(1)"])
    with refused(InvalidArgument, "application.clock_skew"):
        await house.application(project_id, "y", clockSkew="0.5s")
    with refused(InvalidArgument, "client.type_unknown"):
        await house.application(project_id, "y", grantTypes=[99])
    with refused(NotFound, "project.unknown"):
        await house.application("none")


async def test_a_secret_of_a_chosen_id(house: House) -> None:
    """An id that is no number has a secret all the same."""
    project_id = await house.project()
    made = await house.rpc(
        "CreateApplication", projectId=project_id, applicationId="my-api", name="x", apiConfiguration={}
    )
    assert made.application_id == "my-api"
    assert parse_token(made.application_type.value.client_secret) is not None


async def test_update(each_house: House) -> None:
    """What is named changes; an empty list or an absent field changes nothing."""
    project_id = await each_house.project()
    made = await each_house.application(project_id, additionalOrigins=["https://a.test"])
    same = {"projectId": project_id, "applicationId": made.application_id}
    before = await each_house.store.get(APPLICATION, made.application_id)
    assert before is not None
    each_house.effects.later(seconds=1)
    await each_house.rpc("UpdateApplication", **same, name="web", oidcConfiguration={})
    assert await each_house.store.get(APPLICATION, made.application_id) == before
    await each_house.rpc(
        "UpdateApplication",
        **same,
        name="site",
        oidcConfiguration={
            "redirectUris": ["https://b.test/cb"],
            "developmentMode": True,
            "accessTokenType": "OIDC_TOKEN_TYPE_JWT",
            "accessTokenRoleAssertion": False,
        },
    )
    after = await each_house.store.get(APPLICATION, made.application_id)
    assert after is not None
    assert after.oidc is not None
    assert (after.name, after.oidc.redirect_uris) == ("site", ("https://b.test/cb",))
    assert after.oidc.additional_origins == ("https://a.test",)
    assert after.oidc.is_development
    assert after.oidc.access_token_form is AccessTokenForm.JWT
    assert after.secret_hash == before.secret_hash
    await each_house.rpc("UpdateApplication", **same, oidcConfiguration={"developmentMode": False})
    await each_house.application(project_id, "taken")
    with refused(AlreadyExists, "application.name_taken"):
        await each_house.rpc("UpdateApplication", **same, name="taken")
    with refused(InvalidArgument, "redirect_uri.fragment"):
        bad = {"redirectUris": ["https://b.test/#x"]}
        await each_house.rpc("UpdateApplication", **same, oidcConfiguration=bad)
    with refused(FailedPrecondition, "application.other_kind"):
        await each_house.rpc("UpdateApplication", **same, apiConfiguration={})


async def test_a_public_client_has_no_secret(house: House) -> None:
    """Whoever becomes public loses the secret, and gets a new one only by asking."""
    project_id = await house.project()
    made = await house.application(project_id)
    same = {"projectId": project_id, "applicationId": made.application_id}
    public = {
        "applicationType": "OIDC_APP_TYPE_USER_AGENT",
        "authMethodType": "OIDC_AUTH_METHOD_TYPE_NONE",
    }
    with refused(InvalidArgument, "client.secret_not_kept"):
        half = {"applicationType": "OIDC_APP_TYPE_USER_AGENT"}
        await house.rpc("UpdateApplication", **same, oidcConfiguration=half)
    await house.rpc("UpdateApplication", **same, oidcConfiguration=public)
    row = await house.store.get(APPLICATION, made.application_id)
    assert row is not None
    assert row.secret_hash == b""
    with refused(FailedPrecondition, "application.no_secret"):
        await house.rpc("GenerateClientSecret", **same)


async def test_new_secret(house: House) -> None:
    """A new secret takes the place of the old at once."""
    project_id = await house.project()
    made = await house.application(project_id)
    same = {"projectId": project_id, "applicationId": made.application_id}
    answer = await house.rpc("GenerateClientSecret", **same)
    secret = parse_token(answer.client_secret)
    row = await house.store.get(APPLICATION, made.application_id)
    assert row is not None
    assert secret is not None
    assert row.secret_hash == secret.secret_hash
    assert answer.client_secret != made.application_type.value.client_secret


async def test_states_and_delete(each_house: House) -> None:
    """An application goes off, on, and away with its keys."""
    project_id, other_id = await each_house.project("a"), await each_house.project("b")
    made = await each_house.application(project_id)
    same = {"projectId": project_id, "applicationId": made.application_id}
    with refused(FailedPrecondition, "application.state_same"):
        await each_house.rpc("ReactivateApplication", **same)
    assert (await each_house.rpc("DeactivateApplication", **same)).deactivation_date is not None
    read = (await each_house.rpc("GetApplication", applicationId=made.application_id)).application
    assert read.state.name == "INACTIVE"
    assert (await each_house.rpc("ReactivateApplication", **same)).reactivation_date is not None
    key = await each_house.rpc("CreateApplicationKey", **same)
    with refused(NotFound, "application.unknown"):
        await each_house.rpc("DeleteApplication", **{**same, "projectId": other_id})
    assert (await each_house.rpc("DeleteApplication", **same)).deletion_date is not None
    assert await each_house.store.get(APPLICATION_KEY, key.key_id) is None
    for name in ("DeleteApplication", "DeactivateApplication", "GenerateClientSecret"):
        with refused(NotFound, "application.unknown"):
            await each_house.rpc(name, **same)
    with refused(NotFound, "application.unknown"):
        await each_house.rpc("GetApplication", applicationId=made.application_id)


async def test_keys(each_house: House) -> None:
    """A key's private half is told once; the public one is kept under the client id."""
    project_id = await each_house.project()
    made = await each_house.application(project_id)
    same = {"projectId": project_id, "applicationId": made.application_id}
    answer = await each_house.rpc("CreateApplicationKey", **same, expirationDate="2030-01-01T00:00:00Z")
    file = msgspec.json.decode(answer.key_details)
    client_id = made.application_type.value.client_id
    assert (file["type"], file["keyId"]) == ("application", answer.key_id)
    assert (file["appId"], file["clientId"]) == (made.application_id, client_id)
    private = serialization.load_pem_private_key(file["key"].encode(), None)
    row = await each_house.store.get(APPLICATION_KEY, answer.key_id)
    assert row is not None
    assert serialization.load_pem_public_key(row.pem.encode()) == private.public_key()
    assert row.owner_id == client_id
    read = await each_house.rpc("GetApplicationKey", keyId=answer.key_id)
    assert read.expiration_date.to_datetime().year == 2030
    cases: list[tuple[dict[str, Any], int]] = [
        ({"applicationIdFilter": {"applicationId": made.application_id}}, 1),
        ({"applicationIdFilter": {"applicationId": "none"}}, 0),
        ({"projectIdFilter": {"projectId": project_id}}, 1),
        ({"organizationIdFilter": {"organizationId": "none"}}, 0),
    ]
    for condition, count in cases:
        page = await each_house.rpc("ListApplicationKeys", filters=[condition])
        assert [key.application_id for key in page.keys] == [made.application_id] * count
    for name in ("DeleteApplicationKey", "ListApplicationKeys"):
        with refused(*_refusal(name)):
            await each_house.rpc(name, **_wrong(name, same))
    await each_house.rpc("DeleteApplicationKey", **same, keyId=answer.key_id)
    with refused(NotFound, "application.key_unknown"):
        await each_house.rpc("GetApplicationKey", keyId=answer.key_id)


def _refusal(name: str) -> tuple[Any, str]:
    if name == "DeleteApplicationKey":
        return NotFound, "application.key_unknown"
    return InvalidArgument, "list.filter_unnamed"


def _wrong(name: str, same: dict[str, str]) -> dict[str, Any]:
    return {**same, "keyId": "none"} if name == "DeleteApplicationKey" else {"filters": [{}]}


async def test_keys_refused(house: House) -> None:
    """A key ends in the future, if it ends."""
    project_id = await house.project()
    made = await house.application(project_id)
    same = {"projectId": project_id, "applicationId": made.application_id}
    with refused(InvalidArgument, "application.key_expiry_past"):
        await house.rpc("CreateApplicationKey", **same, expirationDate="2020-01-01T00:00:00Z")
    key = await house.rpc("CreateApplicationKey", **same)
    for who, error, id_ in (
        (STRANGER, NotFound, "AUTHZ-cdgFk"),
        (OTHER_OWNER, PermissionDenied, "AUTH-AWfge"),
    ):
        with refused(error, id_):
            await house.rpc("GetApplicationKey", who, keyId=key.key_id)


async def test_permissions(house: House) -> None:
    """Applications are read and changed by those who hold the right on their project."""
    project_id = await house.project()
    made = await house.application(project_id)
    same = {"projectId": project_id, "applicationId": made.application_id}
    with refused(PermissionDenied, "AUTH-AWfge"):
        await house.rpc("UpdateApplication", LOGIN_CLIENT, **same, name="x")
    await house.rpc("GetApplication", LOGIN_CLIENT, applicationId=made.application_id)
    for who, error, id_ in (
        (STRANGER, NotFound, "AUTHZ-cdgFk"),
        (OTHER_OWNER, PermissionDenied, "AUTH-AWfge"),
    ):
        with refused(error, id_):
            await house.rpc("GetApplication", who, applicationId=made.application_id)
        with refused(error, id_):
            await house.rpc("DeleteApplication", who, **same)
        assert (await house.rpc("ListApplications", who)).pagination.total_result == 0


async def test_search(each_house: House) -> None:
    """Every filter and order of the list."""
    first, second = await each_house.project("a"), await each_house.project("b")
    web = await each_house.application(first, "Web")
    api = await each_house.rpc("CreateApplication", projectId=second, name="api", apiConfiguration={})
    await each_house.rpc("DeactivateApplication", projectId=second, applicationId=api.application_id)
    web_id, api_id = web.application_id, api.application_id
    method = "TEXT_FILTER_METHOD_EQUALS_IGNORE_CASE"
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"projectIdFilter": {"projectId": first}}, [web_id]),
        ({"nameFilter": {"name": "wEB", "method": method}}, [web_id]),
        ({"stateFilter": "APPLICATION_STATE_INACTIVE"}, [api_id]),
        ({"stateFilter": "APPLICATION_STATE_REMOVED"}, []),
        ({"typeFilter": "APPLICATION_TYPE_OIDC"}, [web_id]),
        ({"typeFilter": "APPLICATION_TYPE_API"}, [api_id]),
        ({"typeFilter": "APPLICATION_TYPE_SAML"}, []),
        ({"clientIdFilter": {"clientId": web.application_type.value.client_id}}, [web_id]),
        ({"entityIdFilter": {"entityId": "x"}}, []),
    ]
    for condition, wanted in cases:
        page = await each_house.rpc("ListApplications", filters=[condition])
        assert [one.application_id for one in page.applications] == wanted, condition
    page = await each_house.rpc(
        "ListApplications", sortingColumn="APPLICATION_SORT_BY_NAME", pagination={"asc": True}
    )
    assert [one.name for one in page.applications] == ["Web", "api"]
    with refused(InvalidArgument, "list.filter_unnamed"):
        await each_house.rpc("ListApplications", filters=[{}])


async def test_nothing_secret_shows(house: House) -> None:
    """What carries a secret or a private key does not show it."""
    project_id = await house.project()
    made = await house.application(project_id)
    again = await house.projects.applications.new_secret(ACME_OWNER, project_id, made.application_id)
    key = await house.projects.application_keys.add(ACME_OWNER, project_id, made.application_id, None)
    assert again.secret not in repr(again)
    assert "PRIVATE" not in repr(key)
