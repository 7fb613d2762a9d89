"""Where everything of one installation is: folders, ports, secrets; made once and kept in ``cluster.json``."""

import base64
import json
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

DATABASES: Final = ("pg1", "pg2", "pg3")
NODES: Final = ("node1", "node2")
_FILE: Final = "cluster.json"
_PORTS: Final = (
    "etcd", "etcd_peer", "proxy", *NODES, *DATABASES, *(f"{name}_rest" for name in DATABASES)
)  # fmt: skip
_PASSWORDS: Final = ("superuser", "replication", "rewind", "ostiary")


@dataclass(frozen=True, slots=True)
class Layout:
    """``ports`` by who listens, ``passwords`` by who uses them."""

    folder: Path
    ports: dict[str, int]
    passwords: dict[str, str]
    master_key: str

    def of(self, name: str) -> Path:
        """The folder of one part."""
        return self.folder / name

    @property
    def url(self) -> str:
        """Where clients find the installation."""
        return f"http://localhost:{self.ports['proxy']}"

    @property
    def database(self) -> str:
        """What the servers are told: all three, of which they take the primary."""
        hosts = ",".join(f"127.0.0.1:{self.ports[name]}" for name in DATABASES)
        return f"postgresql://ostiary:{self.passwords['ostiary']}@{hosts}/ostiary?target_session_attrs=read-write"


def layout_of(folder: Path, proxy_port: int = 0) -> Layout:
    """The layout as it was made, or a new one with free ports."""
    file = folder / _FILE
    if file.exists():
        return _read(file)
    ports = _free_ports()
    if proxy_port:
        ports["proxy"] = proxy_port
    passwords = {name: secrets.token_urlsafe(24) for name in _PASSWORDS}
    made = Layout(folder, ports, passwords, base64.b64encode(secrets.token_bytes(32)).decode())
    folder.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps({**asdict(made), "folder": str(folder)}, indent=2))
    return made


def _read(file: Path) -> Layout:
    said = json.loads(file.read_text())
    return Layout(file.parent, said["ports"], said["passwords"], said["master_key"])


def _free_ports() -> dict[str, int]:
    """All at once, so that no two are the same."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in _PORTS]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return dict(zip(_PORTS, ports, strict=True))
