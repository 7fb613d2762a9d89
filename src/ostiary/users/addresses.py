"""A user's email address and phone number: set, with the code that verifies them."""

from ostiary.core.contact import email_of, phone_of
from ostiary.core.url_template import require_template
from ostiary.core.user import Address
from ostiary.users.change import NewAddress, Verification
from ostiary.users.codes import EMAIL, PHONE, Codes, Sending
from ostiary.users.context import Draft


async def set_email(codes: Codes, draft: Draft, wanted: NewAddress) -> str | None:
    """Write the address and its code with the draft; the code if the caller asked for it."""
    if wanted.url_template:
        require_template(wanted.url_template)
    address = _address(draft.user.email, email_of(wanted.value), wanted)
    return await _set(codes, draft, EMAIL, address, wanted)


async def set_phone(codes: Codes, draft: Draft, wanted: NewAddress) -> str | None:
    """Write the number and its code with the draft; the code if the caller asked for it."""
    address = _address(draft.user.phone, phone_of(wanted.value), wanted)
    return await _set(codes, draft, PHONE, address, wanted)


async def remove_phone(codes: Codes, draft: Draft) -> None:
    """No phone any more, and no code for it."""
    draft.set(phone=None)
    await codes.drop(draft, PHONE)


def _address(have: Address | None, value: str, wanted: NewAddress) -> Address:
    """The address; one that stays the same stays verified."""
    kept = have is not None and have.value == value and have.is_verified
    return Address(value, kept or wanted.verification is Verification.VERIFIED)


async def _set(codes: Codes, draft: Draft, purpose: str, address: Address, wanted: NewAddress) -> str | None:
    have = draft.user.email if purpose == EMAIL else draft.user.phone
    draft.set(**{purpose: address})
    asked = wanted.verification
    if asked is Verification.VERIFIED:
        await codes.drop(draft, purpose)
        return None
    if asked is Verification.UNSAID and have is not None and have.value == address.value:
        return None
    if asked is Verification.RETURN_CODE:
        return await codes.issue(draft, purpose, None)
    await codes.issue(draft, purpose, Sending(purpose, address.value, wanted.url_template))
    return None
