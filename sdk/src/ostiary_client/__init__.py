"""The client of Ostiary: sessions for applications and backends.

It knows nothing of the server's code, so that an application never installs the server.
"""

from typing import Final

__version__: Final = "0.1.0"
