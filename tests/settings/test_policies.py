"""Groups of settings set and reset: who may, what is judged, and that it counts at once, on every store."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from protobuf.wkt import Struct

from ostiary._pb.zitadel.settings.v2 import settings_service_pb as pb
from ostiary._pb.zitadel.settings.v2.security_settings_pb import EmbeddedIframeSettings
from ostiary.core.organization import INSTANCE, ORGANIZATION, Instance, Organization
from ostiary.core.policy import (
    BrandingPolicy,
    DomainPolicy,
    LockoutPolicy,
    LoginPolicy,
    PasswordComplexityPolicy,
    SecurityPolicy,
    TokenPolicy,
)
from ostiary.errors import AlreadyExists, InvalidArgument, NotFound, OstiaryError
from ostiary.settings.commands import Before, PolicyCommands
from ostiary.storage.cache import Cache
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put, Store
from ostiary.storage.sqlite import SqliteStore
from tests.doubles.effects import START, SettableEffects
from tests.settings.conftest import IAM_OWNER, ORG_OWNER, OTHER, OWN, Desk, caller, one


class Place:
    """A store with an instance and an organisation, changed through one cache and read through another."""

    def __init__(self, store: Store) -> None:
        self.effects = SettableEffects()
        self.store = store
        self.commands = PolicyCommands(store, Cache(store), self.effects)
        self.elsewhere = Cache(store)


@pytest.fixture(params=["memory", "sqlite"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place on each store."""
    makers: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "test.db"),
    }
    made = Place(makers[request.param]())
    home = Organization(OWN, "Acme", "acme.test", START, START)
    puts = (Put(INSTANCE, Instance("1", OWN, START)), Put(ORGANIZATION, home))
    await made.store.save(Changes(puts=puts))
    yield made
    await made.store.close()


def refused(error: type[OstiaryError], id: str) -> Any:  # noqa: A002
    """The block raises this error with this id."""
    return pytest.raises(error, check=lambda raised: raised.id == id)


async def test_counts_at_once(place: Place) -> None:
    """What is set holds for every process from its next request on, and what is reset no longer."""

    async def attempts(organization_id: str) -> int:
        await place.elsewhere.fresh()
        return (await place.elsewhere.policy(LockoutPolicy, organization_id)).max_otp_attempts

    assert await attempts(OWN) == 100
    await place.commands.set(IAM_OWNER, LockoutPolicy, "", {"max_otp_attempts": 7})
    assert await attempts(OWN) == 7
    await place.commands.set(IAM_OWNER, LockoutPolicy, OWN, {"max_otp_attempts": 3})
    assert (await attempts(OWN), await attempts("")) == (3, 7)
    await place.commands.reset(IAM_OWNER, LockoutPolicy, OWN)
    await place.commands.reset(IAM_OWNER, LockoutPolicy, "")
    assert await attempts(OWN) == 100


async def test_rows(place: Place) -> None:
    """A row keeps when it was made and changed; setting what is set changes nothing."""
    first = await place.commands.set(IAM_OWNER, LockoutPolicy, OWN, {"max_otp_attempts": 3})
    place.effects.later(minutes=1)
    assert await place.commands.set(IAM_OWNER, LockoutPolicy, OWN, {"max_otp_attempts": 3}) == first
    second = await place.commands.set(IAM_OWNER, LockoutPolicy, OWN, {"max_password_attempts": 5})
    assert (second.version, second.created_at) == (first.version + 1, START)
    assert second.changed_at == place.effects.now()
    assert second.values == {"max_otp_attempts": 3, "max_password_attempts": 5}


async def test_parallel_changes(place: Place) -> None:
    """Of changes at the same time none is lost, and of two first ones one is first."""
    names = ("max_otp_attempts", "max_password_attempts")
    tries = [place.commands.set(IAM_OWNER, LockoutPolicy, "", {name: 4}) for name in names]
    await asyncio.gather(*tries)
    found = await place.elsewhere.policy(LockoutPolicy)
    assert (found.max_otp_attempts, found.max_password_attempts) == (4, 4)
    firsts = [
        place.commands.set(IAM_OWNER, LoginPolicy, OWN, {"force_mfa": True}, Before.NONE) for _ in range(4)
    ]
    answers = await asyncio.gather(*firsts, return_exceptions=True)
    assert sum(isinstance(one, AlreadyExists) for one in answers) == 3


