"""Says what a worker says, and nothing else: for the test of restarts, whose workers need no broker.

Called as `worker AGENT --instance NAME` with the data folder in the environment; each start and end is a line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psutil


class _Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """All is well."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ok": true, "warm": true, "broker": true, "partitions": 1}')

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def main() -> None:
    """Run until told to stop."""
    _, agent, _, instance = sys.argv[1:]
    folder = Path(os.environ["CLIPSTREAM_DATA_DIR"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with HTTPServer(("127.0.0.1", 0), _Health) as server:
        created_s = psutil.Process().create_time()
        note = {"agent": agent, "instance": instance, "pid": os.getpid(), "created_s": created_s, "version": "1"}
        with (folder / "lives").open("a") as lives:
            print(f"{agent} {instance} begins", file=lives, flush=True)
            part = folder / "workers" / f"{agent}-{instance}.part"
            part.write_text(json.dumps({**note, "port": server.server_port}))
            part.replace(part.with_suffix(".json"))
            try:
                server.serve_forever()
            finally:
                print(f"{agent} {instance} ends", file=lives, flush=True)


if __name__ == "__main__":
    main()
