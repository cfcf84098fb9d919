"""The projects: small manifests of real packages, and the day of whose versions they are locked."""
import importlib.machinery
import importlib.util
import json
import pathlib


def npm(about, locked, *, resolved=False, workspaces=None, level="major", **fields):
    """A project that is locked at the versions in `locked`, by name: first asked for exactly, then as it asks."""
    if workspaces:
        fields = {"workspaces": ["packages/*"], **fields}
    manifests = {"package.json": {"name": "shop", "version": "1.0.0", **fields}}
    for name, own in (workspaces or {}).items():
        manifests[f"packages/{name}/package.json"] = {"name": name, "version": "1.0.0", **own}
    direct = set()
    files, exact = {}, {}
    for path, manifest in manifests.items():
        files[path] = json.dumps(manifest, indent=2) + "\n"
        for kind in ("dependencies", "devDependencies", "optionalDependencies"):
            if kind in manifest:
                direct |= set(manifest[kind])
                pinned = {name: locked.get(name, needed) for name, needed in manifest[kind].items()}
                manifest = {**manifest, kind: pinned}
        exact[path] = manifest
    deep = {name: version for name, version in locked.items() if name not in direct}
    if deep:
        exact["package.json"]["overrides"] = {**exact["package.json"].get("overrides", {}), **deep}
    texts = {path: json.dumps(manifest, indent=2) + "\n" for path, manifest in exact.items()}
    return {"about": about, "resolved": resolved, "files": texts, "later": files, "level": level}


