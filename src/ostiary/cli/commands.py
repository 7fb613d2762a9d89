"""Every command, by name; none is loaded before it is called."""

from typing import Final

from cyclopts import App, Group, Parameter

from ostiary import __version__

_COMMANDS: Final = (
    ("serve", "ostiary.cli.serve:serve", "Run the server; the first start makes all it needs."),
    ("doctor", "ostiary.cli.doctor:doctor", "Say what is wrong with this set-up, in words."),
    ("user", "ostiary.cli.user:user", "Create and list people, set passwords, lock and unlock."),
    ("machine", "ostiary.cli.machine:machine", "Create service users and their credentials."),
    ("app", "ostiary.cli.application:application", "Register and list applications."),
    ("session", "ostiary.cli.session:session", "List and end sessions."),
    ("key", "ostiary.cli.key:key", "List, rotate and retire the keys that sign tokens."),
    ("policy", "ostiary.cli.policy:policy", "Read and set policies: logins, lockout, passwords, pages."),
    ("audit", "ostiary.cli.audit:audit", "Read who did what, and when."),
    ("outbox", "ostiary.cli.outbox:outbox", "See what was sent, and what could not be."),
    ("totp", "ostiary.cli.totp:totp", "Print the present code of an authenticator app."),
    ("settings", "ostiary.cli.settings:settings", "Every setting: value, unit, default, meaning."),
    ("migrate", "ostiary.cli.migrate:migrate", "Bring the database to this version; makes a new one."),
    ("clean", "ostiary.cli.clean:clean", "Remove what is over; a running server does so by itself."),
    ("bench", "ostiary.cli.bench:bench", "Measure our own operations on this machine."),
    ("version", "ostiary.cli.version:version", "The version."),
)


def _shown(default: object) -> object:
    """What help says of a default: nothing of one that means "not given"."""
    return default or None


def commands() -> App:
    """The command line's library, told of all commands."""
    app = App(
        name="ostiary",
        version=__version__,
        help="An identity server whose product is the session.",
        help_flags=("--help", "-h"),
        group_commands=Group("Commands", sort_key=None),
        default_parameter=Parameter(negative_iterable=(), show_default=_shown),
    )
    for number, (name, path, sentence) in enumerate(_COMMANDS):
        app.command(path, name=name, help=sentence, sort_key=number)
    return app
