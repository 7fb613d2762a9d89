"""``deploy/start``, ``deploy/stop`` and ``deploy/failover``."""

import argparse
import os
import sys
from pathlib import Path

from deploy.database import Database
from deploy.failover import Campaign
from deploy.layout import Layout, layout_of
from deploy.programs import Trouble, install
from deploy.servers import Servers


def main() -> int:
    """Do what is asked; the exit status."""
    asked = _asked()
    try:
        if asked.what == "start":
            return _start(layout_of(asked.folder, asked.port))
        if not (asked.folder / "cluster.json").exists():
            raise Trouble(f"Nothing was started in {asked.folder}.")
        layout = layout_of(asked.folder)
        if asked.what == "failover":
            return Campaign(layout, Database(layout)).run(asked.kills)
        Servers(layout).stop()
        Database(layout).stop()
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy")
    parser.add_argument("what", choices=("start", "stop", "failover"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0, help="of the proxy; 0: any free one")
    parser.add_argument("--kills", type=int, default=3)
    return parser.parse_args()


def _start(layout: Layout) -> int:
    install()
    if os.geteuid() == 0:
        _open_way(layout.folder)
    Database(layout).start()
    Servers(layout).start()
    print(f"Ostiary is at {layout.url}; its administrator's token is in {layout.of('node1')}/data/admin.pat")
    return 0


def _open_way(folder: Path) -> None:
    """PostgreSQL runs as another user, who must get to its folder; raises Trouble."""
    folder.chmod(0o711)
    closed = [str(parent) for parent in folder.parents if not parent.stat().st_mode & 0o001]
    if closed:
        raise Trouble(f"The user postgres cannot enter {closed[0]}: choose another folder.")


if __name__ == "__main__":
    sys.exit(main())
