"""``ostiary serve``."""

from ostiary.cli.options import UNSAID, Serving
from ostiary.cli.plain import serve_with


def serve(*, options: Serving = UNSAID) -> int:
    """Run the server until SIGTERM; the first start makes keys, database, administrator and tokens."""
    return serve_with(options.given())
