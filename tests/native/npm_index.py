"""A registry of npm that lacks the latest versions: what fix-yarn has Yarn resolve against, to get lockfiles as they were long ago.

Mirrors do not know when versions were published, so that a share of each major version is left out, but for packages that are to be whole. Requests
for archives are led to the registry itself.
"""
import http.server
import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request

SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)$")
KNOWN = {}


def order(version):
    return [int(part) for part in SEMVER.match(version).groups()]


class Registry:
    def __init__(self, address, share):
        self.address, self.share = address.rstrip("/"), share
        self.whole, self.own = set(), None

    def document(self, name):
        """What the registry says of the package, without the latest versions."""
        if name not in KNOWN:
            quoted = urllib.parse.quote(name, safe="@")
            with urllib.request.urlopen(f"{self.address}/{quoted}", timeout=60) as answer:
                KNOWN[name] = json.load(answer)
        document = dict(KNOWN[name])
        released = sorted(filter(SEMVER.match, document["versions"]), key=order)
        kept = []
        for major in sorted({order(version)[0] for version in released}):
            same = [version for version in released if order(version)[0] == major]
            # Of few versions the last is mostly the one that others ask for.
            is_whole = name in self.whole or len(same) < 10
            kept.extend(same if is_whole else same[: round(len(same) * (1 - self.share))])
        if not kept:
            return json.dumps(document).encode()
        document["versions"] = {version: dict(document["versions"][version]) for version in kept}
        for version, manifest in document["versions"].items():
            archive = f"{self.own}/{name}/-/{name.rsplit('/', 1)[-1]}-{version}.tgz"
            manifest["dist"] = {**manifest["dist"], "tarball": archive}
        latest = document["dist-tags"].get("latest")
        document["dist-tags"] = {"latest": latest if latest in kept else kept[-1]}
        return json.dumps(document).encode()


def serve(address, share):
    """Starts a server for the registry at `address` without this share of versions."""
    registry = Registry(address, share)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            path = urllib.parse.unquote(self.path.split("?")[0])
            code, body, headers = 404, b"", {}
            if "/-/" in path:
                code, headers = 302, {"Location": registry.address + path}
            else:
                try:
                    code, body = 200, registry.document(path.strip("/"))
                    headers = {"Content-Type": "application/json"}
                except urllib.error.HTTPError:
                    pass
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    registry.own = f"http://127.0.0.1:{server.server_address[1]}"
    return registry