PACKAGE_LOCK = {
    "axios": npm(
        "direct dependencies, inside and outside of their ranges",
        {"axios": "0.21.0", "qs": "6.9.4"},
        dependencies={"axios": "^0.21.0", "lodash": "4.17.15", "qs": "~6.9.0"},
    ),
    "axios-1": npm(
        "a dependency with dependencies of its own, and addresses in the lockfile",
        {"axios": "1.2.0", "form-data": "4.0.0"},
        resolved=True,
        dependencies={"axios": "^1.1.0"},
        devDependencies={"form-data": "^4.0.0"},
    ),
    "next": npm(
        "optional packages of each platform, and peers",
        {"next": "12.2.0", "react": "18.2.0", "react-dom": "18.2.0"},
        dependencies={"next": "^12.2.0", "react": "^18.2.0", "react-dom": "^18.2.0"},
    ),
    "next-15": npm(
        "the same inside of its range",
        {"next": "15.1.0"},
        dependencies={"next": "^15.0.0", "react": "^19.0.0", "react-dom": "^19.0.0"},
        resolved=True,
    ),
    "workspaces": npm(
        "a workspace with different versions of one package at its root and in its members",
        {},
        dependencies={"lodash": "4.17.10"},
        workspaces={
            "api": {"dependencies": {"axios": "0.21.0", "qs": "6.5.2"}},
            "site": {"dependencies": {"axios": "0.19.2", "lodash": "3.10.1", "api": "1.0.0"}},
        },
    ),
    "handlebars": npm(
        "an optional dependency of a dependency",
        {"handlebars": "4.5.0", "marked": "0.8.0", "uglify-js": "3.6.0"},
        dependencies={"handlebars": "^4.5.0", "marked": "^0.8.0"},
    ),
    "svelte": npm(
        "development dependencies with peers",
        {"svelte": "5.0.0", "vite": "5.4.0"},
        devDependencies={"svelte": "^5.0.0", "@sveltejs/vite-plugin-svelte": "^4.0.0", "vite": "^5.0.0"},
    ),
    "angular": npm(
        "a scope whose packages are peers of each other",
        {"@angular/core": "11.0.0", "@angular/common": "11.0.0"},
        dependencies={"@angular/core": "~11.0.0", "@angular/common": "~11.0.0", "rxjs": "~6.6.0", "zone.js": "~0.10.3", "tslib": "^2.0.0"},
    ),
    "express": npm(
        "packages that a framework pins",
        {"express": "4.16.0", "morgan": "1.9.0"},
        dependencies={"express": "^4.16.0", "morgan": "^1.9.0", "serve-index": "^1.9.0"},
    ),
    "exceljs": npm(
        "a package in the range of another, and one that is direct",
        {"exceljs": "4.2.0", "jszip": "3.5.0"},
        resolved=True,
        dependencies={"exceljs": "^4.2.0", "jszip": "^3.5.0"},
    ),
    "markdown": npm(
        "several direct dependencies, some of them for development",
        {"markdown-it": "10.0.0", "highlight.js": "9.15.10", "dompurify": "2.0.7", "moment": "2.29.1", "underscore": "1.9.1"},
        dependencies={"markdown-it": "^10.0.0", "highlight.js": "^9.15.0", "dompurify": "^2.0.0"},
        devDependencies={"moment": "^2.29.0", "underscore": "^1.9.0"},
    ),
    "alias": npm(
        "one package under two names and in two versions",
        {"lodash": "4.17.11", "lodash3": "npm:lodash@4.17.4", "qs": "6.5.1"},
        dependencies={"lodash": "^4.17.11", "lodash3": "npm:lodash@^4.17.4", "qs": "^6.5.0"},
    ),
    "overrides": npm(
        "a project with overrides of another package",
        {"axios": "0.21.1"},
        dependencies={"axios": "^0.21.1", "send": "0.17.1", "ms": "2.1.1"},
        overrides={"debug": "2.6.9"},
    ),
    "request": npm(
        "an old tree with packages that others pin",
        {"jsonwebtoken": "8.1.0", "tunnel-agent": "0.6.0"},
        dependencies={"request": "2.79.0", "jsonwebtoken": "^8.1.0"},
    ),
    "vue": npm(
        "a framework and libraries beside it",
        {"vue": "2.6.0", "echarts": "5.0.0", "url-parse": "1.4.0"},
        dependencies={"vue": "^2.6.0", "echarts": "^5.0.0", "url-parse": "^1.4.0"},
    ),
    "sequelize": npm(
        "a database library and what it needs",
        {"sequelize": "6.5.0", "moment": "2.29.1", "validator": "10.11.0", "lodash": "4.17.15"},
        dependencies={"sequelize": "^6.5.0", "moment": "^2.29.1"},
    ),
    "react-16": npm(
        "a peer that has to move with its package",
        {"react": "16.2.0"},
        dependencies={"react": "^16.2.0", "react-dom": "16.2.0"},
    ),
    "bin": npm(
        "packages with programs and install scripts",
        {"tar": "4.4.0", "uglify-js": "2.5.0", "js-yaml": "3.12.0", "semver": "5.6.0", "electron": "11.0.0"},
        dependencies={"tar": "^4.4.0", "uglify-js": "^2.5.0", "js-yaml": "^3.12.0", "semver": "^5.6.0", "electron": "^11.0.0"},
    ),
}


def crate(name, dependencies, further=""):
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n{dependencies}\n{further}'


def cargo(about, before, dependencies, further="", *, version=None, files=None, later=None):
    own = {"Cargo.toml": crate("shop", dependencies, further), "src/lib.rs": "", **(files or {})}
    project = {"about": about, "before": before, "files": own, "version": version}
    if later:
        project["later"] = {"Cargo.toml": crate("shop", later, further)}
    return project


def workspace(shared, members, further=""):
    files = {"Cargo.toml": f'[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n{further}\n[workspace.dependencies]\n{shared}\n'}
    for name, text in members.items():
        files[f"crates/{name}/Cargo.toml"] = crate(name, text)
        files[f"crates/{name}/src/lib.rs"] = ""
    return files


