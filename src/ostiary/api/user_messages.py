"""Users as messages."""

from typing import Literal

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.object.v2.object_pb import Details
from ostiary._pb.zitadel.user.v2 import email_pb, phone_pb, user_pb
from ostiary.core.user import Machine, Profile, User, UserState

_Human = Oneof[Literal["human"], user_pb.HumanUser]
_Machine = Oneof[Literal["machine"], user_pb.MachineUser]
STATES = {
    UserState.ACTIVE: user_pb.UserState.ACTIVE,
    UserState.INACTIVE: user_pb.UserState.INACTIVE,
    UserState.LOCKED: user_pb.UserState.LOCKED,
    UserState.INITIAL: user_pb.UserState.INITIAL,
}


def details_of(user: User) -> Details:
    """Sequence, times and owner (the organisation) of a user."""
    return Details(
        sequence=user.version,
        change_date=Timestamp.from_datetime(user.changed_at),
        creation_date=Timestamp.from_datetime(user.created_at),
        resource_owner=user.organization_id,
    )


def user_message(user: User) -> user_pb.User:
    """The whole user."""
    return user_pb.User(
        user_id=user.id,
        details=details_of(user),
        state=STATES[user.state],
        username=user.username,
        login_names=list(user.login_names),
        preferred_login_name=user.login_names[0],
        type=_type_of(user),
    )


def _type_of(user: User) -> _Human | _Machine:
    if user.machine is not None:
        machine: _Machine = Oneof("machine", _machine_message(user.machine))
        return machine
    human: _Human = Oneof("human", _human_message(user))
    return human


def _machine_message(machine: Machine) -> user_pb.MachineUser:
    return user_pb.MachineUser(
        name=machine.name,
        description=machine.description,
        has_secret=machine.has_secret,
        access_token_type=user_pb.AccessTokenType(machine.access_token_type),
    )


def _human_message(user: User) -> user_pb.HumanUser:
    changed_at, skipped_at = user.password_changed_at, user.mfa_init_skipped_at
    email, phone = user.email, user.phone
    return user_pb.HumanUser(
        profile=_profile_message(user, user.profile) if user.profile else None,
        email=email_pb.HumanEmail(email=email.value, is_verified=email.is_verified) if email else None,
        phone=phone_pb.HumanPhone(phone=phone.value, is_verified=phone.is_verified) if phone else None,
        password_change_required=user.password_change_required,
        password_changed=Timestamp.from_datetime(changed_at) if changed_at else None,
        mfa_init_skipped=Timestamp.from_datetime(skipped_at) if skipped_at else None,
    )


def _profile_message(user: User, profile: Profile) -> user_pb.HumanProfile:
    return user_pb.HumanProfile(
        given_name=profile.given_name,
        family_name=profile.family_name,
        nick_name=profile.nick_name,
        display_name=user.display_name,
        preferred_language=profile.preferred_language,
        gender=user_pb.Gender(profile.gender) if profile.gender is not None else None,
    )
