"""A Hugging Face Hub on the loopback, for the real clients to publish to and load from.

`HubServer` speaks what the Hub documents and `huggingface_hub` 2.4 expects (its `hf_api`, `_commit_api`, `lfs` and
`file_download` modules; https://huggingface.co/docs/hub/api and git-lfs' batch API), with large files by LFS:

    with HubServer({"hf_write": Token("someone")}) as hub:
        ...  # a client with HF_ENDPOINT=hub.url, HF_HUB_DISABLE_XET=1 and HF_TOKEN=hf_write

Large files lie, as on the Hub, at another origin behind signed URLs. Requests to both are numbered and logged in one
row. A request that the server does not know is refused and noted in `hub.unexpected`, and so is a fault of the server
itself. Where the Hub hides a repository its client tells so from an https URL; here, over http, `X-Error-Code:
RepoNotFound` tells it.
"""

from __future__ import annotations

import re
import threading
import traceback
from urllib.parse import parse_qs, quote, urlencode

from tests.support.hub_faults import Corrupt, Cut, Expired, Kill, Status, combine_faults, fail_at, fail_first
from tests.support.hub_http import (
    Answer,
    Listener,
    LoggedRequest,
    Request,
    Route,
    Token,
    error_answer,
    json_answer,
    range_answer,
)
from tests.support.hub_repository import HubError, Repository, read_field
from tests.support.hub_rules import check_card
from tests.support.hub_storage import STORAGE_ROUTES, Storage

__all__ = [
    "Corrupt",
    "Cut",
    "Expired",
    "HubServer",
    "Kill",
    "LoggedRequest",
    "Status",
    "Token",
    "combine_faults",
    "fail_at",
    "fail_first",
]

_MISSING_PATHS = {"no_xet": "/xet-write-token/", "no_settings": "/settings$", "no_validation": "/validate-yaml$"}
LFS_JSON = "application/vnd.git-lfs+json"


_API = r"/api/(?P<repo_type>datasets|models)/(?P<name>[^/]+/[^/]+)"
_GIT = r"/(?P<repo_type>datasets/)?(?P<name>[^/]+/[^/]+)"
_HUB_ROUTES = [
    Route("GET", r"/api/whoami-v2", "_whoami"),
    Route("GET", r"/api/agent-harnesses", "_harnesses"),
    Route("POST", r"/api/repos/create", "_create"),
    Route("POST", r"/api/validate-yaml", "_validate"),
    Route("POST", r"/api/complete_multipart", "_complete"),
    Route("GET", rf"{_API}(?:/revision/(?P<revision>[^/]+))?", "_info"),
    Route("GET", rf"{_API}/refs", "_refs"),
    Route("GET", rf"{_API}/auth-check(?P<write>/write)?", "_auth_check"),
    Route("PUT", rf"{_API}/settings", "_settings"),
    Route("POST", rf"{_API}/tag/(?P<revision>[^/]+)", "_tag"),
    Route("DELETE", rf"{_API}/tag/(?P<revision>[^/]+)", "_untag"),
    Route("GET", rf"{_API}/tree/(?P<revision>[^/]+)(?:/(?P<path>.+))?", "_tree"),
    Route("POST", rf"{_API}/paths-info/(?P<revision>[^/]+)", "_paths_info"),
    Route("GET", rf"{_API}/commits/(?P<revision>[^/]+)", "_commits"),
    Route("POST", rf"{_API}/preupload/(?P<revision>[^/]+)", "_preupload"),
    Route("POST", rf"{_API}/commit/(?P<revision>[^/]+)", "_commit"),
    Route("POST", rf"{_GIT}\.git/info/lfs/objects/batch", "_batch"),
    Route("POST", rf"{_GIT}\.git/info/lfs/verify", "_verify"),
    Route("HEAD", rf"{_GIT}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", "_resolve"),
    Route("GET", rf"{_GIT}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", "_resolve"),
]


QUIRKS = {
    "ignores_gated": "takes the setting and leaves the repository open",
    "ignores_private": "creates public repositories, whatever is asked",
    "forgets_gate": "opens the gate when a repository becomes public",
    "hides_settings": "does not say whether a repository is private or gated",
    "no_settings": "does not know the path of the settings",
    "no_xet": "does not know Xet",
    "no_validation": "does not know the path by which cards are validated",
}