CARGO_LOCK = {
    "hyper": cargo("a server and what it is built on", "2023-03-01", 'hyper = { version = "0.14", features = ["full"] }\ntokio = { version = "1", features = ["full"] }'),
    "workspace": {
        "about": "a workspace whose members share a dependency",
        "before": "2022-03-01",
        "files": workspace(
            'regex = "1.5"\ntime = { version = "0.3", features = ["serde"] }',
            {"app": "regex.workspace = true\nlib = { path = \"../lib\" }", "lib": 'time.workspace = true\ncrossbeam-utils = "0.8"'},
        ),
    },
    "rustls": cargo("exact needs between the crates of one project", "2023-04-01", 'rustls = "0.20"\ntokio-rustls = "0.23"\nwebpki-roots = "0.22"', version=3),
    "renamed": cargo("renamed crates and two versions of one", "2021-01-01", 'old-smallvec = { package = "smallvec", version = "0.6" }\nsmallvec = "1"\nrand = "0.7"\nbitflags = "1"'),
    "optional": cargo(
        "optional dependencies and weak features",
        "2022-11-01",
        'tokio = { version = "1", features = ["sync"], optional = true }\nbytes = { version = "1", optional = true }\ntime = { version = "0.3", features = ["parsing"] }',
        '\n[features]\nmore = ["dep:tokio", "bytes?/serde"]\n\n[dev-dependencies]\ncrossbeam-channel = "0.5"\n\n[target.\'cfg(windows)\'.dependencies]\nmio = { version = "0.8", features = ["net"] }\n',
    ),
    "tracing": cargo("a subscriber with many small crates", "2025-03-01", 'tracing = "0.1"\ntracing-subscriber = { version = "0.3", features = ["env-filter", "json"] }'),
    "openssl": cargo("bindings and the crate that links the library", "2023-01-15", 'openssl = "0.10"\nnative-tls = "0.2"'),
    "tar": cargo("archives", "2024-06-01", 'tar = "0.4"\nflate2 = "1"\nzip = "1"'),
    "idna": cargo("a fix outside of the range of a dependent, which moves", "2024-06-01", 'url = "2.5"\ncookie_store = "0.21"'),
    "chrono": cargo("a range in the manifest", "2022-04-01", 'chrono = "=0.4.19"\nthread_local = "1.1.3"\nnix = "=0.20.0"', later='chrono = "0.4.19"\nthread_local = "1.1.3"\nnix = "0.20.0"'),
    "sqlx": cargo("a database library with a library of C", "2024-08-01", 'sqlx = { version = "0.8.0", features = ["sqlite", "runtime-tokio"] }'),
    "crypto": cargo("a pre-release in the range", "2023-06-01", 'ed25519-dalek = "1"\naes-gcm = "0.10.1"\nring = "0.16"\ncurve25519-dalek = "3"'),
    "axum": cargo("a framework, its runtime, and a format", "2022-08-20", 'axum = "0.5"\naxum-core = "0.2"\ntower-http = { version = "0.3", features = ["fs"] }\nprost = "0.11"'),
}


def go(about, version, modules, packages, *, more="", files=None, level="major"):
    imports = "".join(f'\t_ "{package}"\n' for package in packages)
    requires = "".join(f"\t{path} {version}\n" for path, version in modules.items())
    own = {
        "go.mod": f"module shop.example/shop\n\ngo {version}\n\nrequire (\n{requires})\n{more}",
        "main.go": f"package main\n\nimport (\n{imports})\n\nfunc main() {{}}\n",
        **(files or {}),
    }
    return {"about": about, "files": own, "level": level}


