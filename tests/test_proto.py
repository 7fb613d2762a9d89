"""What the interface definitions say beyond shapes, read at run time.

The idiom, for whoever builds the router, the door or the validator:

    from ostiary._pb.google.api.annotations_pb import ext_http
    from ostiary._pb.ostiary.v1.options_pb import (
        ext_door, ext_http_status, ext_limits, ext_required,
    )
    from ostiary._pb.zitadel.session.v2 import session_service_pb

    for service in session_service_pb.desc().services:          # service.type_name
        for method in service.methods:
            options = method.proto.options                      # None if it has no option at all
            rule = options[ext_http]                            # only after `ext_http in options`
            verb, path = rule.pattern.field, rule.pattern.value  # "post", "/v2/sessions/search"
            whole_body = rule.body == "*"
            permission = options[ext_door].permission           # "": any authenticated caller
            status = options[ext_http_status] if ext_http_status in options else 200
            request = method.input.type                         # the message's class

    for field in request.desc().fields:                         # members of oneofs too
        options = field.proto.options
        limits = options[ext_limits] if options is not None and ext_limits in options else None
        optional = field.proto.proto3_optional
        oneof = getattr(field.value, "oneof", None)             # its DescOneof, if it is a member

    for oneof in request.desc().oneofs:
        options = oneof.proto.options
        required = options is not None and ext_required in options and options[ext_required]

`ext in options` tells whether an option was written; `options[ext]` of an absent one answers the
type's zero value.
"""

import re
from collections.abc import Iterator
from types import ModuleType

import pytest
from protobuf import DescFile, DescMessage, DescMethod, Oneof

from ostiary._pb.google.api.annotations_pb import ext_http
from ostiary._pb.ostiary.v1.options_pb import (
    Limits,
    ext_door,
    ext_http_status,
    ext_limits,
    ext_required,
)
from ostiary._pb.zitadel.application.v2 import application_service_pb
from ostiary._pb.zitadel.authorization.v2 import authorization_service_pb
from ostiary._pb.zitadel.filter.v2 import filter_pb
from ostiary._pb.zitadel.idp.v2 import idp_service_pb
from ostiary._pb.zitadel.internal_permission.v2 import internal_permission_service_pb
from ostiary._pb.zitadel.oidc.v2 import oidc_service_pb
from ostiary._pb.zitadel.org.v2 import org_service_pb
from ostiary._pb.zitadel.project.v2 import project_service_pb
from ostiary._pb.zitadel.session.v2 import challenge_pb, session_pb, session_service_pb
from ostiary._pb.zitadel.settings.v2 import settings_service_pb
from ostiary._pb.zitadel.user.v2 import query_pb, user_service_pb

REST = (
    session_service_pb,
    user_service_pb,
    settings_service_pb,
    org_service_pb,
    oidc_service_pb,
    idp_service_pb,
)
NO_REST = (
    project_service_pb,
    application_service_pb,
    authorization_service_pb,
    internal_permission_service_pb,
)


def methods(*files: DescFile) -> Iterator[DescMethod]:
    """Every RPC of the files."""
    for file in files:
        for service in file.services:
            yield from service.methods


def method(file: DescFile, name: str) -> DescMethod:
    """The RPC of that name."""
    return next(found for found in methods(file) if found.name == name)


def http(rpc: DescMethod) -> tuple[str, str, str]:
    """Verb, path and body of its REST rule."""
    assert rpc.proto.options is not None
    rule = rpc.proto.options[ext_http]
    assert isinstance(rule.pattern, Oneof)
    assert isinstance(rule.pattern.value, str)
    return rule.pattern.field, rule.pattern.value, rule.body


def permission(rpc: DescMethod) -> str:
    """What the door asks for."""
    assert rpc.proto.options is not None
    return rpc.proto.options[ext_door].permission


def status(rpc: DescMethod) -> int:
    """The success code of the REST answer."""
    options = rpc.proto.options
    return options[ext_http_status] if options and ext_http_status in options else 200


def limits(message: DescMessage, name: str) -> Limits | None:
    """The rules of a field."""
    options = next(field for field in message.fields if field.name == name).proto.options
    return options[ext_limits] if options is not None and ext_limits in options else None


def required(message: DescMessage, name: str) -> bool:
    """Whether one member of the oneof must be set."""
    options = next(oneof for oneof in message.oneofs if oneof.name == name).proto.options
    return options is not None and ext_required in options and options[ext_required]


