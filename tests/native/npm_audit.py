"""A registry whose advisories are those of a file: what fix-npm has `npm audit fix` ask, where the registry here has none."""
import gzip
import http.server
import json
import threading
import urllib.error
import urllib.request
import zipfile


def vulnerable(affected):
    """The ranges of OSV, as npm writes them."""
    parts = []
    for one in affected.get("ranges", []):
        low = None
        for event in one.get("events", []):
            if "introduced" in event:
                low = event["introduced"]
            elif "fixed" in event or "last_affected" in event:
                end = f"<{event['fixed']}" if "fixed" in event else f"<={event['last_affected']}"
                parts.append(end if low == "0" else f">={low} {end}")
                low = None
        if low is not None:
            parts.append("*" if low == "0" else f">={low}")
    return " || ".join([*parts, *affected.get("versions", [])])


def bulk(archive):
    """By the name of the package, what the audit endpoint answers."""
    found = {}
    with zipfile.ZipFile(archive) as file:
        records = [json.loads(file.read(name)) for name in file.namelist() if name.endswith(".json")]
    for number, record in enumerate(sorted(records, key=lambda one: one["id"])):
        for affected in record.get("affected", []):
            entry = {
                "id": number,
                "url": f"https://advisories.example/{record['id']}",
                "title": record.get("summary", record["id"]),
                "severity": record.get("database_specific", {}).get("severity", "high").lower(),
                "vulnerable_versions": vulnerable(affected),
            }
            found.setdefault(affected["package"]["name"], []).append(entry)
    return found


def serve(address, archive):
    """Starts a server that answers for the registry at `address`, and returns its own address."""
    upstream, advisories, kept = address.rstrip("/"), bulk(archive), {}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, code, body):
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            accept = self.headers.get("Accept", "application/json")
            if (self.path, accept) not in kept:
                try:
                    request = urllib.request.Request(upstream + self.path, headers={"Accept": accept})
                    with urllib.request.urlopen(request, timeout=120) as found:
                        kept[self.path, accept] = 200, found.read()
                except urllib.error.HTTPError as error:
                    kept[self.path, accept] = error.code, b"{}"
            self.answer(*kept[self.path, accept])

        def do_POST(self):
            data = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                data = gzip.decompress(data)
            if not self.path.endswith("/advisories/bulk"):
                return self.answer(404, b"{}")
            asked = json.loads(data)
            return self.answer(200, json.dumps({name: advisories[name] for name in asked if name in advisories}).encode())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"
