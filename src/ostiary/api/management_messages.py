"""Requests of v1 as requests of v2, answers of v2 as answers of v1; both as JSON documents."""

from collections.abc import Mapping
from typing import Any, Final

Document = dict[str, Any]
_PROJECT: Final = {
    "name": "name",
    "projectRoleAssertion": "projectRoleAssertion",
    "projectRoleCheck": "authorizationRequired",
    "hasProjectCheck": "projectAccessRequired",
    "privateLabelingSetting": "privateLabelingSetting",
}
_OIDC: Final = {
    "appType": "applicationType",
    "devMode": "developmentMode",
    **{
        name: name
        for name in (
            "redirectUris", "responseTypes", "grantTypes", "authMethodType", "postLogoutRedirectUris", "version",
            "accessTokenType", "accessTokenRoleAssertion", "idTokenRoleAssertion", "idTokenUserinfoAssertion",
            "clockSkew", "additionalOrigins", "skipNativeAppSuccessPage", "backChannelLogoutUri", "loginVersion",
        )
    },
}  # fmt: skip
_PROFILE: Final = {
    "givenName": "firstName",
    "familyName": "lastName",
    "nickName": "nickName",
    "displayName": "displayName",
    "preferredLanguage": "preferredLanguage",
    "gender": "gender",
}


def details(made: Document, organization_id: str) -> Document:
    """The details of what was just made."""
    at = made.get("creationDate")
    return {"sequence": "1", "creationDate": at, "changeDate": at, "resourceOwner": organization_id}


def project(body: Document, organization_id: str) -> Document:
    """AddProject as CreateProject."""
    return {**_renamed(body, _PROJECT), "organizationId": organization_id}


def oidc_application(body: Document, project_id: str) -> Document:
    """AddOIDCApp as CreateApplication."""
    return _application(body, project_id, "oidcConfiguration", _renamed(body, _OIDC))


def api_application(body: Document, project_id: str) -> Document:
    """AddAPIApp as CreateApplication."""
    configuration = _renamed(body, {"authMethodType": "authMethodType"})
    return _application(body, project_id, "apiConfiguration", configuration)


def oidc_application_made(made: Document, organization_id: str) -> Document:
    """What AddOIDCApp answers; what does not comply was refused, so there is nothing of it to tell."""
    return _made(made, "oidcConfiguration", organization_id)


def api_application_made(made: Document, organization_id: str) -> Document:
    """What AddAPIApp answers."""
    return _made(made, "apiConfiguration", organization_id)


def machine(body: Document, organization_id: str) -> Document:
    """AddMachineUser as CreateUser."""
    of = _renamed(body, {"name": "name", "description": "description"})
    return {"organizationId": organization_id, "username": body.get("userName"), "machine": of}


def login_name_query(login_name: str) -> Document:
    """GetUserByLoginNameGlobal as ListUsers."""
    query = {"loginName": login_name, "method": "TEXT_QUERY_METHOD_EQUALS_IGNORE_CASE"}
    return {"query": {"limit": 1, "asc": True}, "queries": [{"loginNameQuery": query}]}


def user_of_v1(user: Document) -> Document:
    """A user of v2 as one of v1."""
    found: Document = {
        "id": user["userId"],
        "details": user["details"],
        "state": user.get("state"),
        "userName": user.get("username"),
        "loginNames": user.get("loginNames", []),
        "preferredLoginName": user.get("preferredLoginName"),
    }
    if "machine" in user:
        found["machine"] = user["machine"]
    if "human" in user:
        found["human"] = _human(user["human"])
    return found


def _human(human: Document) -> Document:
    found: Document = {"profile": _renamed(human.get("profile", {}), _PROFILE)}
    email, phone = human.get("email"), human.get("phone")
    if email:
        found["email"] = {
            "email": email.get("email"),
            "isEmailVerified": email.get("isVerified", False),
        }
    if phone:
        found["phone"] = {
            "phone": phone.get("phone"),
            "isPhoneVerified": phone.get("isVerified", False),
        }
    if "passwordChanged" in human:
        found["passwordChanged"] = human["passwordChanged"]
    return found


def _application(body: Document, project_id: str, kind: str, configuration: Document) -> Document:
    return {"projectId": project_id, "name": body.get("name"), kind: configuration}


def _made(made: Document, kind: str, organization_id: str) -> Document:
    return {
        "appId": made["applicationId"],
        "details": details(made, organization_id),
        **made[kind],
    }


def _renamed(body: Document, names: Mapping[str, str]) -> Document:
    return {new: body[old] for old, new in names.items() if body.get(old) is not None}
