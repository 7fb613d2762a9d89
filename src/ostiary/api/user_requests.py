"""Messages as what is asked of users."""

from protobuf import Oneof

from ostiary._pb.zitadel.object.v2.object_pb import Organization
from ostiary._pb.zitadel.user.v2 import user_pb
from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary._pb.zitadel.user.v2.email_pb import SendEmailVerificationCode, SetHumanEmail
from ostiary._pb.zitadel.user.v2.password_pb import HashedPassword, Password, SetPassword
from ostiary._pb.zitadel.user.v2.phone_pb import SetHumanPhone
from ostiary.core.user import Machine, Profile
from ostiary.errors import InvalidArgument
from ostiary.users.change import (
    HumanChange,
    MachineChange,
    NewAddress,
    NewHuman,
    NewPassword,
    NewUser,
    OrganizationNamed,
    ProfileChange,
    Proof,
    UserChange,
    Verification,
)

_VERIFICATIONS = {
    "send_code": Verification.SEND_CODE,
    "return_code": Verification.RETURN_CODE,
    "is_verified": Verification.VERIFIED,
}


def added_human(request: pb.AddHumanUserRequest, organization_id: str) -> NewUser:
    """What AddHumanUser asks for; without an organisation it is the call's."""
    metadata = {entry.key: entry.value for entry in request.metadata}
    organization = _named(request.organization, organization_id)
    return NewUser(_new_human(request, metadata), organization, request.user_id, request.username)


def created_user(request: pb.CreateUserRequest) -> NewUser:
    """What CreateUser asks for."""
    organization = OrganizationNamed(request.organization_id)
    match request.user_type:
        case Oneof(field="human", value=pb.CreateUserRequest.Human() as human):
            metadata = {entry.key: entry.value for entry in human.metadata}
            of: NewHuman | Machine = _new_human(human, metadata)
        case Oneof(field="machine", value=pb.CreateUserRequest.Machine() as machine):
            of = Machine(machine.name, machine.description)
        case _:
            raise InvalidArgument("user.type_unnamed", "Say whether the user is a human or a machine")
    return NewUser(of, organization, request.user_id, request.username)


def updated_human(request: pb.UpdateHumanUserRequest) -> UserChange:
    """What UpdateHumanUser asks for."""
    username = request.username if request.has_field("username") else None
    parts = (request.profile, request.email, request.phone, request.password)
    return UserChange(username, _human_change(request) if any(part is not None for part in parts) else None)


def updated_user(request: pb.UpdateUserRequest) -> UserChange:
    """What UpdateUser asks for."""
    username = request.username if request.has_field("username") else None
    match request.user_type:
        case Oneof(field="human", value=pb.UpdateUserRequest.Human() as human):
            return UserChange(username, _human_change(human))
        case Oneof(field="machine", value=pb.UpdateUserRequest.Machine() as machine):
            name = machine.name if machine.has_field("name") else None
            description = machine.description if machine.has_field("description") else None
            return UserChange(username, MachineChange(name, description))
        case _:
            return UserChange(username)


def proof_of(request: pb.SetPasswordRequest | SetPassword) -> Proof:
    """What entitles to set a password."""
    match request.verification:
        case Oneof(field="current_password", value=value):
            return Proof(current_password=value)
        case Oneof(field="verification_code", value=value):
            return Proof(verification_code=value)
        case _:
            return Proof()


def _human_change(wanted: pb.UpdateHumanUserRequest | pb.UpdateUserRequest.Human) -> HumanChange:
    password = wanted.password
    new = password.password_type if password else None
    return HumanChange(
        profile=_profile_change(wanted.profile) if wanted.profile else None,
        email=address_of(wanted.email) if wanted.email else None,
        phone=address_of(wanted.phone) if wanted.phone is not None else None,
        password=None if password is None else password_of(new.value if new else Password()),
        proof=proof_of(password) if password else Proof(),
    )


def _profile_change(wanted: user_pb.SetHumanProfile | pb.UpdateUserRequest.Human.Profile) -> ProfileChange:
    return ProfileChange(
        wanted.given_name if wanted.has_field("given_name") else None,
        wanted.family_name if wanted.has_field("family_name") else None,
        wanted.nick_name if wanted.has_field("nick_name") else None,
        wanted.display_name if wanted.has_field("display_name") else None,
        wanted.preferred_language if wanted.has_field("preferred_language") else None,
        int(wanted.gender) if wanted.has_field("gender") else None,
    )


def address_of(wanted: SetHumanEmail | SetHumanPhone) -> NewAddress:
    """An email address or phone number to set."""
    value = wanted.email if isinstance(wanted, SetHumanEmail) else wanted.phone
    asked = wanted.verification
    if asked is None or asked.value is False:
        return NewAddress(value)
    sent = asked.value if isinstance(asked.value, SendEmailVerificationCode) else None
    return NewAddress(value, _VERIFICATIONS[asked.field], sent.url_template if sent else "")


def password_of(wanted: Password | HashedPassword) -> NewPassword:
    """A password to set, or its hash."""
    if isinstance(wanted, HashedPassword):
        return NewPassword(encoded_hash=wanted.hash, change_required=wanted.change_required)
    return NewPassword(wanted.password, change_required=wanted.change_required)


def _new_human(
    wanted: pb.AddHumanUserRequest | pb.CreateUserRequest.Human, metadata: dict[str, bytes]
) -> NewHuman:
    password = wanted.password_type
    return NewHuman(
        profile=_profile_of(wanted.profile or user_pb.SetHumanProfile()),
        email=address_of(wanted.email or SetHumanEmail()),
        phone=address_of(wanted.phone) if wanted.phone and wanted.phone.phone else None,
        password=password_of(password.value) if password else None,
        totp_secret=wanted.totp_secret,
        metadata=metadata,
        has_identity_links=bool(wanted.idp_links),
    )


def _profile_of(wanted: user_pb.SetHumanProfile) -> Profile:
    return Profile(
        wanted.given_name,
        wanted.family_name,
        nick_name=wanted.nick_name or None,
        display_name=wanted.display_name or None,
        preferred_language=wanted.preferred_language or None,
        gender=int(wanted.gender) if wanted.has_field("gender") else None,
    )


def _named(organization: Organization | None, default_id: str) -> OrganizationNamed:
    match organization.org if organization else None:
        case Oneof(field="org_id", value=str(wanted)) if wanted:
            return OrganizationNamed(id=wanted)
        case Oneof(field="org_domain", value=str(wanted)) if wanted:
            return OrganizationNamed(domain=wanted)
        case _:
            return OrganizationNamed(id=default_id)
