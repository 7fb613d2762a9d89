"""The first screen: where it is, who may enter, and two commands to try."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ostiary import __version__
from ostiary.config.settings import Settings
from ostiary.core.secret import Secret
from ostiary.users.first_start import ADMINISTRATOR


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


def welcome(settings: Settings, port: int, alice: Alice | None) -> str:
    """The text; ``port`` is the real one."""
    folder = near(settings.data)
    url = settings.url if settings.port else settings.url.replace(":0", f":{port}")
    token = settings.data / "login-client.pat"
    lines = [
        f"Ostiary {__version__} at {url}",
        "",
        f"  sign in at     {url}/",
        f"  data           {folder}",
        *_credentials(settings.data),
    ]
    if not settings.port and not settings.external_url:
        lines.append(f"  issuer         {settings.url}, which nobody reaches: set --external-url, or a port")
    if alice is not None:
        shown = alice.password.reveal() if alice.password else "set one: ostiary user password alice"
        lines.append(f"  try it as      {alice.login_name}, password {shown}")
        if alice.client is not None:
            secret = alice.client.secret
            shown = secret.reveal() if secret else "not known here; make another, or see who changed it"
            lines.append(f"  application    client_id {alice.client.id}")
            lines.append(f"                 client_secret {shown}")
        lines.append(f"  mail and SMS   here and in {folder / 'outbox'}")
    tries = ["", "Try:", "", *_commands(settings, url, token, alice)] if token.exists() else []
    return "\n".join([*lines, *tries, ""])


def _credentials(data: Path) -> list[str]:
    """Those of the first start that are here: a restored copy has none, nor has a further node."""
    files = {
        f"  administrator  {ADMINISTRATOR}, password in ": data / "admin.password",
        "  API tokens     ": data / "admin.pat",
        "                 ": data / "login-client.pat",
    }
    return [f"{what}{near(file)}" for what, file in files.items() if file.exists()]


def near(path: Path) -> Path:
    """The path as it is shortest from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) and path != here else path


def _commands(settings: Settings, url: str, token: Path, alice: Alice | None) -> list[str]:
    trust = f" --cacert {near(settings.tls_cert)}" if settings.tls_cert else ""
    curl = f'curl -s{trust} -H "Authorization: Bearer $(cat {near(token)})" -H content-type:application/json'
    name = alice.login_name if alice else ADMINISTRATOR
    checks: dict[str, object] = {"user": {"loginName": name}}
    if alice is not None and alice.password is not None:
        checks["password"] = {"password": alice.password.reveal()}
    body = msgspec.json.encode({"checks": checks}).decode()
    return [
        f"  {curl} {url}/v2/sessions -d '{body}'",
        f"  {curl} {url}/v2/sessions/search -d '{{}}'",
    ]
