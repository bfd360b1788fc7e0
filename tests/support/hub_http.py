"""HTTP for the Hub of the tests: who asks, requests as they came, answers, and a listener whose connections it can close."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import sys
import threading
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import unquote

from tests.support.hub_repository import HubError


@dataclass(frozen=True)
class Token:
    """A user access token: whose it is, the organisations its user may write to, and what it allows."""

    user: str
    orgs: tuple[str, ...] = ()
    role: str = "write"
    expired: bool = False

    @property
    def namespaces(self):
        return {self.user, *self.orgs}


@dataclass
class LoggedRequest:
    """A request as it came; `status` is None where the connection was cut in place of an answer."""

    number: int
    method: str
    path: str
    status: int | None = None
    received: int = 0


@dataclass
class Request:
    """A request with its body, and the names its route found in the path."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: object
    body: bytes
    corrupt: bool
    names: dict[str, str] = field(default_factory=dict)

    def json(self):
        try:
            payload = json.loads(self.body)
        except ValueError as error:
            raise HubError(400, "Invalid JSON") from error
        if not isinstance(payload, dict):
            raise HubError(400, "A JSON object is expected")
        return payload

    def flag(self, name):
        return self.query.get(name, ["false"])[-1].lower() in ("true", "1")

    def number(self, name, default):
        text = self.query.get(name, [str(default)])[-1]
        if not text.isdecimal():
            raise HubError(400, f'"{name}" must be a number')
        return int(text)


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(payload, status=200, headers=None, content_type="application/json; charset=utf-8"):
    """Return an answer in JSON."""
    return Answer(json.dumps(payload, default=str).encode(), status, {"Content-Type": content_type, **(headers or {})})


def error_answer(error: HubError) -> Answer:
    """Return the answer that tells of `error` as the Hub does, in headers and body."""
    line = error.message.splitlines()[0].encode("ascii", "backslashreplace").decode()
    headers = {"X-Error-Message": line, **error.headers}
    if error.code:
        headers["X-Error-Code"] = error.code
    return json_answer({"error": error.message}, error.status, headers)


def range_answer(request: Request, content: bytes, headers: dict[str, str]) -> Answer:
    """Return the bytes that the Range header asks for, or all."""
    headers |= {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", "").strip())
    if not match or match[0] == "bytes=-":
        return Answer(content, 200, headers)
    start, end = match.groups()
    if start:
        low, high = int(start), min(int(end or len(content)), len(content) - 1)
    else:
        low, high = max(len(content) - int(end), 0), len(content) - 1
    if low > high:
        raise HubError(416, "Range Not Satisfiable", headers={"Content-Range": f"bytes */{len(content)}"})
    return Answer(content[low : high + 1], 206, headers | {"Content-Range": f"bytes {low}-{high}/{len(content)}"})


class Route(NamedTuple):
    method: str
    pattern: str
    handler: str

    def match_path(self, request):
        """Return the names in the request's path, decoded, or None where it is another's."""
        match = re.fullmatch(self.pattern, request.path)
        return match and {name: unquote(value) for name, value in match.groupdict().items() if value is not None}


class Listener(ThreadingHTTPServer):
    """One origin: its own port, and the connections that are open on it.

    Args:
        hub: Its `serve(handler, target, routes)` handles each request, by the methods of `target`.
        target: The object whose methods the routes name.
        routes: The routes.
    """

    daemon_threads = False

    def __init__(self, hub, target, routes):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub, self.target, self.routes = hub, target, routes
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._open: set = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def process_request(self, request, client_address):
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):  # noqa: ARG002 - socketserver's own signature
        """Note a fault of the server; that a client went away is none."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            self.hub.unexpected.append(traceback.format_exc())

    def close(self):
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(2)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The head and the body of an answer are two writes: held back, the second waits for the first's receipt.
    disable_nagle_algorithm = True

    def handle_one(self):
        self.server.hub.serve(self, self.server.target, self.server.routes)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.handle_one
        raise AttributeError(name)

    def read_body(self):
        """Return the body; one without a length is not read, and the connection ends with its refusal."""
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError("the client went away")
        return body

    def send(self, answer, *, share=1.0):
        """Send an answer; with less than all of the body, the connection ends there."""
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("X-Request-Id", f"Root=1-{secrets.token_hex(12)}")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: int(len(answer.body) * share)])
        self.close_connection = self.close_connection or share < 1

    def log_message(self, *message):
        """Log nothing: `HubServer.requests` is the log."""
