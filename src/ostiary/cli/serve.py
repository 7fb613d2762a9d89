"""``ostiary serve``."""

from ostiary.cli.options import UNSAID, Serving


def serve(*, options: Serving = UNSAID) -> int:
    """Run the server until SIGTERM; the first start makes keys, database, administrator and tokens."""
    settings = options.settings()
    from ostiary.app.serving import serve_until_told

    return serve_until_told(settings)
