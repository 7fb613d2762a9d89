"""Settings of one OIDC client as an operator reads and sets them, at the machine itself."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ostiary.app.installation import Installation, existing
from ostiary.app.operator import operator_caller
from ostiary.app.services import projects
from ostiary.app.typed_values import text_of, typed
from ostiary.config.settings import Settings, Trouble
from ostiary.core.client import APPLICATION, Application, OidcSettings
from ostiary.projects.application import ApplicationChange


async def shown(settings: Settings, client_id: str) -> dict[str, str]:
    """Every setting of a client, by name."""
    async with existing(settings) as installation:
        _, oidc = await _client(installation, client_id)
        return {name: text_of(getattr(oidc, name)) for name in oidc.__struct_fields__}


async def set_values(settings: Settings, client_id: str, given: Mapping[str, str]) -> None:
    """Set values that were typed; a running server counts with them from its next request on."""
    async with existing(settings) as installation:
        application, oidc = await _client(installation, client_id)
        values = _values(oidc, given)

        def changed(old: OidcSettings) -> OidcSettings:
            return msgspec.structs.replace(old, **values)

        change = ApplicationChange(oidc=changed, of_oidc=True)
        caller = operator_caller((await installation.instance()).default_organization_id)
        work = projects(installation).applications
        await work.update(caller, application.project_id, application.id, change)


async def _client(installation: Installation, client_id: str) -> tuple[Application, OidcSettings]:
    await installation.cache.fresh()
    found = await installation.store.find(APPLICATION, "client_id", client_id)
    if found is None or found.oidc is None:
        raise Trouble(f"There is no OpenID Connect client {client_id}.")
    return found, found.oidc


def _values(oidc: OidcSettings, given: Mapping[str, str]) -> dict[str, Any]:
    unknown = [name for name in given if name not in oidc.__struct_fields__]
    if unknown:
        raise Trouble(f"There is no setting {unknown[0]}. There are {', '.join(oidc.__struct_fields__)}.")
    values = {name: typed(name, getattr(oidc, name), text) for name, text in given.items()}
    try:
        read = msgspec.convert(values, OidcSettings)
    except msgspec.ValidationError as error:
        raise Trouble(f"{error}.") from None
    return {name: getattr(read, name) for name in given}
