"""A person's telephone, as it were: the HTTP endpoint that the on-call topic posts to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Subscriber:
    """Keeps every notification of an SNS topic."""

    def __init__(self, host: str, heard: Callable[[str, str], None]):
        """`heard(subject, message)` is called for each notification as it comes."""
        self.messages: list[tuple[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:
                body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
                handler.send_response(200)
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                envelope = json.loads(body)
                if envelope.get("Type") == "Notification":
                    told = (envelope.get("Subject", ""), envelope["Message"])
                    self.messages.append(told)
                    heard(*told)

            def log_message(handler, *_args) -> None:
                """Messages are events of the run already."""

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, name="subscriber", daemon=True).start()

    def stop(self) -> None:
        """Hears nothing more."""
        self._server.shutdown()
        self._server.server_close()
