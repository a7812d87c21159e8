"""The page of the test over HTTP, for browsers on this computer alone."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from socketserver import TCPServer
from typing import Any
from urllib.parse import urlsplit

from vidcolor.errors import TuringError, VidcolorError
from vidcolor.turing.sequence import SIDES
from vidcolor.turing.sittings import NotNowError, Sittings

LOOPBACK = "127.0.0.1"
_OURS = frozenset({LOOPBACK, "localhost", "::1"})
"""Host names by which this computer calls itself; any other is a stranger's page pointing here (DNS rebinding)."""
_LONGEST_BODY = 4096

_PARTS = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src blob: data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class RefusedError(Exception):
    """A request that is not answered, with the status that says why."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class TuringServer(ThreadingHTTPServer):
    """Listens on the loopback interface from its making on; `serve_forever` answers."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would let two programs have one port

    def __init__(self, sittings: Sittings, port: int) -> None:
        """``port`` 0 takes any that is free. Raises TuringError where the port cannot be had."""
        self.sittings = sittings
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "another program has it" if taken else str(error.strerror or error)
            raise TuringError(f"port {port} cannot be had: {reason}; choose another --port, or 0 for any") from error

    @property
    def address(self) -> str:
        """What to open in the browser."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/"

    def server_bind(self) -> None:
        """Bind without asking the network for this computer's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has gone is nobody's mistake."""


class _Handler(BaseHTTPRequestHandler):
    server: TuringServer
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """The page, its parts, and the pair of a token."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """What the page tells: that a rater begins, that a pair was shown, what the answer is."""
        self._answer(self._post)

    def version_string(self) -> str:
        return "vidcolor"

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""

    def _answer(self, find: Callable[[], tuple[bytes, str]]) -> None:
        try:
            self._check_source()
            self._send(HTTPStatus.OK, *find())
        except RefusedError as error:
            self.close_connection = True  # its body, if any, is not read
            self._send(error.status, *_json({"error": str(error)}))
        except NotNowError as error:
            self._send(HTTPStatus.CONFLICT, *_json({"error": str(error)}))
        except VidcolorError as error:
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, *_json({"error": str(error)}))

    def _check_source(self) -> None:
        """Refuse whoever calls us by another name, and pages of other sites. Raises RefusedError."""
        host = self.headers.get("Host", "")
        if urlsplit(f"//{host}").hostname not in _OURS:
            raise RefusedError(HTTPStatus.FORBIDDEN, "this server answers to localhost alone")
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site")
        if origin not in (None, f"http://{host}") or site not in (None, "none", "same-origin"):
            raise RefusedError(HTTPStatus.FORBIDDEN, "this server answers to its own page alone")

    def _get(self) -> tuple[bytes, str]:
        path = urlsplit(self.path).path
        if path in _PARTS:
            name, kind = _PARTS[path]
            return (files("vidcolor") / "turing_page" / name).read_bytes(), kind
        if path.startswith("/pair/"):
            return self.server.sittings.picture(path.removeprefix("/pair/")), "image/png"
        raise RefusedError(HTTPStatus.NOT_FOUND, "there is nothing here")

    def _post(self) -> tuple[bytes, str]:
        sittings, path = self.server.sittings, urlsplit(self.path).path
        values = self._body()
        if path == "/begin":
            return _json({"place": asdict(sittings.begin(_text(values, "rater")))})
        if path == "/shown":
            time = _number(values, "milliseconds")
            return _json({"place": asdict(sittings.shown(_text(values, "rater"), _count(values, "trial"), time))})
        if path == "/answer":
            side = values.get("side")
            if side not in SIDES:
                raise RefusedError(HTTPStatus.BAD_REQUEST, "side must be left or right")
            rater, trial, time = _text(values, "rater"), _count(values, "trial"), _number(values, "milliseconds")
            place, feedback = sittings.answer(rater, trial, side, time)
            return _json({"place": asdict(place), "feedback": feedback and asdict(feedback)})
        raise RefusedError(HTTPStatus.NOT_FOUND, "there is nothing here")

    def _body(self) -> dict[str, Any]:
        """The object a page sent; JSON alone, which no page of another site can send unasked."""
        if self.headers.get_content_type() != "application/json":
            raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "this server takes JSON alone")
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "the length of the body is not told")
        if int(length) > _LONGEST_BODY:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {_LONGEST_BODY} bytes")
        try:
            values = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is no JSON") from error
        if not isinstance(values, dict):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is no JSON object")
        return values

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _json(values: Mapping[str, Any]) -> tuple[bytes, str]:
    return json.dumps(values, allow_nan=False).encode(), "application/json"


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"{name} must be a text")
    return value


def _count(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"{name} must be a number from 0")
    return value


def _number(values: Mapping[str, Any], name: str) -> float:
    value = values.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e12:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"{name} must be a time in milliseconds")
    return round(float(value), 1)
