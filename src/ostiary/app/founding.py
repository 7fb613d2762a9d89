"""The first start: one save, made once.

The files go first. A crash between file and save leaves secrets that open nothing and no row, so the next start makes
both anew; once the save is done the files are there.
"""

import msgspec

from ostiary.app.installation import Installation
from ostiary.factors.password import PASSWORD
from ostiary.keys.making import first_keys
from ostiary.keys.sealing import key_proof
from ostiary.storage.folder import write_private
from ostiary.users.first_start import FirstStart, Names


async def found(installation: Installation) -> None:
    """Make the instance, its first users and its first keys."""
    settings = installation.settings
    names = Names(settings.organization, settings.domain)
    made = first_start(installation).instance(names, key_proof(installation.sealer))
    for name, secret in made.secrets.items():
        write_private(settings.data / name, f"{secret.reveal()}\n")
    keys = first_keys(installation.effects, installation.sealer)
    await installation.store.save(msgspec.structs.replace(made.changes, puts=(*made.changes.puts, *keys)))


def first_start(installation: Installation) -> FirstStart:
    """Builds first users."""
    return FirstStart(installation.effects, installation.tools, PASSWORD)