GO_MOD = {
    "gin": go("a framework, with tests of dependencies", "1.17", {"github.com/gin-gonic/gin": "v1.7.0"}, ["github.com/gin-gonic/gin"]),
    "echo": go("a major version in the path", "1.20", {"github.com/labstack/echo/v4": "v4.6.0"}, ["github.com/labstack/echo/v4"]),
    "prometheus": go("an old module without a pruned graph", "1.21", {"github.com/prometheus/client_golang": "v1.11.0"}, ["github.com/prometheus/client_golang/prometheus/promhttp"]),
    "grpc": go("modules that require each other", "1.22", {"google.golang.org/grpc": "v1.50.0"}, ["google.golang.org/grpc"]),
    "jwt": go(
        "an incompatible version",
        "1.20",
        {"github.com/dgrijalva/jwt-go": "v3.2.0+incompatible", "github.com/sirupsen/logrus": "v1.6.0"},
        ["github.com/dgrijalva/jwt-go", "github.com/sirupsen/logrus"],
    ),
    "x": go(
        "pseudo-versions",
        "1.18",
        {"golang.org/x/crypto": "v0.0.0-20210513164829-c07d793c2f9a", "golang.org/x/net": "v0.1.0", "golang.org/x/text": "v0.3.7"},
        ["golang.org/x/crypto/ssh", "golang.org/x/net/html", "golang.org/x/net/http2", "golang.org/x/text/language"],
    ),
    "chi": go("a router alone", "1.22", {"github.com/go-chi/chi/v5": "v5.0.7"}, ["github.com/go-chi/chi/v5", "github.com/go-chi/chi/v5/middleware"]),
    "yaml": go(
        "a module that only tests of dependencies need",
        "1.18",
        {"gopkg.in/yaml.v2": "v2.2.2", "github.com/ghodss/yaml": "v1.0.0"},
        ["gopkg.in/yaml.v2", "github.com/ghodss/yaml"],
    ),
    "gjson": go("small modules of one author", "1.19", {"github.com/tidwall/gjson": "v1.6.0"}, ["github.com/tidwall/gjson"]),
    "dns": go("a module that needs another family", "1.19", {"github.com/miekg/dns": "v1.1.22"}, ["github.com/miekg/dns"]),
    "fiber": go("a server with its own HTTP", "1.20", {"github.com/gofiber/fiber/v2": "v2.40.0"}, ["github.com/gofiber/fiber/v2"]),
    "jose": go("two modules for one purpose", "1.21", {"github.com/go-jose/go-jose/v3": "v3.0.0", "github.com/lestrrat-go/jwx/v2": "v2.0.11"}, ["github.com/go-jose/go-jose/v3", "github.com/lestrrat-go/jwx/v2/jwt"]),
    "replace": go(
        "a module of the repository in the place of another",
        "1.20",
        {"golang.org/x/text": "v0.3.5", "example.org/own": "v1.0.0"},
        ["golang.org/x/text/language", "example.org/own"],
        more="\nreplace example.org/own => ./own\n",
        files={"own/go.mod": "module example.org/own\n\ngo 1.20\n", "own/own.go": "package own\n"},
    ),
    "image": go("an upgrade that raises the line of Go", "1.17", {"golang.org/x/image": "v0.5.0"}, ["golang.org/x/image/tiff"]),
    "go-git": go("a large module", "1.23.0", {"github.com/go-git/go-git/v5": "v5.4.2"}, ["github.com/go-git/go-git/v5/plumbing"]),
    "saml": go("a module that brings another in", "1.19", {"github.com/crewjam/saml": "v0.4.6"}, ["github.com/crewjam/saml"]),
    "circl": go("cryptography", "1.20", {"github.com/cloudflare/circl": "v1.3.0", "golang.org/x/net": "v0.17.0"}, ["github.com/cloudflare/circl/sign/ed448", "golang.org/x/net/html"]),
}


def requirements(about, form, before, needs, **further):
    project = {"about": about, "form": form, "before": before, "files": {"requirements.in": "".join(f"{need}\n" for need in needs), **further.pop("files", {})}}
    return {**project, **further}


