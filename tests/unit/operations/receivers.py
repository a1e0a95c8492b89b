"""Real receivers on loopback: a web server that answers as it is told, and a mail server."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.quiet import QuietThreadingServer

HANG, CLOSE = -1, -2


@dataclass
class Answer:
    """One answer; the status may be HANG or CLOSE, which send none."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"


@dataclass
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """What came, and how to answer: the answers in their order, then `otherwise`."""

    answers: list[Answer] = field(default_factory=list)
    otherwise: Answer = field(default_factory=Answer)
    requests: list[Request] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        """Return the address of a webhook with a secret in it."""
        return f"http://127.0.0.1:{self.port}/services/T0123/sentinel-x7Kq9"


class Handler(BaseHTTPRequestHandler):
    """Takes what is posted."""

    receiver: Receiver

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""

    def do_POST(self) -> None:
        """Answer as the receiver was told."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        to = self.receiver
        to.requests.append(Request(self.path, dict(self.headers.items()), body))
        answer = to.answers.pop(0) if to.answers else to.otherwise
        if answer.status == HANG:
            to.over.wait(20)
        if answer.status < 0:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a web server while the block runs."""
    found = Receiver()
    handler = type("ThisHandler", (Handler,), {"receiver": found})
    server = QuietThreadingServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        found.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailServer:
    """What came, and what the server offers; `answers` replace the usual answer to a command."""

    commands: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    port: int = 0


class MailHandler(socketserver.StreamRequestHandler):
    """Speaks as much SMTP as a client that submits a message needs. Source: RFC 5321."""

    mail: MailServer
    USUAL = {
        "AUTH": "235 welcome",
        "MAIL": "250 ok",
        "RCPT": "250 ok",
        "RSET": "250 ok",
        "QUIT": "221 bye",
    }

    def handle(self) -> None:
        """Answer one command after the other."""
        self._say("220 mail.example.org")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            self.mail.commands.append(line)
            if planned := self.mail.answers.get(word):
                self._say(planned.pop(0))
            elif word == "EHLO":
                offers = ["250-mail", *(["250-STARTTLS"] if self._may_secure() else [])]
                self._say("\r\n".join([*offers, "250 AUTH PLAIN"]))
            elif word == "STARTTLS":
                self._secure()
            elif word == "DATA":
                self._take()
            else:
                self._say(self.USUAL.get(word, "502 no"))
            if word == "QUIT":
                return

    def finish(self) -> None:
        """Close what STARTTLS has opened too."""
        super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.close()

    def _may_secure(self) -> bool:
        return self.mail.tls is not None and not isinstance(self.connection, ssl.SSLSocket)

    def _secure(self) -> None:
        assert self.mail.tls is not None
        self._say("220 go")
        # The handshake comes after the socket is ours to close: the client may refuse it.
        self.connection = self.mail.tls.wrap_socket(
            self.connection, server_side=True, do_handshake_on_connect=False
        )
        self.connection.do_handshake()
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line)
        self.mail.messages.append("".join(lines))
        self.mail.secured.append(isinstance(self.connection, ssl.SSLSocket))
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class QuietMail(socketserver.ThreadingTCPServer):
    """Says nothing of a client that hangs up, as one does that does not trust a certificate."""

    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@contextmanager
def mailing(certificate: Path | None = None) -> Iterator[MailServer]:
    """Run a mail server while the block runs, with STARTTLS where it has a certificate."""
    found = MailServer()
    if certificate is not None:
        found.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.tls.load_cert_chain(certificate)
    handler = type("ThisMail", (MailHandler,), {"mail": found})
    server = QuietMail(("127.0.0.1", 0), handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
