"""moto on a free loopback port: prints `http://127.0.0.1:PORT`, then serves until its stdin is closed.

The kernel picks the port, so two servers never race for one. Closing stdin is how it ends: whoever
started it holds the other end of the pipe, so even a killed test leaves no server behind.
"""

import os
import sys
import threading

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.rds.models import RDSBackend
from werkzeug.serving import make_server


def name_automated_snapshots_apart() -> None:
    """moto names them by the minute, so a restore under an old name within that minute fails half-way."""
    create = RDSBackend.create_auto_snapshot

    def create_apart(self: RDSBackend, instance: str, snapshot: str) -> object:
        taken = sum(1 for name in self.database_snapshots if name.startswith(snapshot))
        return create(self, instance, f"{snapshot}-{taken}" if taken else snapshot)

    RDSBackend.create_auto_snapshot = create_apart


def end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


class Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Leaves out the line per request: only errors are worth a log."""


def main() -> None:
    name_automated_snapshots_apart()
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    os.environ["MOTO_PORT"] = str(server.server_port)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=end_with_stdin, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