REQUIREMENTS = {
    "requests": requirements("hashes for every platform", "universal", "2023-02-01", ["requests==2.25.1"]),
    "flask": requirements("ranges in the input", "pip-compile", "2023-02-01", ["flask>=2,<3", "requests"]),
    "django": requirements("one direct dependency with others", "uv", "2023-02-01", ["django>=3.2,<4", "djangorestframework"]),
    "django-hashes": requirements("the same with hashes", "pip-compile", "2023-02-01", ["django>=3.2,<4", "sqlparse"]),
    "fastapi": requirements("an extra", "uv", "2023-02-01", ["fastapi", "uvicorn[standard]", "httpx"]),
    "aiohttp": requirements("markers", "uv", "2023-02-01", ["aiohttp", "yarl"]),
    "urllib3": requirements("a package that several need", "line", "2023-02-01", ["requests", "botocore"]),
    "werkzeug": requirements("a pin in the input that moves", "line", "2023-02-01", ["werkzeug==2.2.2", "flask"]),
    "tornado": requirements("a single package with many wheels", "universal", "2023-02-01", ["tornado"]),
    "sphinx": requirements("a documentation tool", "pip-compile", "2023-02-01", ["sphinx<6"]),
    "markers": requirements(
        "needs of some platforms and versions", "universal", "2023-02-01", ["jinja2 ; python_version >= '3.9'", "colorama ; sys_platform == 'win32'", "certifi ; sys_platform != 'win32'"]
    ),
    "twisted": requirements("packages with extras and markers", "uv", "2023-02-01", ["scrapy"]),
    "hand": requirements(
        "a list by hand",
        "hand",
        "2023-02-01",
        [],
        files={"requirements.txt": "# What the shop runs on.\nJinja2==3.1.2  # pages\nurllib3 == 1.26.14\nsqlparse==0.4.3 ; python_version >= '3.7'\n\ncertifi==2022.12.7\n"},
    ),
    "include": requirements(
        "files that include each other",
        "hand",
        "2023-02-01",
        [],
        files={"requirements.txt": "-r requirements-base.txt\nwaitress==2.1.2\n", "requirements-base.txt": "paramiko==2.12.0\ncertifi==2022.12.7\n"},
    ),
    "pillow": requirements("a package with wheels of many platforms", "uv", "2023-02-01", ["pillow", "reportlab<4"]),
}


def pyproject(needs, *, python=">=3.9", more=""):
    return f'[project]\nname = "shop"\nversion = "1.0.0"\nrequires-python = "{python}"\ndependencies = {json.dumps(needs)}\n{more}'


def uv(about, before, needs, *, files=None, later=None, **further):
    project = {"about": about, "before": before, "files": {"pyproject.toml": pyproject(needs, **further), **(files or {})}}
    if later:
        project["later"] = {"pyproject.toml": pyproject(later, **further)}
    return project


UV_LOCK = {
    "requests": uv("one package leaves and another comes in", "2022-01-01", ["requests<2.28"]),
    "flask": uv("ranges in the project", "2023-02-01", ["flask>=2,<3", "requests"]),
    "django": uv("a framework", "2023-02-01", ["django>=3.2,<4", "djangorestframework"]),
    "fastapi": uv("extras", "2023-02-01", ["fastapi", "uvicorn[standard]", "httpx"]),
    "aiohttp": uv("many wheels", "2023-02-01", ["aiohttp"], python=">=3.11"),
    "groups": uv("dependency groups", "2023-02-01", ["jinja2"], more='\n[dependency-groups]\ndev = ["werkzeug==2.2.2", "sqlparse"]\n'),
    "optional": uv("optional dependencies of the project", "2023-02-01", ["markdown-it-py"], more='\n[project.optional-dependencies]\nweb = ["tornado>=6", "requests"]\n'),
    "workspace": uv(
        "a workspace",
        "2023-02-01",
        ["shelf", "urllib3"],
        more='\n[tool.uv.workspace]\nmembers = ["shelf"]\n\n[tool.uv.sources]\nshelf = { workspace = true }\n',
        files={"shelf/pyproject.toml": '[project]\nname = "shelf"\nversion = "0.1.0"\nrequires-python = ">=3.9"\ndependencies = ["paramiko<3", "requests"]\n'},
    ),
    "forks": uv(
        "two versions for two ranges of Python",
        "2023-06-01",
        ["urllib3<2 ; python_version < '3.10'", "urllib3>=2 ; python_version >= '3.10'", "certifi"],
    ),
    "markers": uv("needs of some platforms", "2021-02-01", ["pywin32 ; sys_platform == 'win32'", "httplib2", "jinja2 ; sys_platform != 'win32'"]),
    "pin": uv("an exact need that moves", "2023-02-01", ["werkzeug==2.2.2", "flask"]),
    "sqlparse": uv("a package that only others need", "2023-02-01", ["django-debug-toolbar<4", "django<4"]),
    "twisted": uv("a server", "2023-02-01", ["twisted", "pyopenssl"]),
    "starlette": uv("packages in step", "2023-02-01", ["starlette", "python-multipart"]),
    "sphinx": uv("a documentation tool", "2023-02-01", ["sphinx<6"], python=">=3.9,<3.12"),
}

