"""An index of Python packages as it was on a day: what fix-python has tools resolve against, to get lockfiles of years ago.

Serves below `/DAY/simple/` the lists of the index without what was uploaded later (`/now/` has all, `/set/` those of the day that is set), and below `/DAY/pypi/NAME/VERSION/json`
what Poetry asks of a release, made of the metadata of a wheel. Answers of the index are kept in a folder.
"""
import email.parser
import hashlib
import http.server
import io
import json
import re
import threading
import urllib.error
import urllib.request
import zipfile

LISTS = "application/vnd.pypi.simple.v1+json"
ARCHIVES = re.compile(r"\.(whl|tar\.gz|zip|tar\.bz2|tgz)$")


def version_of(filename):
    """The version in the name of a wheel or a source distribution; None for any other file."""
    stem = ARCHIVES.sub("", filename)
    if stem == filename:
        return None
    return stem.split("-")[1] if filename.endswith(".whl") else stem.rsplit("-", 1)[-1]


def plain(version):
    """A version without what two spellings of it may differ in."""
    return re.sub(r"(\.0)+$", "", version.lower().lstrip("v")).replace("_", ".").replace("-", ".")


class Index:
    def __init__(self, address, cache):
        self.address, self.cache, self.day = address.rstrip("/"), cache, "now"
        self.cache.mkdir(parents=True, exist_ok=True)

    def get(self, address, accept="*/*"):
        file = self.cache / hashlib.sha256(f"{accept} {address}".encode()).hexdigest()
        if not file.exists():
            request = urllib.request.Request(address, headers={"Accept": accept})
            with urllib.request.urlopen(request, timeout=60) as answer:
                file.write_bytes(answer.read())
        return file.read_bytes()

    def project(self, name, day):
        day = self.day if day == "set" else day
        project = json.loads(self.get(f"{self.address}/{name}/", LISTS))
        if day != "now":
            project["files"] = [file for file in project["files"] if file.get("upload-time", "9") < day]
            known = {plain(version) for file in project["files"] if (version := version_of(file["filename"]))}
            project["versions"] = [version for version in project.get("versions", []) if plain(version) in known]
        return project

    def metadata(self, wheels):
        """The metadata beside one of the wheels, else inside the smallest."""
        for file in wheels[:1]:
            try:
                return self.get(file["url"] + ".metadata").decode("utf-8", "replace")
            except urllib.error.HTTPError:
                pass
        for file in sorted(wheels, key=lambda file: file.get("size", 0))[:1]:
            with zipfile.ZipFile(io.BytesIO(self.get(file["url"]))) as archive:
                for name in archive.namelist():
                    if re.fullmatch(r"[^/]+\.dist-info/METADATA", name):
                        return archive.read(name).decode("utf-8", "replace")
        return None

    def release(self, name, version, day):
        files = [
            file
            for file in self.project(name, day)["files"]
            if (own := version_of(file["filename"])) and plain(own) == plain(version)
        ]
        if not files:
            return None
        info = {"name": name, "version": version, "summary": "", "requires_dist": None, "yanked": False}
        info["requires_python"] = files[0].get("requires-python")
        text = self.metadata([file for file in files if file["filename"].endswith(".whl")])
        if text is not None:
            head = email.parser.HeaderParser().parsestr(text)
            info["summary"] = head["Summary"] or ""
            info["requires_python"] = head["Requires-Python"]
            info["requires_dist"] = head.get_all("Requires-Dist") or []
        urls = [
            {
                "filename": file["filename"],
                "url": file["url"],
                "digests": file["hashes"],
                "yanked": bool(file.get("yanked")),
                "yanked_reason": None,
                "packagetype": "bdist_wheel" if file["filename"].endswith(".whl") else "sdist",
                "requires_python": file.get("requires-python"),
            }
            for file in files
        ]
        return {"info": info, "urls": urls, "releases": {version: urls}}

    def answer(self, path):
        match path.split("?")[0].strip("/").split("/"):
            case [day, "simple", name]:
                return LISTS, json.dumps(self.project(name, day)).encode()
            case [day, "pypi", name, version, "json"]:
                release = self.release(name, version, day)
                return None if release is None else ("application/json", json.dumps(release).encode())
        return None


def serve(address, cache, port):
    """Starts a server for the index at `address`; gives it and the server's own address."""
    index = Index(address, cache)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            try:
                found = index.answer(self.path)
            except urllib.error.HTTPError:
                found = None
            kind, body = found or ("text/plain", b"")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return index, f"http://127.0.0.1:{server.server_address[1]}"
