"""What ``--dev`` adds: a user and an application to try things with, each made once; the file goes before the save."""

from pathlib import Path

import msgspec

from ostiary.app.founding import first_start
from ostiary.app.installation import DEV_FILE, Installation
from ostiary.app.welcome import Alice, Client
from ostiary.config.settings import Trouble
from ostiary.core.client import APPLICATION
from ostiary.core.organization import ORGANIZATION, Organization
from ostiary.core.project import PROJECT
from ostiary.core.secret import Secret, parse_token, same_hash
from ostiary.core.user import LOGIN_NAME, login_name_id
from ostiary.projects.first_application import DEV, REDIRECT_URI, first_application
from ostiary.storage.folder import write_private
from ostiary.users.first_start import ALICE


async def alice(installation: Installation) -> Alice:
    """The user to try things with, made if she is not there."""
    file = installation.settings.data / DEV_FILE
    if await installation.store.get(LOGIN_NAME, login_name_id(ALICE)) is not None:
        return Alice(ALICE, _secret(_remembered(file).get("password")), await _client(installation))
    made = first_start(installation).alice(await _home(installation))
    password = made.secrets["password"]
    _remember(file, login_name=ALICE, password=password.reveal())
    await installation.store.save(made.changes)
    return Alice(ALICE, password, await _client(installation))


async def _client(installation: Installation) -> Client:
    """The application to try things with, made if it is not there."""
    file = installation.settings.data / DEV_FILE
    found = await installation.store.get(APPLICATION, DEV)
    if found is not None:
        text = _remembered(file).get("client_secret", "")
        parts = parse_token(text)
        is_good = parts is not None and same_hash(parts.secret_hash, found.secret_hash)
        return Client(found.client_id, _secret(text) if is_good else None)
    project = await installation.store.get(PROJECT, DEV)
    made = first_application(installation.effects, (await _home(installation)).id, project)
    secret = made.secret.reveal()
    _remember(file, client_id=made.client_id, client_secret=secret, redirect_uri=REDIRECT_URI)
    await installation.store.save(made.changes)
    return Client(made.client_id, made.secret)


async def _home(installation: Installation) -> Organization:
    instance = await installation.instance()
    home = await installation.store.get(ORGANIZATION, instance.default_organization_id)
    if home is None:
        raise Trouble("The default organisation was deleted; --dev needs one for alice and her application.")
    return home


def _secret(text: str | None) -> Secret | None:
    return Secret(text) if text else None


def _remembered(file: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}


def _remember(file: Path, **values: str) -> None:
    text = msgspec.json.encode(_remembered(file) | values)
    write_private(file, f"{msgspec.json.format(text, indent=2).decode()}\n")
