"""A stand-in for the HTTP endpoints of the Hugging Face Hub that huggingface_hub uses for models, in a thread.

Tests say by `faults` what is to fail: a pattern of the path, and a function that answers instead of the server.
"""

import base64
import contextlib
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_secret"


class Hub:
    """The repositories, and the requests that were received.

    Attributes:
        repositories: for each repository, its commits: the files by name.
        private: the repositories that were created as private ones.
        requests: the methods and paths of all requests, and what was sent as JSON.
        faults: answers instead of the server's, by the pattern of a path.
        large: the content of files uploaded by themselves, by their SHA-256.
        tags: the revisions that further names stand for.
        url: the address.
    """

    def __init__(self):
        self.repositories, self.private, self.requests, self.faults, self.large = {}, set(), [], {}, {}
        self.tags, self.url = {}, ""

    def commit(self, repository, index=-1):
        """Returns the hash of a commit."""
        commits = self.repositories[repository]
        return hashlib.sha1(f"{repository}{index % len(commits)}".encode()).hexdigest()

    def files(self, repository, revision="main"):
        """Returns the files at a revision by name, and its commit; `None` if there is no such revision."""
        commits, revision = self.repositories[repository], self.tags.get(revision, revision)
        for index, files in enumerate(commits):
            if revision == self.commit(repository, index) or (revision == "main" and index == len(commits) - 1):
                return files, self.commit(repository, index)
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, document=None, headers=None, content=None):
        body = json.dumps(document).encode() if content is None else content
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, message):
        self.answer(status, {"error": message}, {"X-Error-Code": code, "X-Error-Message": message})

    def handle_request(self):
        hub, path = self.server.hub, self.path.partition("?")[0]
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        hub.requests.append((self.command, path, body))
        for pattern, fault in hub.faults.items():
            if re.search(pattern, f"{self.command} {path}"):
                fault(self)
                return
        for method, pattern, handle in _ROUTES:
            match = re.fullmatch(pattern, path)
            if method == self.command and match:
                handle(self, hub, body, **match.groupdict())
                return
        self.refuse(404, "NotFound", f"The stand-in has no {self.command} {path}")

    do_GET = do_HEAD = do_POST = do_PUT = handle_request  # noqa: N815  The names that `http.server` calls.

    @property
    def authorized(self):
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"


def create(request, hub, body):
    asked = json.loads(body)
    repository = f"{asked['organization']}/{asked['name']}"
    if not request.authorized:
        request.refuse(401, "", "Invalid credentials in Authorization header")
    elif repository in hub.repositories:
        request.answer(409, {"error": "You already created this model repo", "url": f"{hub.url}/{repository}"})
    else:
        hub.repositories[repository] = [{".gitattributes": b"*.keras filter=lfs\n"}]
        if asked.get("visibility") == "private" or asked.get("private"):
            hub.private.add(repository)
        request.answer(200, {"url": f"{hub.url}/{repository}"})


def preupload(request, hub, body, repository, revision):
    files = json.loads(body)["files"]
    modes = [
        {"path": file["path"], "uploadMode": "lfs" if file["path"].endswith(".keras") else "regular"}
        | {"shouldIgnore": False}
        for file in files
    ]
    request.answer(200, {"files": modes})


def batch(request, hub, body, repository):
    asked = json.loads(body)
    objects = [
        {**one, "actions": {"upload": {"href": f"{hub.url}/large/{one['oid']}", "header": {}}}}
        for one in asked["objects"]
    ]
    request.answer(200, {"transfer": "basic", "objects": objects})


def upload(request, hub, body, oid):
    hub.large[oid] = body
    request.answer(200, {})


def validate(request, hub, body):
    request.answer(200, {"errors": [], "warnings": []})


def commit(request, hub, body, repository, revision):
    files = dict(hub.files(repository)[0])
    for line in body.splitlines():
        step = json.loads(line)
        value = step["value"]
        if step["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif step["key"] == "lfsFile":
            files[value["path"]] = hub.large[value["oid"]]
        elif step["key"] == "deletedFile":
            del files[value["path"]]
    hub.repositories[repository].append(files)
    oid = hub.commit(repository)
    request.answer(200, {"success": True, "commitOid": oid, "commitUrl": f"{hub.url}/{repository}/commit/{oid}"})


def visible(request, hub, repository):
    if repository in hub.repositories and (repository not in hub.private or request.authorized):
        return True
    request.refuse(404 if request.authorized else 401, "RepoNotFound", "Repository not found")
    return False


def info(request, hub, body, repository, revision="main"):
    if not visible(request, hub, repository):
        return
    found = hub.files(repository, revision)
    if found is None:
        request.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return
    files, oid = found
    siblings = [{"rfilename": name, "size": len(content)} for name, content in files.items()]
    request.answer(200, {"id": repository, "modelId": repository, "sha": oid, "siblings": siblings, "private": False})


def resolve(request, hub, body, repository, revision, name):
    if not visible(request, hub, repository):
        return
    files, oid = hub.files(repository, revision)
    if name not in files:
        request.refuse(404, "EntryNotFound", "Entry not found")
        return
    content = files[name]
    headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": oid, "Accept-Ranges": "bytes"}
    request.answer(200, headers=headers, content=content)


_REPOSITORY = r"(?P<repository>[^/]+/[^/]+)"
_ROUTES = [
    ("POST", "/api/repos/create", create),
    ("POST", "/api/validate-yaml", validate),
    ("POST", rf"/api/models/{_REPOSITORY}/preupload/(?P<revision>[^/]+)", preupload),
    ("POST", rf"/{_REPOSITORY}\.git/info/lfs/objects/batch", batch),
    ("PUT", r"/large/(?P<oid>\w+)", upload),
    ("POST", rf"/api/models/{_REPOSITORY}/commit/(?P<revision>[^/]+)", commit),
    ("GET", rf"/api/models/{_REPOSITORY}", info),
    ("GET", rf"/api/models/{_REPOSITORY}/revision/(?P<revision>[^/]+)", info),
    ("GET", rf"/{_REPOSITORY}/resolve/(?P<revision>[^/]+)/(?P<name>.+)", resolve),
    ("HEAD", rf"/{_REPOSITORY}/resolve/(?P<revision>[^/]+)/(?P<name>.+)", resolve),
]


@contextlib.contextmanager
def running():
    """Yields a `Hub` that answers on a port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.hub = hub = Hub()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
