"""A Git host: bare repositories over HTTP, which tells Argo CD of a push as GitHub would."""

import hashlib
import hmac
import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

_EXEC = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
_BACKEND = f"{_EXEC.stdout.strip()}/git-http-backend"


@dataclass
class GitHost:
    """One host with one repository."""

    folder: Path
    port: int
    seen_as: str = "127.0.0.1"
    """This machine's name where Argo CD runs."""
    webhook: str | None = None
    """Where to tell of a push; None: nobody is told."""
    secret: str = "of-the-webhook"
    told: list[int] = field(default_factory=list)
    """What the webhook's receiver answered, for each push."""

    @property
    def url(self) -> str:
        """The repository as people on this machine name it."""
        return f"http://127.0.0.1:{self.port}/weighbridge.git"

    @property
    def argocd_url(self) -> str:
        """The repository as Argo CD names it."""
        return f"http://{self.seen_as}:{self.port}/weighbridge.git"

    @property
    def bare(self) -> Path:
        """The repository on this machine's disk."""
        return self.folder / "weighbridge.git"

    def tip(self) -> str:
        """Return the commit at the head of main."""
        command = ["git", "-C", str(self.bare), "rev-parse", "main"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def create(self) -> None:
        """Make the empty repository."""
        git = ["git", "-C", str(self.bare)]
        subprocess.run(
            ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare)],
            check=True,
        )
        # As the well-known hosts: pushes, and clones that fetch what they lack when they need it.
        for setting in ("http.receivepack", "uploadpack.allowFilter"):
            subprocess.run([*git, "config", setting, "true"], check=True)

    def tell(self, before: str) -> None:
        """Send GitHub's push event."""
        if self.webhook is None or (after := self.tip()) == before:
            return
        event = {
            "ref": "refs/heads/main",
            "before": before,
            "after": after,
            "repository": {
                "html_url": self.argocd_url.removesuffix(".git"),
                "default_branch": "main",
            },
            "commits": [],
        }
        body = json.dumps(event).encode()
        signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        request = urllib.request.Request(self.webhook, body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.told.append(answer.status)


@contextmanager
def git_host(folder: Path, port: int, seen_as: str) -> Iterator[GitHost]:
    """Serve a repository as long as the block runs; to this machine alone, if Argo CD is on it."""
    host = GitHost(folder, port, seen_as)
    host.create()

    class Handler(_Handler):
        served = host

    address = seen_as if seen_as == "127.0.0.1" else "0.0.0.0"
    server = ThreadingHTTPServer((address, port), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Hands each request to Git's own HTTP backend."""

    served: GitHost

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        before = self.served.tip() if any(self.served.bare.glob("refs/heads/*")) else ""
        self._answer(self._body())
        if self.path.endswith("/git-receive-pack"):
            self.served.tell(before)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.served.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            [_BACKEND], input=body, env=variables, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().splitlines() if ": " in line]
        status = next((value for name, value in headers if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