@pytest.mark.parametrize(
    ("group", "values", "named"),
    [
        (LockoutPolicy, {"max_otp_attempts": "many"}, "max_otp_attempts"),
        (LockoutPolicy, {"max_otp_attempts": -1}, "max_otp_attempts"),
        (LoginPolicy, {"second_factors": ["totp", "rune"]}, "second_factors"),
        (LoginPolicy, {"force_mfa": 1}, "force_mfa"),
        (PasswordComplexityPolicy, {"min_length": 0}, "min_length"),
        (PasswordComplexityPolicy, {"min_code_points": 129}, "min_code_points"),
        (BrandingPolicy, {"light_theme": {"primary_color": "red;}"}}, "light_theme.primary_color"),
        (BrandingPolicy, {"light_theme": {"primary_color": "#fff\n"}}, "light_theme.primary_color"),
        (BrandingPolicy, {"font_url": "javascript:alert(1)"}, "font_url"),
        (SecurityPolicy, {"allowed_origins": ["https://a.test; script-src *"]}, "allowed_origins"),
        (TokenPolicy, {"id_token_lifetime_s": 0}, "id_token_lifetime_s"),
    ],
)
async def test_bad_values(desk: Desk, group: Any, values: dict[str, Any], named: str) -> None:
    """A value that cannot be is refused with its name, and nothing is stored."""
    with refused(InvalidArgument, "settings.value_invalid") as raised:
        await desk.policies.set(IAM_OWNER, group, "", values)
    assert f"value of {named} " in raised.value.message
    assert await desk.cache.policy(group) == group()


async def test_refused(desk: Desk) -> None:
    """Unknown names and organisations, the instance's own groups, and what is there or is not."""
    with refused(InvalidArgument, "settings.name_unknown"):
        await desk.policies.set(IAM_OWNER, LockoutPolicy, "", {"max_tries": 3})
    with refused(NotFound, "settings.organization_of_policy_unknown"):
        await desk.policies.set(IAM_OWNER, LockoutPolicy, "404", {"max_otp_attempts": 3})
    for group in (SecurityPolicy, TokenPolicy):
        with refused(InvalidArgument, "settings.of_instance_alone"):
            await desk.policies.set(IAM_OWNER, group, OWN, {})
    with refused(NotFound, "settings.policy_not_set"):
        await desk.policies.set(IAM_OWNER, LoginPolicy, OWN, {}, Before.SOME)
    with refused(NotFound, "settings.policy_not_set"):
        await desk.policies.reset(IAM_OWNER, LoginPolicy, OWN)
    await desk.policies.set(IAM_OWNER, LoginPolicy, OWN, {"force_mfa": True}, Before.NONE)
    with refused(AlreadyExists, "settings.policy_exists"):
        await desk.policies.set(IAM_OWNER, LoginPolicy, OWN, {"force_mfa": True}, Before.NONE)


VIEWER = caller(("instance", "IAM_OWNER_VIEWER"))


@pytest.mark.parametrize(
    ("who", "group", "organization_id", "may"),
    [
        (IAM_OWNER, LoginPolicy, "", True),
        (IAM_OWNER, LoginPolicy, OTHER, True),
        (IAM_OWNER, DomainPolicy, OWN, True),
        (ORG_OWNER, LoginPolicy, OWN, True),
        (ORG_OWNER, LoginPolicy, OTHER, False),
        (ORG_OWNER, LoginPolicy, "", False),
        (ORG_OWNER, DomainPolicy, OWN, False),
        (VIEWER, LoginPolicy, OWN, False),
        (VIEWER, SecurityPolicy, "", False),
    ],
)
async def test_permissions(desk: Desk, who: Any, group: Any, organization_id: str, may: bool) -> None:
    """The instance's groups take iam.policy.write, an organisation's policy.write there."""
    if may:
        await desk.policies.set(who, group, organization_id, {})
        await desk.policies.reset(who, group, organization_id)
        return
    with refused(OstiaryError, "AUTH-AWfge"):
        await desk.policies.set(who, group, organization_id, {})
    with refused(OstiaryError, "AUTH-AWfge"):
        await desk.policies.reset(who, group, organization_id)


async def test_part_of_a_theme(desk: Desk) -> None:
    """One colour that is set leaves the others as they are."""
    await desk.policies.set(IAM_OWNER, BrandingPolicy, "", {"light_theme": {"warn_color": "#111111"}})
    await desk.policies.set(IAM_OWNER, BrandingPolicy, OWN, {"light_theme": {"font_color": "#222222"}})
    await desk.cache.fresh()
    theme = (await desk.cache.policy(BrandingPolicy, OWN)).light_theme
    assert (theme.primary_color, theme.font_color) == ("#5469d4", "#222222")


