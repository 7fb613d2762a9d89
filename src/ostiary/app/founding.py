"""The first start: one save, made once.

The files go first. A crash between file and save leaves secrets that open nothing and no row, so the next start makes
both anew; once the save is done the files are there. Of two nodes that make the first start of one database, one saves;
the other takes its files back.
"""

import msgspec

from ostiary.app.installation import MASTER_KEY_FILE, Installation
from ostiary.config.settings import Trouble
from ostiary.core.secret import Secret
from ostiary.factors.password import PASSWORD
from ostiary.keys.making import first_keys
from ostiary.keys.sealing import key_proof, opens
from ostiary.storage.folder import write_private
from ostiary.storage.port import Conflict
from ostiary.users.first_start import FirstStart, Names


async def found(installation: Installation) -> None:
    """Make the instance, its first users and its first keys."""
    settings = installation.settings
    names = Names(settings.organization, settings.domain)
    made = first_start(installation).instance(names, key_proof(installation.sealer))
    files = {name: Secret(f"{secret.reveal()}\n") for name, secret in made.secrets.items()}
    if installation.new_key.reveal():
        files = {MASTER_KEY_FILE: installation.new_key, **files}
    for name, content in files.items():
        write_private(settings.data / name, content.reveal())
    keys = first_keys(installation.effects, installation.sealer)
    try:
        await installation.store.save(msgspec.structs.replace(made.changes, puts=(*made.changes.puts, *keys)))
    except Conflict:
        for name in files:
            (settings.data / name).unlink()
        await _require_key(installation)


async def _require_key(installation: Installation) -> None:
    """Somebody was faster; we go on if our master key is theirs."""
    if not opens(installation.sealer, (await installation.instance()).key_proof):
        raise Trouble(
            f"Another node made this installation just now. Copy its {MASTER_KEY_FILE} into "
            f"{installation.settings.data} and start again."
        )


def first_start(installation: Installation) -> FirstStart:
    """Builds first users."""
    return FirstStart(installation.effects, installation.tools, PASSWORD)
