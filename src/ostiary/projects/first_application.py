"""The project and application of ``--dev``: an OpenID Connect client to try things with.

One save, guarded by the absence of both. As with the first start, the secret is returned beside it and written to its
file before the save: a crash in between leaves a secret that opens nothing.
"""

from dataclasses import dataclass
from typing import Final

from ostiary.core.audit import detail
from ostiary.core.client import (
    APPLICATION,
    CLIENT_SECRET,
    Application,
    ApplicationType,
    ClientAuthentication,
    OidcSettings,
)
from ostiary.core.client_rules import CODE, REFRESH, registered
from ostiary.core.project import PROJECT, Project
from ostiary.core.secret import SECRET_BYTES, Secret, secret_hash, token_text
from ostiary.effects import Effects
from ostiary.storage.port import Audit, Changes, Put

DEV: Final = "dev"  # the id and the name of both
REDIRECT_URI: Final = "http://localhost:9999/cb"


@dataclass(frozen=True, slots=True)
class FirstApplication:
    """The save, and what the client authenticates with once it is done."""

    changes: Changes
    client_id: str
    secret: Secret


def first_application(effects: Effects, organization_id: str, old: Project | None) -> FirstApplication:
    """A confidential web client for code and refresh tokens, in its own project; ``old`` is that if it is there."""
    now, client_id = effects.now(), effects.new_id()
    text = token_text(CLIENT_SECRET, client_id, effects.random_bytes(SECRET_BYTES))
    wanted = OidcSettings(
        redirect_uris=(REDIRECT_URI,),
        post_logout_redirect_uris=(REDIRECT_URI,),
        grant_types=(CODE, REFRESH),
        is_development=True,
    )
    web, basic = ApplicationType.WEB, ClientAuthentication.BASIC
    application = Application(
        DEV,
        DEV,
        organization_id,
        DEV,
        client_id,
        web,
        basic,
        created_at=now,
        changed_at=now,
        secret_hash=secret_hash(text),
        oidc=registered(web, basic, wanted),
    )
    project = Project(DEV, organization_id, DEV, now, now)
    audit = Audit(now, "", "application.created", DEV, detail(by="dev"))
    puts = (Put(APPLICATION, application),) if old else (Put(PROJECT, project), Put(APPLICATION, application))
    changes = Changes(puts=puts, audit=audit)
    return FirstApplication(changes, client_id, Secret(text))
