"""Where the Hub of the tests keeps large files: another origin, whose signed URLs need no token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlencode

from tests.support.hub_http import Answer, Route, json_answer, range_answer
from tests.support.hub_repository import HubError, Repository, read_field

_OBJECT = r"/(?P<number>\d+)/(?P<oid>[0-9a-f]{64})"
STORAGE_ROUTES = [
    Route("HEAD", _OBJECT, "get_object"),
    Route("GET", _OBJECT, "get_object"),
    Route("PUT", _OBJECT, "put_object"),
    Route("PUT", rf"{_OBJECT}/(?P<upload>[0-9a-f]+)/(?P<part>\d+)", "put_part"),
]


class Storage:
    """Objects by repository and SHA-256, uploaded at once or in parts; `uploaded` lists each that came in full."""

    def __init__(self, chunk_size: int):
        self.chunk_size = chunk_size
        self.url = self.hub_url = ""
        self.uploaded: list[tuple[str, int]] = []
        self.repositories: list[Repository] = []
        self._announced: dict[tuple[int, str], int] = {}
        self._parts: dict[str, dict[int, bytes]] = {}
        self._completed: set[str] = set()
        self._secret = secrets.token_bytes(32)

    def location(self, repository, oid, method="GET", suffix=""):
        """Return the signed URL of an object, or of what lies below it."""
        path = f"/{self.repositories.index(repository)}/{oid}{suffix}"
        return f"{self.url}{path}?{urlencode({'X-Amz-Signature': self._signature(method, path)})}"

    def upload_action(self, repository, oid, size, *, in_parts):
        """Return what git-lfs' batch API tells of an upload: a URL, or those of the parts and of the completion."""
        repository_number = self.repositories.index(repository)
        self._announced[repository_number, oid] = size
        if not in_parts:
            return {"href": self.location(repository, oid, "PUT")}
        upload = secrets.token_hex(16)
        self._parts[upload] = {}
        header = {"chunk_size": str(self.chunk_size)}
        for number in range(1, -(-size // self.chunk_size) + 1):
            header[f"{number:05}"] = self.location(repository, oid, "PUT", f"/{upload}/{number}")
        query = {"uploadId": upload, "repository": repository_number, "oid": oid}
        query["signature"] = self._signature("POST", f"{upload}/{repository_number}/{oid}")
        return {"href": f"{self.hub_url}/api/complete_multipart?{urlencode(query)}", "header": header}

    def complete(self, request):
        """Join the parts of an upload; once more for one that is complete already is no fault."""
        upload, repository_number, oid, signature = (
            request.query.get(name, [""])[0] for name in ("uploadId", "repository", "oid", "signature")
        )
        self._check(signature, "POST", f"{upload}/{repository_number}/{oid}")
        payload = request.json()
        claimed = {
            read_field(uploaded_part, "partNumber", int): read_field(uploaded_part, "etag", str).strip('"')
            for uploaded_part in read_field(payload, "parts", list)
        }
        if read_field(payload, "oid", str) != oid:
            raise HubError(400, "The oid is not the upload's")
        if upload in self._completed:
            return json_answer({"success": True})
        received = self._parts.get(upload, {})
        if not received or claimed != {
            number: hashlib.md5(content).hexdigest() for number, content in received.items()
        }:
            raise HubError(400, "One or more of the specified parts could not be found")
        del self._parts[upload]
        if not self._store(int(repository_number), oid, b"".join(received[number] for number in sorted(received))):
            raise HubError(400, "The size or the sha256 of the uploaded object is not what was announced")
        self._completed.add(upload)
        return json_answer({"success": True})

    def get_object(self, request):
        number, oid = self._authorize(request)
        content = self.repositories[number].objects[oid]
        if request.corrupt:
            content = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        return range_answer(request, content, {"ETag": f'"{oid}"'})

    def put_object(self, request):
        number, oid = self._authorize(request)
        if len(request.body) != self._announced[number, oid]:
            raise HubError(400, "The body is not of the size that was announced")
        self._store(number, oid, self._stored_bytes(request))
        return Answer(headers={"ETag": f'"{hashlib.md5(request.body).hexdigest()}"'})

    def put_part(self, request):
        self._authorize(request)
        received = self._parts.get(request.names["upload"])
        if received is None:
            raise HubError(404, "NoSuchUpload")
        if not 0 < len(request.body) <= self.chunk_size:
            raise HubError(400, "EntityTooLarge")
        content = received[int(request.names["part"])] = self._stored_bytes(request)
        return Answer(headers={"ETag": f'"{hashlib.md5(content).hexdigest()}"'})

    def _stored_bytes(self, request):
        return bytes([request.body[0] ^ 1]) + request.body[1:] if request.corrupt else request.body

    def _store(self, number, oid, content):
        if len(content) != self._announced[number, oid] or hashlib.sha256(content).hexdigest() != oid:
            return False
        self.repositories[number].objects[oid] = content
        self.uploaded.append((oid, len(content)))
        return True

    def _signature(self, method, path):
        return hmac.new(self._secret, f"{method} {path}".encode(), hashlib.sha256).hexdigest()

    def _check(self, signature, method, path):
        if not hmac.compare_digest(signature, self._signature(method, path)):
            raise HubError(403, "SignatureDoesNotMatch")

    def _authorize(self, request):
        method = "GET" if request.method == "HEAD" else request.method
        self._check(request.query.get("X-Amz-Signature", [""])[0], method, request.path)
        if request.headers.get("Authorization"):
            raise HubError(400, "Only one auth mechanism allowed")
        if method == "PUT" and request.headers.get("Content-Length") is None:
            raise HubError(411, "MissingContentLength")
        return int(request.names["number"]), request.names["oid"]
