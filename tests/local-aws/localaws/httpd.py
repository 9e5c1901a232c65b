"""The HTTP server: threads, keep-alive, and full power over how a connection ends."""

import logging
import socket
import socketserver
import struct
import threading
import uuid
from email.utils import formatdate
from http.client import responses
from http.server import BaseHTTPRequestHandler

from localaws.errors import Answer, Vanish

LOG = logging.getLogger("localaws.http")

MAX_BODY = 64 * 1024 * 1024
"""More than any AWS API takes by itself; a length beyond it is a broken client."""

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, with zero seconds: closing then sends a reset instead of a goodbye."""


class Server(socketserver.ThreadingTCPServer):
    """Listens, and hands each request to `answer(request)`."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address, answer, now):
        self.answer = answer
        self.now = now
        self._open = set()
        self._lock = threading.Lock()
        super().__init__(address, Handler)

    def process_request(self, request, client_address):
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        LOG.debug("connection of %s ended", client_address, exc_info=True)

    def close_all(self):
        """Ends every connection, also those whose caller still waits."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                LOG.debug("connection was closed already")


class HttpRequest:
    """What arrived: method, target (path with query, as sent), headers, body, peer."""

    def __init__(self, method, target, headers, body, peer):
        self.method = method
        self.target = target
        self.path = target.split("?", 1)[0]
        self.headers = headers
        self.body = body
        self.peer = peer


class Handler(BaseHTTPRequestHandler):
    """Reads a request whole, asks the server for the answer, writes it in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format, *args):
        LOG.debug(format, *args)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self):
        body = self._body()
        if body is None:
            self._write(Answer(400, b"length of the request body is missing or wrong"), "")
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = HttpRequest(self.command, self.path, headers, body, self.client_address[0])
        try:
            answer = self.server.answer(request)
        except Vanish as vanish:
            self._vanish(vanish.reset)
            return
        except Exception as error:  # our own fault: told to the caller, not hidden in a dead thread
            LOG.exception("%s %s failed inside the local AWS", request.method, request.target)
            answer = Answer(500, f"the local AWS failed: {error!r}; its log has the trace".encode())
        self._write(answer, getattr(answer, "region", None))

    def _body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunked()
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            return None
        if not 0 <= length <= MAX_BODY:
            return None
        return self.rfile.read(length) if length else b""

    def _chunked(self):
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0].strip() or b"0", 16)
            if size == 0:
                while self.rfile.readline().strip():
                    continue
                return body
            body += self.rfile.read(size)
            self.rfile.readline()
            if len(body) > MAX_BODY:
                return None

    def _write(self, answer, region):
        names = {name.lower() for name in answer.headers}
        lines = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Unknown')}"]
        if "date" not in names:
            now = formatdate(self.server.now(region), usegmt=True)
            lines.append(f"Date: {now}")
        if "x-amzn-requestid" not in names:
            lines.append(f"x-amzn-RequestId: {uuid.uuid4()}")
        lines.extend(f"{name}: {value}" for name, value in answer.headers.items())
        lines.append(f"Content-Length: {len(answer.body)}")
        body = b"" if self.command == "HEAD" else answer.body
        cut = getattr(answer, "cut", None)
        if cut is not None:
            body, self.close_connection = body[:cut], True
        try:
            self.wfile.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        except OSError:
            self.close_connection = True  # the caller has gone; what he asked for is done

    def _vanish(self, reset):
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.connection.close()
