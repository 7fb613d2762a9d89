"""What may be done over one installation, apart from how it is asked for: by the wire, our pages or an operator."""

from datetime import timedelta

from ostiary.app.installation import Installation
from ostiary.factors import FACTORS
from ostiary.projects.service import Projects
from ostiary.settings.commands import PolicyCommands
from ostiary.users.service import Users


def users(installation: Installation) -> Users:
    """What may be done to users, and known of them."""
    return Users(
        installation.store,
        installation.cache,
        installation.effects,
        installation.tools,
        installation.sealer,
        installation.pool,
        FACTORS,
        domain=installation.settings.domain,
        breached_passwords=installation.settings.breached_passwords,
        step_up_lasts=timedelta(seconds=installation.settings.step_up_lasts_s),
    )


def policy_commands(installation: Installation) -> PolicyCommands:
    """What may be done to groups of settings."""
    return PolicyCommands(installation.store, installation.cache, installation.effects)


def projects(installation: Installation) -> Projects:
    """What may be done to projects and applications, and known of them."""
    return Projects(installation.store, installation.cache, installation.effects)