def poetry(about, before, needs, *, python=">=3.9,<3.12", more=""):
    listed = "".join(f"    {json.dumps(need)},\n" for need in needs)
    head = f'[project]\nname = "shop"\nversion = "1.0.0"\nrequires-python = "{python}"\ndependencies = [\n{listed}]\n\n'
    return {"about": about, "before": before, "files": {"pyproject.toml": f"{head}[tool.poetry]\npackage-mode = false\n{more}"}}


def poetry_table(about, before, table, *, more=""):
    head = '[tool.poetry]\nname = "shop"\nversion = "1.0.0"\ndescription = ""\nauthors = []\npackage-mode = false\n\n'
    text = f'{head}[tool.poetry.dependencies]\npython = ">=3.9,<3.12"\n{table}{more}'
    return {"about": about, "before": before, "files": {"pyproject.toml": text}}


POETRY_LOCK = {
    "requests": poetry("one package leaves and another comes in", "2022-01-01", ["requests<2.28"]),
    "flask": poetry("ranges in the project", "2023-02-01", ["flask>=2,<3", "requests"]),
    "django": poetry("a framework", "2023-02-01", ["django>=3.2,<4", "djangorestframework"]),
    "fastapi": poetry("extras", "2023-02-01", ["fastapi", "uvicorn[standard]", "httpx"]),
    "aiohttp": poetry("many wheels", "2023-02-01", ["aiohttp"], python=">=3.11,<3.12"),
    "groups": poetry("a group for development", "2023-02-01", ["jinja2"], more='\n[tool.poetry.group.dev.dependencies]\nwerkzeug = "2.2.2"\nsqlparse = "*"\n'),
    "optional": poetry_table(
        "extras of the project", "2023-02-01", 'markdown-it-py = "^2.1"\ntornado = {version = "^6.2", optional = true}\n', more='\n[tool.poetry.extras]\nweb = ["tornado"]\n'
    ),
    "caret": poetry_table("ranges in Poetry's own form", "2023-02-01", 'werkzeug = "~2.2"\nrequests = "^2.28"\n'),
    "marker": poetry_table(
        "needs of some platforms", "2023-02-01", 'colorama = {version = "*", markers = "sys_platform == \'win32\'"}\njinja2 = "^3.1"\nurllib3 = "^1.26"\n'
    ),
    "pin": poetry("an exact need that moves", "2023-02-01", ["werkzeug==2.2.2", "flask"]),
    "sqlparse": poetry("a package that only others need", "2023-02-01", ["django-debug-toolbar<4", "django<4"]),
    "starlette": poetry("packages in step", "2023-02-01", ["starlette", "python-multipart"]),
    "sphinx": poetry("a documentation tool", "2023-02-01", ["sphinx<6"]),
}


def pipfile(about, before, packages, *, dev="", more=""):
    source = '[[source]]\nurl = "${INDEX_URL}"\nverify_ssl = true\nname = "own"\n'
    text = f'{source}\n[packages]\n{packages}\n[dev-packages]\n{dev}\n{more}[requires]\npython_version = "3.11"\n'
    return {"about": about, "before": before, "files": {"Pipfile": text}}


