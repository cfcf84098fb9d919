"""Answers registries on this machine: forwarded to where the machine's own clients ask, or from a list of answers alone.

Every address of a registry is written `https://registry.example/0/...`, with a number for each server, wherever it is kept. What is served
has the proxy's own address in its place.
"""
import contextlib
import hashlib
import http.server
import pathlib
import re
import threading
import urllib.error
import urllib.request

PLACE = "https://registry.example/"
ADDRESS = re.compile(r"https?://[^/\"'\s#?]+/")


class Servers:
    """The servers of a project: a number for each."""

    def __init__(self):
        self.origins = []

    def number(self, origin):
        if origin not in self.origins:
            self.origins.append(origin)
        return self.origins.index(origin)

    def kept(self, address):
        """An address as it is kept."""
        origin = ADDRESS.match(address)[0]
        return f"{PLACE}{self.number(origin)}/{address[len(origin):]}"

    def keep(self, text):
        """A text in which the servers that are known are written as they are kept."""
        for number, origin in enumerate(self.origins):
            text = text.replace(origin, f"{PLACE}{number}/")
        return text

    def real(self, text):
        """The reverse."""
        return re.sub(re.escape(PLACE) + r"(\d+)/", lambda found: self.origins[int(found[1])], text)


class Upstream:
    """Asks registries, and keeps what they answered in a folder for the next time."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, address, accept):
        name = self.folder / hashlib.sha256(f"{address} {accept}".encode()).hexdigest()
        if name.exists():
            status, _, body = name.read_bytes().partition(b"\n")
            return int(status), body
        request = urllib.request.Request(address, headers={"Accept": accept or "*/*"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            if error.code not in (404, 410):
                raise
            status, body = error.code, b""
        part = name.with_suffix(f".{threading.get_ident()}")
        part.write_bytes(str(status).encode() + b"\n" + body)
        part.rename(name)
        return status, body


class Asked(dict):
    """What was asked, by the path behind `https://registry.example/`: the status and the body as it came."""


@contextlib.contextmanager
def serving(answer):
    """Serves what `answer(path, accept)` gives, a status and a body, and yields the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                status, body = answer(self.path[1:], self.headers.get("Accept"))
            except Exception as error:  # The client is to see it, not this thread's end.
                status, body = 502, str(error).encode()
            own = f"http://{self.headers['Host']}/".encode()
            if not body.startswith((b"PK", b"\x1f\x8b")):
                body = body.replace(PLACE.encode(), own)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