class HubServer:
    """The server; tests read `requests`, `uploaded`, `unexpected`, `repositories`, and set `tokens` and `faults`.

    Args:
        tokens: What each access token may do.
        page_size: Entries of a page of a tree, at most; 50 with `expand`, as on the Hub.
        multipart_above: Size in bytes above which an object is uploaded in parts.
        chunk_size: Size in bytes of a part.
        quirks: What a server that is not the Hub does otherwise: names of `QUIRKS`.
    """

    def __init__(self, tokens, *, page_size=1000, multipart_above=5 * 1024**3, chunk_size=20 * 1024**2, quirks=()):
        assert {*quirks} <= {*QUIRKS}
        self.tokens, self.quirks = dict(tokens), {*quirks}
        self.page_size, self.multipart_above = page_size, multipart_above
        self.faults = None
        self.requests: list[LoggedRequest] = []
        self.unexpected: list[str] = []
        self.repositories: dict[tuple[str, str], Repository] = {}
        self._all_expired = False
        self._lock = threading.RLock()
        self._storage = Storage(chunk_size)
        self._listeners = [Listener(self, self, _HUB_ROUTES), Listener(self, self._storage, STORAGE_ROUTES)]
        self.url, self.storage_url = (listener.url for listener in self._listeners)
        self._storage.hub_url, self._storage.url = self.url, self.storage_url

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    @property
    def uploaded(self):
        """The SHA-256 and size of each large file that came in full and whole, in order."""
        return self._storage.uploaded

    def close(self):
        for listener in self._listeners:
            listener.close()

    def forget_requests(self):
        """Empty the log and number requests from 1 again."""
        with self._lock:
            self.requests.clear()

    def renew(self):
        """End what `Expired` began."""
        self._all_expired = False

    def repository(self, name, repo_type="dataset"):
        return self.repositories[repo_type, name]

    def serve(self, handler, target, routes):
        """Log, handle and answer one request of a connection."""
        path, _, query = handler.path.partition("?")
        with self._lock:
            logged = LoggedRequest(len(self.requests) + 1, handler.command, path)
            self.requests.append(logged)
            fault = self.faults(logged.number, logged.method, path) if self.faults else None
        if isinstance(fault, Cut) and fault.when == "before":
            fault.action()
            handler.close_connection = True
            return
        body = handler.read_body()
        logged.received = len(body)
        request = Request(logged.method, path, parse_qs(query), handler.headers, body, isinstance(fault, Corrupt))
        with self._lock:
            if isinstance(fault, Expired):
                self._all_expired = True
            if isinstance(fault, Status):
                answer = json_answer({"error": "Please retry later"}, fault.code, fault.headers())
            else:
                answer = self._answer(request, target, routes)
        if isinstance(fault, Cut):
            if fault.when == "midway":
                handler.send(answer, share=0.5)
            fault.action()
            handler.close_connection = True
            return
        logged.status = answer.status
        handler.send(answer)

    def _answer(self, request, target, routes):
        try:
            if any(re.search(_MISSING_PATHS[quirk], request.path) for quirk in self.quirks & {*_MISSING_PATHS}):
                raise HubError(404, "Not Found")
            matching = [route for route in routes if route.match_path(request) is not None]
            for route in matching:
                if route.method == request.method:
                    request.names = route.match_path(request)
                    return getattr(target, route.handler)(request)
            self.unexpected.append(f"{request.method} {request.path}")
            raise HubError(
                405 if matching else 404, "Method not allowed" if matching else "Sorry, we can't find that page"
            )
        except HubError as error:
            return error_answer(error)
        except Exception:  # noqa: BLE001 - a fault of this server must fail the test, not the thread
            self.unexpected.append(f"{request.method} {request.path}\n{traceback.format_exc()}")
            return json_answer({"error": "Internal Error"}, 500)

    # Who asks, and what for.

    def _token(self, request):
        header = request.headers.get("Authorization")
        if header is None:
            return None
        token = self.tokens.get(header.removeprefix("Bearer "))
        if token is None or token.expired or self._all_expired or not header.startswith("Bearer "):
            raise HubError(401, "Invalid credentials in Authorization header")
        return token

    def _require_token(self, request):
        if (token := self._token(request)) is None:
            raise HubError(401, "Invalid username or password.")
        return token

    def _repository(self, request, *, write=False, files=False):
        token = self._token(request)
        repo_type = "dataset" if request.names.get("repo_type", "").startswith("datasets") else "model"
        repository = self.repositories.get((repo_type, request.names["name"]))
        member = repository and token and repository.namespace in token.namespaces
        if not repository or (repository.private and not member):
            status, message = (404, "Repository not found") if token else (401, "Invalid username or password.")
            raise HubError(status, message, "RepoNotFound")
        if write and not (self._require_token(request) and member and token.role == "write"):
            raise HubError(403, "Forbidden: your token has no write access to this repository")
        if files and repository.gated and not (member or (token and token.user in repository.granted)):
            restricted = f"Access to {repo_type} {repository.name} is restricted"
            if token:
                raise HubError(403, f"{restricted} and you are not in the authorized list.", "GatedRepo")
            raise HubError(401, f"{restricted}. You must be authenticated to access it. Please log in.", "GatedRepo")
        return repository

    def _whoami(self, request):
        token = self._require_token(request)
        orgs = [{"type": "org", "name": name, "fullname": name, "roleInOrg": "write"} for name in token.orgs]
        access = {"type": "access_token", "accessToken": {"displayName": "test", "role": token.role}}
        return json_answer({"type": "user", "name": token.user, "fullname": token.user, "orgs": orgs, "auth": access})

    def _harnesses(self, _request):
        # The client asks once a day by which environment variables to name its caller: by none.
        return json_answer({"standardEnvVars": [], "harnesses": {}})

    def _auth_check(self, request):
        self._repository(request, write="write" in request.names, files=True)
        return json_answer({})

    # Repositories and their settings.

    def _create(self, request):
        token, payload = self._require_token(request), request.json()
        repo_type, name = read_field(payload, "type", str, "model"), read_field(payload, "name", str)
        owner = read_field(payload, "organization", str, None) or token.user
        if repo_type not in ("dataset", "model") or not re.fullmatch(r"(?!.*(--|\.\.))\w[\w.-]{0,95}(?<![.-])", name):
            raise HubError(400, f"Cannot create a {repo_type} named {name}")
        if owner not in token.namespaces or token.role != "write":
            raise HubError(403, f'You don\'t have the rights to create a {repo_type} under the namespace "{owner}"')
        url = self._page_url(repo_type, f"{owner}/{name}")
        if (repo_type, f"{owner}/{name}") in self.repositories:
            message = f"You already created this {repo_type} repo: {owner}/{name}"
            return json_answer({"error": message, "url": url}, 409, {"X-Error-Message": message})
        private = bool(self._is_private(payload)) and "ignores_private" not in self.quirks
        repository = Repository(repo_type, f"{owner}/{name}", token.user, private=private)
        self.repositories[repo_type, repository.name] = repository
        self._storage.repositories.append(repository)
        return json_answer({"url": url, "name": repository.name, "id": str(len(self._storage.repositories))})

    def _page_url(self, repo_type, name):
        return f"{self.url}/{'datasets/' if repo_type == 'dataset' else ''}{name}"

    def _is_private(self, payload):
        visibility = read_field(payload, "visibility", str, None)
        if visibility not in (None, "public", "private"):
            raise HubError(400, '"visibility" must be one of [public, private]')
        return read_field(payload, "private", bool, None) if visibility is None else visibility == "private"

    def _settings(self, request):
        repository, payload = self._repository(request, write=True), request.json()
        gated, private = payload.get("gated", repository.gated), self._is_private(payload)
        if gated is not False and gated not in ("auto", "manual"):
            raise HubError(400, '"gated" must be one of [auto, manual, false]')
        if not payload or payload.keys() - {"gated", "private", "visibility"}:
            raise HubError(400, "Settings are gated, private and visibility")
        if "ignores_gated" not in self.quirks:
            repository.gated = gated
        if "ignores_private" not in self.quirks:
            repository.private = repository.private if private is None else private
        if "forgets_gate" in self.quirks and private is False:
            repository.gated = False
        return json_answer({"private": repository.private, "gated": gated})

    def _info(self, request):
        repository = self._repository(request)
        sha = repository.resolve(request.names.get("revision", "main"))
        info = repository.describe(sha, blobs=request.flag("blobs"))
        if "hides_settings" in self.quirks:
            del info["private"], info["gated"]
        info["_id"] = f"{self._storage.repositories.index(repository):024x}"
        if expand := {*request.query.get("expand", []), *request.query.get("expand[]", [])}:
            info = {key: value for key, value in info.items() if key in expand | {"_id", "id"}}
        return json_answer(info)

    def _refs(self, request):
        repository = self._repository(request)
        branches, tags = (
            [{"name": name, "ref": f"refs/{namespace}/{name}", "targetCommit": sha} for name, sha in refs.items()]
            for namespace, refs in (("heads", repository.branches), ("tags", repository.tags))
        )
        requests = {"pullRequests": []} if request.flag("include_prs") else {}
        return json_answer({"branches": branches, "converts": [], "tags": tags, **requests})

    def _tag(self, request):
        repository = self._repository(request, write=True)
        name, sha = read_field(request.json(), "tag", str), repository.resolve(request.names["revision"])
        if not re.fullmatch(r"(?!.*\.\.)[\w][\w.+/-]*(?<![./])", name):
            raise HubError(400, f"Invalid tag name: {name}")
        if name in repository.tags or name in repository.branches:
            raise HubError(409, f"Reference {name} already exists")
        repository.tags[name] = sha
        return json_answer({"ref": f"refs/tags/{name}"})

    def _untag(self, request):
        if self._repository(request, write=True).tags.pop(request.names["revision"], None) is None:
            raise HubError(404, f"Invalid rev id: {request.names['revision']}", "RevisionNotFound")
        return json_answer({})

    # What a revision holds.

    def _paginate(self, request, items, size):
        limit = min(request.number("limit", size), size) or size
        start = request.number("cursor", 0)
        headers = {}
        if start + limit < len(items):
            query = {**{key: values[-1] for key, values in request.query.items()}, "cursor": start + limit}
            headers["Link"] = f'<{self.url}{request.path}?{urlencode(query)}>; rel="next"'
        return json_answer(items[start : start + limit], headers=headers)

    def _tree(self, request):
        repository, names = self._repository(request), request.names
        expand = request.flag("expand")
        entries = repository.list_entries(repository.resolve(names["revision"]), expand=expand)
        path = names.get("path", "").strip("/")
        if path and path not in entries:
            raise HubError(404, f"{path} does not exist on {names['revision']}", "EntryNotFound")
        if path and entries[path]["type"] == "file":
            return json_answer([entries[path]])
        children = [entry for name, entry in entries.items() if not path or name.startswith(f"{path}/")]
        depth = path.count("/") + 1 if path else 0
        if not request.flag("recursive"):
            children = [entry for entry in children if entry["path"].count("/") == depth]
        return self._paginate(request, children, min(self.page_size, 50) if expand else self.page_size)

    def _paths_info(self, request):
        repository = self._repository(request)
        if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            form = parse_qs(request.body.decode())
            paths, expand = form.get("paths", []), form.get("expand", ["false"])[-1].lower() == "true"
        else:
            payload = request.json()
            paths, expand = read_field(payload, "paths", list), read_field(payload, "expand", bool, default=False)
        if len(paths) > 1000:
            raise HubError(413, "too many parameters")
        entries = repository.list_entries(repository.resolve(request.names["revision"]), expand=expand)
        return json_answer([entries[path] for path in dict.fromkeys(paths) if path in entries])

    def _commits(self, request):
        repository = self._repository(request)
        items = repository.list_commits(repository.resolve(request.names["revision"]))
        return self._paginate(request, items, self.page_size)

    def _resolve(self, request):
        repository, path = self._repository(request, files=True), request.names["path"]
        sha = repository.resolve(request.names["revision"])
        headers = {"X-Repo-Commit": sha}
        file = repository.commits[sha].files.get(path)
        if file is None:
            raise HubError(404, "Entry not found", "EntryNotFound", headers)
        headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(path.split('/')[-1])}"
        if file.lfs:
            oid, size = file.lfs
            location = self._storage.location(repository, oid)
            headers |= {"X-Linked-Size": str(size), "X-Linked-ETag": f'"{oid}"', "Location": location}
            return Answer(b"", 302, headers)
        return range_answer(request, file.content, headers | {"ETag": f'"{file.oid}"'})

    # Publishing.

    def _validate(self, request):
        self._token(request)
        payload = request.json()
        read_field(payload, "repoType", str, "model")
        errors, warnings = check_card(read_field(payload, "content", str))
        status = 400 if errors else 200
        if "text/plain" in request.headers.get("Accept", ""):
            lines = [f"- Error: {text}" for text in errors] + [f"- Warning: {text}" for text in warnings]
            return Answer("\n".join(lines).encode(), status, {"Content-Type": "text/plain; charset=utf-8"})
        messages = ([{"message": text} for text in texts] for texts in (errors, warnings))
        return json_answer(dict(zip(("errors", "warnings"), messages, strict=True)), status)

    def _preupload(self, request):
        repository, payload = self._repository(request, write=True), request.json()
        sha = repository.resolve(request.names["revision"])
        ignore = read_field(payload, "gitIgnore", str, None)
        modes = repository.upload_modes(sha, read_field(payload, "files", list), ignore)
        return json_answer({"files": modes, "commitOid": sha})

    def _commit(self, request):
        repository = self._repository(request, write=True)
        if request.headers.get("Content-Type") != "application/x-ndjson" or request.flag("create_pr"):
            raise HubError(400, "A commit is sent as application/x-ndjson, to a branch")
        author = self._require_token(request).user
        sha = repository.push(request.names["revision"], request.body, author)
        url = f"{self._page_url(repository.repo_type, repository.name)}/commit/{sha}"
        return json_answer({"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})

    def _batch(self, request):
        if LFS_JSON not in request.headers.get("Accept", ""):
            raise HubError(406, f"The Accept header must be {LFS_JSON}")
        repository, payload = self._repository(request, write=True), request.json()
        if read_field(payload, "operation", str) != "upload" or payload.get("hash_algo", "sha256") != "sha256":
            raise HubError(400, "Only uploads hashed with sha256 are served")
        multipart = "multipart" in payload.get("transfers", ["basic"])
        objects = []
        for announced in read_field(payload, "objects", list):
            oid, size = read_field(announced, "oid", str), read_field(announced, "size", int)
            objects.append({"oid": oid, "size": size})
            stored = repository.objects.get(oid)
            if not re.fullmatch("[0-9a-f]{64}", oid) or size <= 0 or (stored is not None and len(stored) != size):
                objects[-1]["error"] = {"code": 422, "message": "The object's oid or size is not valid"}
            elif stored is None:
                in_parts = multipart and size > self.multipart_above
                upload = self._storage.upload_action(repository, oid, size, in_parts=in_parts)
                verify = {"href": f"{self._page_url(repository.repo_type, repository.name)}.git/info/lfs/verify"}
                objects[-1]["actions"] = {"upload": upload, "verify": verify}
        transfer = "multipart" if multipart else "basic"
        return json_answer({"transfer": transfer, "objects": objects, "hash_algo": "sha256"}, content_type=LFS_JSON)

    def _complete(self, request):
        return self._storage.complete(request)

    def _verify(self, request):
        repository, payload = self._repository(request, write=True), request.json()
        oid, size = read_field(payload, "oid", str), read_field(payload, "size", int)
        if oid not in repository.objects:
            raise HubError(404, f"No object with the sha256 {oid} was uploaded")
        if len(repository.objects[oid]) != size:
            raise HubError(422, f"The object {oid} has {len(repository.objects[oid])} bytes")
        return json_answer({})