PIPFILE_LOCK = {
    "requests": pipfile("one package leaves and another comes in", "2022-01-01", 'requests = "<2.28"\n'),
    "flask": pipfile("ranges in the project", "2023-02-01", 'flask = ">=2,<3"\nrequests = "*"\n'),
    "django": pipfile("a framework", "2023-02-01", 'django = ">=3.2,<4"\ndjangorestframework = "*"\n'),
    "fastapi": pipfile("extras", "2023-02-01", 'fastapi = "*"\nuvicorn = {version = "*", extras = ["standard"]}\nhttpx = "*"\n'),
    "both": pipfile("a package in both categories", "2023-02-01", 'jinja2 = "*"\n', dev='jinja2 = "*"\nsqlparse = "*"\n'),
    "develop": pipfile("what is developed with", "2023-02-01", 'markdown-it-py = "*"\n', dev='werkzeug = "==2.2.2"\n'),
    "category": pipfile("a category of one's own", "2023-02-01", 'certifi = "*"\n', more='[docs]\ntornado = "~=6.2"\n\n'),
    "compatible": pipfile("ranges in another form", "2023-02-01", 'werkzeug = "~=2.2"\nrequests = "~=2.28"\n'),
    "marker": pipfile("needs of some platforms", "2023-02-01", 'colorama = {version = "*", markers = "sys_platform == \'win32\'"}\njinja2 = "~=3.1"\nurllib3 = "~=1.26"\n'),
    "pin": pipfile("an exact need that moves", "2023-02-01", 'werkzeug = "==2.2.2"\nflask = "*"\n'),
    "sqlparse": pipfile("a package that only others need", "2023-02-01", 'django-debug-toolbar = "<4"\ndjango = "<4"\n'),
    "twisted": pipfile("a server", "2023-02-01", 'twisted = "*"\npyopenssl = "*"\n'),
    "starlette": pipfile("packages in step", "2023-02-01", 'starlette = "*"\npython-multipart = "*"\n'),
    "sphinx": pipfile("a documentation tool", "2023-02-01", 'sphinx = "<6"\n'),
}


def pom(about, *dependencies, properties="", more=""):
    def element(name, version):
        group, artifact = name.split(":")
        return f"    <dependency>\n      <groupId>{group}</groupId>\n      <artifactId>{artifact}</artifactId>\n      <version>{version}</version>\n    </dependency>\n"

    listed = "".join(element(*one) for one in dependencies)
    text = (
        '<project xmlns="http://maven.apache.org/POM/4.0.0">\n  <modelVersion>4.0.0</modelVersion>\n  <groupId>shop.example</groupId>\n'
        f"  <artifactId>shop</artifactId>\n  <version>1.0</version>\n{properties}  <dependencies>\n{listed}  </dependencies>\n{more}</project>\n"
    )
    return {"about": about, "before": None, "files": {"pom.xml": text}}


BUILDS = {
    "jetty": pom("a server", ("org.eclipse.jetty:jetty-server", "9.4.40.v20210413"), ("org.eclipse.jetty:jetty-http", "9.4.40.v20210413")),
    "protobuf": pom(
        "a property for one artifact",
        ("com.google.protobuf:protobuf-java", "${protobuf.version}"),
        properties="  <properties>\n    <protobuf.version>3.19.1</protobuf.version>\n  </properties>\n",
    ),
    "snappy": pom("two literals", ("org.xerial.snappy:snappy-java", "1.1.8.4"), ("commons-net:commons-net", "3.8.0")),
    "bouncy": pom("artifacts of one release", ("org.bouncycastle:bcprov-jdk18on", "1.71"), ("org.bouncycastle:bcpkix-jdk18on", "1.71")),
    "shiro": pom("a literal with dependencies", ("org.apache.shiro:shiro-core", "1.9.0"), ("org.apache.shiro:shiro-web", "1.9.0")),
    "pdfbox": pom("an upgrade within a minor release", ("org.apache.pdfbox:pdfbox", "2.0.23")),
}


def builds():
    """Those that fix-maven has."""
    loader = importlib.machinery.SourceFileLoader("fix_maven", str(pathlib.Path(__file__).resolve().parents[1] / "fix-maven"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("fix_maven", loader))
    loader.exec_module(module)
    return {name: {"about": f"the build {name} of fix-maven", "before": None, "files": files} for name, files in module.PROJECTS.items()}


PROJECTS = {
    "package_lock": PACKAGE_LOCK,
    "cargo_lock": CARGO_LOCK,
    "go_mod": GO_MOD,
    "requirements": REQUIREMENTS,
    "uv_lock": UV_LOCK,
    "poetry_lock": POETRY_LOCK,
    "pipfile_lock": PIPFILE_LOCK,
    "pom": {**builds(), **BUILDS},
}