def test_rest_rules_of_sessions() -> None:
    """The five session calls lie where ZITADEL's documentation puts them."""
    assert {rpc.name: http(rpc) for rpc in methods(session_service_pb.desc())} == {
        "ListSessions": ("post", "/v2/sessions/search", "*"),
        "GetSession": ("get", "/v2/sessions/{session_id}", ""),
        "CreateSession": ("post", "/v2/sessions", "*"),
        "SetSession": ("patch", "/v2/sessions/{session_id}", "*"),
        "DeleteSession": ("delete", "/v2/sessions/{session_id}", "*"),
    }


def test_created_answers_201() -> None:
    """Creating a session and an organisation answer 201, everything else 200."""
    found = {rpc.name: status(rpc) for file in REST for rpc in methods(file.desc())}
    assert {name for name, code in found.items() if code != 200} == {
        "CreateSession",
        "AddOrganization",
    }
    assert found["CreateSession"] == found["AddOrganization"] == 201


@pytest.mark.parametrize("file", REST, ids=lambda file: file.__name__.rpartition(".")[2])
def test_every_call_has_a_door_and_a_path(file: ModuleType) -> None:
    """No call lacks a door, and the variables of its path are fields of its request."""
    for rpc in methods(file.desc()):
        assert rpc.proto.options is not None
        assert ext_door in rpc.proto.options, rpc.name
        verb, path, body = http(rpc)
        variables = set(re.findall(r"{(\w+)}", path))
        assert variables <= {field.name for field in rpc.input.fields}, rpc.name
        if verb != "delete":
            assert (body == "*") == (verb != "get"), rpc.name


@pytest.mark.parametrize("file", NO_REST, ids=lambda file: file.__name__.rpartition(".")[2])
def test_newer_services_have_doors_but_no_paths(file: ModuleType) -> None:
    """The services that became final late are reached by Connect and gRPC only, as in ZITADEL."""
    for rpc in methods(file.desc()):
        assert rpc.proto.options is not None
        assert ext_door in rpc.proto.options, rpc.name
        assert ext_http not in rpc.proto.options, rpc.name


def test_doors() -> None:
    """A door names its permission, or nothing if any authenticated caller may pass."""
    assert permission(method(session_service_pb.desc(), "CreateSession")) == ""
    assert permission(method(user_service_pb.desc(), "AddHumanUser")) == "user.write"
    assert permission(method(settings_service_pb.desc(), "GetLoginSettings")) == "policy.read"
    assert permission(method(org_service_pb.desc(), "AddOrganization")) == "org.create"
    assert permission(method(project_service_pb.desc(), "GetProject")) == "project.read"


def test_limits_of_a_field() -> None:
    """The limits of a field are read from its descriptor."""
    get = session_service_pb.GetSessionRequest.desc()
    create = session_service_pb.CreateSessionRequest.desc()
    assert limits(get, "session_id") == Limits(required=True, min_len=1, max_len=200)
    assert limits(create, "lifetime") == Limits(positive=True)
    assert limits(create, "metadata") is None
    challenge = challenge_pb.RequestChallenges.WebAuthN.desc()
    assert limits(challenge, "user_verification_requirement") == Limits(defined_only=True, not_zero=True)


def test_limits_of_items() -> None:
    """A repeated field carries rules for the list and for each of its items."""
    assert limits(filter_pb.InIDsFilter.desc(), "ids") == Limits(
        unique=True, items=Limits(min_len=1, max_len=200)
    )


def test_required_oneofs() -> None:
    """A oneof is required only where its absence has no error id of its own."""
    assert required(session_service_pb.CheckUser.desc(), "search")
    assert required(query_pb.SearchQuery.desc(), "query")
    assert not required(session_pb.SearchQuery.desc(), "query")
    assert not required(oidc_service_pb.CreateCallbackRequest.desc(), "callback_kind")


def test_json_names() -> None:
    """Names with digits and single letters become the JSON names the SDKs send."""
    checks = {field.name: field.json_name for field in session_service_pb.Checks.desc().fields}
    assert checks["web_auth_n"] == "webAuthN"
    assert checks["otp_sms"] == "otpSms"
    u2f = {field.json_name for field in user_service_pb.RemoveU2FRequest.desc().fields}
    assert u2f == {"userId", "u2fId"}


def test_enum_numbers_survive_an_alias() -> None:
    """The older name of an aliased enum value is the one written."""
    settings = settings_service_pb.GetLoginSettingsResponse.from_json(
        '{"settings":{"secondFactors":["SECOND_FACTOR_TYPE_TOTP","SECOND_FACTOR_TYPE_RECOVERY_CODES"]}}'
    )
    assert settings.to_json() == (
        '{"settings":{"secondFactors":["SECOND_FACTOR_TYPE_OTP","SECOND_FACTOR_TYPE_RECOVERY_CODES"]}}'
    )
