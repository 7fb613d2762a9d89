"""The first start, and what ``--dev`` adds: each is one save, made once.

The files go first. A crash between file and save leaves secrets that open nothing and no row, so the next start makes
both anew; once the save is done the files are there.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ostiary.app.installation import Installation
from ostiary.config import Trouble
from ostiary.core.client import APPLICATION
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION, Organization
from ostiary.core.project import PROJECT
from ostiary.core.secret import Secret, parse_token, same_hash
from ostiary.core.user import LOGIN_NAME, login_name_id
from ostiary.factors.password import PASSWORD
from ostiary.keys.making import first_keys
from ostiary.keys.rotation import KeyRotation
from ostiary.keys.sealing import key_proof
from ostiary.projects.first_application import DEV, REDIRECT_URI, first_application
from ostiary.storage.folder import write_private
from ostiary.users.first_start import ALICE, FirstStart, Names

DEV_FILE = "dev.json"


@dataclass(frozen=True, slots=True)
class Alice:
    """The user of ``--dev``; ``password`` is None when the file that held it is gone."""

    login_name: str
    password: Secret | None
    client: "Client | None" = None


@dataclass(frozen=True, slots=True)
class Client:
    """The application of ``--dev``; ``secret`` is None when the file that held it is gone, or it was changed."""

    id: str
    secret: Secret | None


async def begin(installation: Installation) -> bool:
    """Make the instance and its first users if there are none; whether it did."""
    if await installation.store.get(INSTANCE, INSTANCE_KEY) is not None:
        await key_rotation(installation).due()
        return False
    settings = installation.settings
    names = Names(settings.organization, settings.domain)
    made = _first_start(installation).instance(names, key_proof(installation.sealer))
    for name, secret in made.secrets.items():
        write_private(settings.data / name, f"{secret.reveal()}\n")
    keys = first_keys(installation.effects, installation.sealer)
    await installation.store.save(replace(made.changes, puts=(*made.changes.puts, *keys)))
    return True


def key_rotation(installation: Installation) -> KeyRotation:
    """What is done to signing keys."""
    return KeyRotation(installation.store, installation.effects, installation.sealer)


async def alice(installation: Installation) -> Alice:
    """The user to try things with, made if she is not there."""
    file = installation.settings.data / DEV_FILE
    if await installation.store.get(LOGIN_NAME, login_name_id(ALICE)) is not None:
        return Alice(ALICE, _secret(_remembered(file).get("password")), await _client(installation))
    made = _first_start(installation).alice(await _home(installation))
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


def _first_start(installation: Installation) -> FirstStart:
    return FirstStart(installation.effects, installation.tools, PASSWORD)


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