async def test_audit(desk: Desk) -> None:
    """Each change leaves a record with the names of what was set."""
    await desk.policies.set(IAM_OWNER, LockoutPolicy, OWN, {"max_otp_attempts": 3})
    record = desk.store.audits[-1]
    assert (record.actor_id, record.action, record.object_id) == ("900", "policy.set", f"{OWN}:lockout")
    assert json.loads(record.detail) == {"names": ["max_otp_attempts"]}


async def test_set_security(desk: Desk) -> None:
    """SetSecuritySettings sets all: what is left out is off; its details are those that the getter tells."""
    desk.effects.later(hours=1)
    frames = EmbeddedIframeSettings(enabled=True, allowed_origins=["https://a.example"])
    asked = pb.SetSecuritySettingsRequest(embedded_iframe=frames, enable_impersonation=True)
    answer = await desk.call("SetSecuritySettings", asked)
    found = await desk.call("GetSecuritySettings", pb.GetSecuritySettingsRequest())
    assert found.settings.enable_impersonation
    assert found.settings.embedded_iframe == frames
    assert found.details == answer.details
    assert answer.details.change_date.to_datetime() == desk.effects.now()
    await desk.call("SetSecuritySettings", pb.SetSecuritySettingsRequest())
    off = (await desk.call("GetSecuritySettings", pb.GetSecuritySettingsRequest())).settings
    assert (off.embedded_iframe.enabled, off.enable_impersonation) == (False, False)
    with refused(OstiaryError, "AUTH-AWfge"):
        await desk.call("SetSecuritySettings", asked, ORG_OWNER)


def texts_of(level: Any, locale: str, texts: dict[str, Any] | None) -> Any:
    """The request that sets texts."""
    struct = None if texts is None else Struct.from_python(texts)
    return pb.SetHostedLoginTranslationRequest(level=level, locale=locale, translations=struct)


async def test_translations(desk: Desk) -> None:
    """An organisation's texts lie over the instance's, a region's over its language's; none removes them."""
    instance, own = one("instance", True), one("organization_id", OWN)
    made = await desk.call("SetHostedLoginTranslation", texts_of(instance, "de", {"a": {"x": "1", "y": "2"}}))
    await desk.call("SetHostedLoginTranslation", texts_of(instance, "de-CH", {"a": {"y": "3"}}))
    await desk.call("SetHostedLoginTranslation", texts_of(own, "de", {"b": "4"}))

    async def found(level: Any, locale: str, alone: bool = False) -> Any:
        asked = pb.GetHostedLoginTranslationRequest(level=level, locale=locale, ignore_inheritance=alone)
        return await desk.call("GetHostedLoginTranslation", asked)

    assert (await found(own, "de-CH")).translations.to_python() == {"a": {"x": "1", "y": "3"}, "b": "4"}
    assert (await found(own, "de", alone=True)).translations.to_python() == {"b": "4"}
    assert (await found(instance, "de")).etag == made.etag
    assert (await found(instance, "en")).translations.to_python() == {}
    assert (await found(one("system", True), "de")).translations.to_python() == {}
    await desk.call("SetHostedLoginTranslation", texts_of(own, "de", {}))
    await desk.call("SetHostedLoginTranslation", texts_of(own, "fr", None))
    assert (await found(own, "de", alone=True)).translations.to_python() == {}


async def test_translations_refused(desk: Desk) -> None:
    """A level, a locale and the permission are needed."""
    with refused(InvalidArgument, "settings.level_unnamed"):
        await desk.call("SetHostedLoginTranslation", texts_of(None, "de", {"a": "b"}))
    for locale in ("x", "../x", "de:CH"):
        with refused(InvalidArgument, "settings.locale_invalid"):
            await desk.call("SetHostedLoginTranslation", texts_of(one("instance", True), locale, {"a": "b"}))
    with refused(OstiaryError, "AUTH-AWfge"):
        asked = texts_of(one("organization_id", OWN), "de", {"a": "b"})
        await desk.call("SetHostedLoginTranslation", asked, ORG_OWNER)
    with refused(NotFound, "settings.organization_of_policy_unknown"):
        await desk.call(
            "SetHostedLoginTranslation", texts_of(one("organization_id", "404"), "de", {"a": "b"})
        )
