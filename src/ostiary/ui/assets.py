"""Static files: named by their content, so that browsers keep them for ever."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ostiary.errors import NotFound
from ostiary.http.message import Header, Request, Response
from ostiary.ui.paths import STATIC

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = MappingProxyType(
    {
        ".css": b"text/css; charset=utf-8",
        ".js": b"text/javascript; charset=utf-8",
        ".svg": b"image/svg+xml",
    }
)
_HEADERS: Final[tuple[Header, ...]] = (
    (b"cache-control", b"public, max-age=31536000, immutable"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


class Assets:
    """The files of a folder, read once."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        """Read them."""
        files = {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.suffix in _TYPES}
        named = {
            name: f"{hashlib.sha256(content).hexdigest()[:16]}-{name}" for name, content in files.items()
        }
        self.urls: Mapping[str, str] = {name: f"{STATIC}/{hashed}" for name, hashed in named.items()}
        self._files = {named[name]: (_TYPES[Path(name).suffix], files[name]) for name in files}

    async def __call__(self, request: Request) -> Response:
        """One file; raises NotFound for a name that no page of this version knows."""
        found = self._files.get(request.variables[0])
        if found is None:
            raise NotFound("ui.no_such_file", "Not Found")
        return Response(200, ((b"content-type", found[0]), *_HEADERS), found[1])
