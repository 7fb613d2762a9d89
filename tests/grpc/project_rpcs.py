"""Every RPC of projects, applications, authorisations and administrators that has a handler."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from tests.grpc.rpcs import ORGANIZATION, Rpc, Values, World, tomorrow

PROJECT, APPLICATION = "zitadel.project.v2.ProjectService", "zitadel.application.v2.ApplicationService"
AUTHORIZATION = "zitadel.authorization.v2.AuthorizationService"
ADMINISTRATOR = "zitadel.internal_permission.v2.InternalPermissionService"
ROLES: Final = {"roleKeys": ["reader"]}


class Projects(World):
    """What these requests name besides."""

    @cached_property
    def project(self) -> dict[str, str]:
        """A project."""
        made = self.client.ok(f"{PROJECT}/CreateProject", {"organizationId": self.home, "name": self.name})
        return {"projectId": made["projectId"]}

    @cached_property
    def role(self) -> dict[str, str]:
        """A role of the project."""
        role = {**self.project, "roleKey": "reader"}
        self.client.ok(f"{PROJECT}/AddProjectRole", {**role, "displayName": "Reader"})
        return role

    @cached_property
    def grant(self) -> dict[str, str]:
        """The project and another organisation, which is granted the role."""
        other = self.client.ok(f"{ORGANIZATION}/AddOrganization", {"name": self.name})["organizationId"]
        grant = {**self.project, "grantedOrganizationId": other}
        assert self.role
        self.client.ok(f"{PROJECT}/CreateProjectGrant", {**grant, **ROLES})
        return grant

    @cached_property
    def application(self) -> dict[str, str]:
        """A web application of the project."""
        made = self.client.ok(f"{APPLICATION}/CreateApplication", self.web())
        return {**self.project, "applicationId": made["applicationId"]}

    def web(self) -> dict[str, Any]:
        """What is needed to create a web application."""
        configuration = {
            "redirectUris": ["https://app.example.com/callback"],
            "responseTypes": ["OIDC_RESPONSE_TYPE_CODE"],
            "grantTypes": ["OIDC_GRANT_TYPE_AUTHORIZATION_CODE"],
            "applicationType": "OIDC_APP_TYPE_WEB",
            "authMethodType": "OIDC_AUTH_METHOD_TYPE_BASIC",
        }
        return {**self.project, "name": self.name, "oidcConfiguration": configuration}

    @cached_property
    def api(self) -> dict[str, str]:
        """An API of the project, which signs with a key."""
        configuration = {"authMethodType": "API_AUTH_METHOD_TYPE_PRIVATE_KEY_JWT"}
        request = {**self.project, "name": f"{self.name}-api", "apiConfiguration": configuration}
        made = self.client.ok(f"{APPLICATION}/CreateApplication", request)
        return {**self.project, "applicationId": made["applicationId"]}

    @cached_property
    def application_key(self) -> dict[str, str]:
        """A key of the API."""
        request = {**self.api, "expirationDate": tomorrow()}
        return {**self.api, "keyId": self.client.ok(f"{APPLICATION}/CreateApplicationKey", request)["keyId"]}

    @cached_property
    def authorization(self) -> dict[str, str]:
        """The person has the role."""
        assert self.role
        request = {**self.human, **self.project, "organizationId": self.home, **ROLES}
        return {"id": self.client.ok(f"{AUTHORIZATION}/CreateAuthorization", request)["id"]}

    @cached_property
    def administrator(self) -> dict[str, Any]:
        """The person administers the organisation."""
        administrator = {**self.human, "resource": {"organizationId": self.home}}
        request = {**administrator, "roles": ["ORG_OWNER"]}
        self.client.ok(f"{ADMINISTRATOR}/CreateAdministrator", request)
        return administrator

    def after(self, rpc: str, request: Values) -> Values:
        """The request, after the same of another RPC."""
        self.client.ok(rpc, request)
        return request


def _named(world: Projects) -> Values:
    return {**world.project, "name": f"{world.name}-new"}


def _fresh_grant(world: Projects) -> Values:
    """A grant that is made anew: the one there is was deleted."""
    world.client.ok(f"{PROJECT}/DeleteProjectGrant", world.grant)
    return {**world.grant, **ROLES}


RPCS: Final[Mapping[str, Rpc]] = {
    f"{PROJECT}/CreateProject": Rpc(
        lambda world: {"organizationId": world.home, "name": world.name}, ("projectId", "creationDate")
    ),
    f"{PROJECT}/UpdateProject": Rpc(_named, ("changeDate",)),
    f"{PROJECT}/DeleteProject": Rpc(lambda world: world.project, ("deletionDate",)),
    f"{PROJECT}/GetProject": Rpc(lambda world: world.project, ("project",)),
    f"{PROJECT}/ListProjects": Rpc(
        lambda world: {"filters": [{"inProjectIdsFilter": {"ids": [world.project["projectId"]]}}]},
        ("projects", "pagination"),
    ),
    f"{PROJECT}/DeactivateProject": Rpc(lambda world: world.project, ("changeDate",)),
    f"{PROJECT}/ActivateProject": Rpc(
        lambda world: world.after(f"{PROJECT}/DeactivateProject", world.project), ("changeDate",)
    ),
    f"{PROJECT}/AddProjectRole": Rpc(
        lambda world: {**world.project, "roleKey": "reader", "displayName": "Reader"}, ("creationDate",)
    ),
    f"{PROJECT}/UpdateProjectRole": Rpc(
        lambda world: {**world.role, "displayName": "Who reads"}, ("changeDate",)
    ),
    f"{PROJECT}/RemoveProjectRole": Rpc(lambda world: world.role, ("removalDate",)),
    f"{PROJECT}/ListProjectRoles": Rpc(
        lambda world: {"projectId": world.role["projectId"]}, ("projectRoles", "pagination")
    ),
    f"{PROJECT}/CreateProjectGrant": Rpc(_fresh_grant, ("creationDate",)),
    f"{PROJECT}/UpdateProjectGrant": Rpc(
        lambda world: {**world.grant, "roleKeys": []}, ("changeDate",)
    ),
    f"{PROJECT}/DeleteProjectGrant": Rpc(lambda world: world.grant, ("deletionDate",)),
    f"{PROJECT}/DeactivateProjectGrant": Rpc(lambda world: world.grant, ("changeDate",)),
    f"{PROJECT}/ActivateProjectGrant": Rpc(
        lambda world: world.after(f"{PROJECT}/DeactivateProjectGrant", world.grant), ("changeDate",)
    ),
    f"{PROJECT}/ListProjectGrants": Rpc(
        lambda world: {"filters": [{"inProjectIdsFilter": {"ids": [world.grant["projectId"]]}}]},
        ("projectGrants", "pagination"),
    ),
    f"{APPLICATION}/CreateApplication": Rpc(lambda world: world.web(), ("applicationId", "creationDate")),
    f"{APPLICATION}/UpdateApplication": Rpc(
        lambda world: {**world.application, "name": f"{world.name}-new"}, ("changeDate",)
    ),
    f"{APPLICATION}/GetApplication": Rpc(
        lambda world: {"applicationId": world.application["applicationId"]}, ("application",)
    ),
    f"{APPLICATION}/DeleteApplication": Rpc(lambda world: world.application, ("deletionDate",)),
    f"{APPLICATION}/DeactivateApplication": Rpc(lambda world: world.application, ("deactivationDate",)),
    f"{APPLICATION}/ReactivateApplication": Rpc(
        lambda world: world.after(f"{APPLICATION}/DeactivateApplication", world.application),
        ("reactivationDate",),
    ),
    f"{APPLICATION}/GenerateClientSecret": Rpc(
        lambda world: world.application, ("clientSecret", "creationDate")
    ),
    f"{APPLICATION}/ListApplications": Rpc(
        lambda world: {"filters": [{"projectIdFilter": {"projectId": world.application["projectId"]}}]},
        ("applications", "pagination"),
    ),
    f"{APPLICATION}/CreateApplicationKey": Rpc(
        lambda world: {**world.api, "expirationDate": tomorrow()}, ("keyId", "keyDetails", "creationDate")
    ),
    f"{APPLICATION}/DeleteApplicationKey": Rpc(lambda world: world.application_key, ("deletionDate",)),
    f"{APPLICATION}/GetApplicationKey": Rpc(
        lambda world: {"keyId": world.application_key["keyId"]}, ("keyId", "creationDate", "expirationDate")
    ),
    f"{APPLICATION}/ListApplicationKeys": Rpc(
        lambda world: {
            "filters": [{"applicationIdFilter": {"applicationId": world.application_key["applicationId"]}}]
        },
        ("keys", "pagination"),
    ),
    f"{AUTHORIZATION}/CreateAuthorization": Rpc(
        lambda world: {
            **world.human, "projectId": world.role["projectId"], "organizationId": world.home, **ROLES
        },
        ("id", "creationDate"),
    ),
    f"{AUTHORIZATION}/UpdateAuthorization": Rpc(
        lambda world: {**world.authorization, "roleKeys": []}, ("changeDate",)
    ),
    f"{AUTHORIZATION}/DeleteAuthorization": Rpc(lambda world: world.authorization, ("deletionDate",)),
    f"{AUTHORIZATION}/DeactivateAuthorization": Rpc(lambda world: world.authorization, ("changeDate",)),
    f"{AUTHORIZATION}/ActivateAuthorization": Rpc(
        lambda world: world.after(f"{AUTHORIZATION}/DeactivateAuthorization", world.authorization),
        ("changeDate",),
    ),
    f"{AUTHORIZATION}/ListAuthorizations": Rpc(
        lambda world: {"filters": [{"authorizationIds": {"ids": [world.authorization["id"]]}}]},
        ("authorizations", "pagination"),
    ),
    f"{ADMINISTRATOR}/CreateAdministrator": Rpc(
        lambda world: {
            **world.human, "resource": {"organizationId": world.home}, "roles": ["ORG_OWNER"]
        },
        ("creationDate",),
    ),
    f"{ADMINISTRATOR}/UpdateAdministrator": Rpc(
        lambda world: {**world.administrator, "roles": ["ORG_OWNER_VIEWER"]}, ("changeDate",)
    ),
    f"{ADMINISTRATOR}/DeleteAdministrator": Rpc(lambda world: world.administrator, ("deletionDate",)),
    f"{ADMINISTRATOR}/ListAdministrators": Rpc(
        lambda world: {"filters": [{"inUserIdsFilter": {"ids": [world.administrator["userId"]]}}]},
        ("administrators", "pagination"),
    ),
}  # fmt: skip
