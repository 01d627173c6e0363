"""A web server on this machine that answers as it is told, faults included."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Reply:
    """An answer: a file, or an error status without one. ``sends``: bytes of the body before it hangs up."""

    body: bytes = b""
    status: int = 200
    etag: str | None = None
    modified: str | None = None
    ranges: bool = True
    content_range: str | None = None  # of a partial answer, if it is to be wrong
    sends: int | None = None
    length: int | str | None = "right"
    chunked: bool = False
    retry_after: str | None = None
    encoding: str | None = None
    wait_for: threading.Event | None = None  # before the last byte


class Server(ThreadingHTTPServer):
    """``content[path]`` is a Reply, bytes, a status, or a list of these for one request after the other."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content: dict[str, Any] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.sent: list[int] = []  # bytes of each body

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.close_connection = True
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        answer = self.server.content.get(self.path, 404)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, int):
            answer = Reply(status=answer)
        self._send(Reply(answer) if isinstance(answer, bytes) else answer)

    def _send(self, reply: Reply) -> None:
        total, body, start = len(reply.body), reply.body, 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, reply.etag, reply.modified)
        if asked and same and reply.ranges and reply.status == 200:
            start = int(asked[1])
            body = body[start:]
        part = body if reply.sends is None else body[: reply.sends]
        self.server.sent.append(len(part))
        status = reply.status if not start else 206 if body else 416
        self.send_response(status)
        headers = {
            "ETag": reply.etag,
            "Last-Modified": reply.modified,
            "Retry-After": reply.retry_after,
            "Content-Encoding": reply.encoding,
            "Content-Range": (reply.content_range or f"bytes {start}-{total - 1}/{total}") if status == 206 else None,
            "Content-Length": None if reply.chunked else len(body) if reply.length == "right" else reply.length,
            "Transfer-Encoding": "chunked" if reply.chunked else None,
        }
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()
        if reply.wait_for is not None:
            self.wfile.write(part[:-1])
            reply.wait_for.wait(20)
            part = part[-1:]
        if reply.chunked:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n" if reply.sends is None else b"")
        else:
            self.wfile.write(part)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running server; tries follow each other within milliseconds."""
    monkeypatch.setattr("dotbench.datasets.download.FIRST_WAIT", 0.001)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures with few pixels: what tests look at is the same, and drawing takes less."""
    monkeypatch.setattr("dotbench.reporting.drawing.DPI", 20)


@pytest.fixture
def svg_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are written once and not in three formats: most of a figure's time is its layout, format by format."""
    from dotbench.reporting import drawing

    monkeypatch.setattr(drawing, "METADATA", {"svg": drawing.METADATA["svg"]})
