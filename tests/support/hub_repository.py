"""A Hub repository in memory: commits and trees hashed as git does, large objects beside them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

import yaml

from tests.support.hub_rules import (
    GITATTRIBUTES,
    REGULAR_LIMIT,
    as_list,
    check_card,
    is_binary,
    is_ignored,
    is_large,
    read_card,
)


class HubError(Exception):
    """An answer that is a refusal: its status, `X-Error-Code` and `X-Error-Message`."""

    def __init__(self, status: int, message: str, code: str | None = None, headers: dict | None = None):
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers or {}


def read_field(payload, name, expected, default=...):
    """Return a field of a JSON object; a missing or ill-typed one is the client's fault."""
    value = payload.get(name, default) if isinstance(payload, dict) else ...
    if value is ... or (
        value is not default and (not isinstance(value, expected) or (expected is int and value is True))
    ):
        raise HubError(400, f'"{name}" is required and must be of type {getattr(expected, "__name__", expected)}')
    return value


def git_oid(object_type: str, content: bytes) -> str:
    """Return the id git gives an object."""
    return hashlib.sha1(f"{object_type} {len(content)}\0".encode() + content).hexdigest()


def timestamp(date: datetime) -> str:
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class File:
    """A file of a commit: what git holds of it, and for a large one its SHA-256 and size."""

    content: bytes
    lfs: tuple[str, int] | None = None

    @classmethod
    def large(cls, sha256: str, size: int) -> File:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
        return cls(pointer.encode(), (sha256, size))

    @property
    def oid(self):
        return git_oid("blob", self.content)

    @property
    def size(self):
        return self.lfs[1] if self.lfs else len(self.content)


def tree_oids(files: dict[str, File], folder: str = "") -> dict[str, str]:
    """Return the git tree id of each folder by its path; the root's is ""."""
    descendants = {path[len(folder) :]: file for path, file in files.items() if path.startswith(folder)}
    oids, entries = {}, []
    for name in {path.split("/")[0] for path in descendants}:
        if name in descendants:
            entries.append((name, "100644", descendants[name].oid))
        else:
            oids |= tree_oids(files, f"{folder}{name}/")
            entries.append((f"{name}/", "40000", oids[f"{folder}{name}"]))
    entries.sort(key=lambda entry: entry[0].encode())
    content = b"".join(f"{mode} {name.rstrip('/')}\0".encode() + bytes.fromhex(oid) for name, mode, oid in entries)
    return oids | {folder.rstrip("/"): git_oid("tree", content)}


@dataclass(frozen=True)
class Commit:
    files: dict[str, File]
    parent: str | None
    author: str
    title: str
    message: str = ""
    date: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def sha(self):
        signature = f"{self.author} <{self.author}@users.noreply.invalid> {int(self.date.timestamp())} +0000"
        parent = f"parent {self.parent}\n" if self.parent else ""
        text = f"tree {tree_oids(self.files)['']}\n{parent}author {signature}\ncommitter {signature}\n\n{self.title}\n"
        return git_oid("commit", (text + (f"\n{self.message}\n" if self.message else "")).encode())


class Repository:
    """One repository: `commits` by sha, `branches`, `tags`, and `objects`, its large files by SHA-256."""

    def __init__(self, repo_type: str, name: str, author: str, *, private: bool):
        self.repo_type, self.name, self.private = repo_type, name, private
        self.namespace = name.partition("/")[0]
        self.gated: str | bool = False
        self.granted: set[str] = set()
        initial = Commit({".gitattributes": File(GITATTRIBUTES.encode())}, None, author, "initial commit")
        self.created = initial.date
        self.commits = {initial.sha: initial}
        self.branches = {"main": initial.sha}
        self.tags: dict[str, str] = {}
        self.objects: dict[str, bytes] = {}

    def resolve(self, revision: str) -> str:
        """Return the sha of a branch, a tag, or a commit given by at least 7 digits."""
        for names in (self.branches, self.tags):
            if revision in names:
                return names[revision]
        shas = [sha for sha in self.commits if sha.startswith(revision)]
        if len(shas) == 1 and re.fullmatch("[0-9a-f]{7,40}", revision):
            return shas[0]
        raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def history(self, sha: str) -> list[tuple[str, Commit]]:
        """Return the commits that lead to `sha`, newest first."""
        commits = []
        while sha:
            commits.append((sha, self.commits[sha]))
            sha = commits[-1][1].parent
        return commits

    def list_entries(self, sha: str, *, expand: bool) -> dict[str, dict]:
        """Return what the Hub tells of each file and folder of a commit, by path."""
        files = self.commits[sha].files
        entries = {
            path: {"type": "directory", "oid": oid, "size": 0, "path": path}
            for path, oid in tree_oids(files).items()
            if path
        }
        for path, file in files.items():
            entries[path] = {"type": "file", "oid": file.oid, "size": file.size, "path": path}
            if file.lfs:
                oid, size = file.lfs
                entries[path]["lfs"] = {"oid": oid, "size": size, "pointerSize": len(file.content)}
        if expand:
            for path, entry in entries.items():
                last, commit = self._last_change(sha, path)
                entry["lastCommit"] = {"id": last, "title": commit.title, "date": timestamp(commit.date)}
        return dict(sorted(entries.items()))

    def _last_change(self, sha, path):
        history = self.history(sha)
        versions = [
            {name: file for name, file in commit.files.items() if name == path or name.startswith(f"{path}/")}
            for _, commit in history
        ]
        return next(
            commit
            for commit, after, before in zip(history, versions, [*versions[1:], {}], strict=True)
            if after != before
        )

    def describe(self, sha: str, *, blobs: bool) -> dict:
        """Return what the Hub tells of the repository at a commit."""
        commit = self.commits[sha]
        try:
            card = read_card(commit.files["README.md"].content.decode()) if "README.md" in commit.files else {}
        except yaml.YAMLError:
            card = {}
        labels = ("task_categories", "task_ids", "language", "license", "size_categories")
        tags = [f"{label}:{value}" for label in labels for value in as_list(card, label)]
        siblings = [{"rfilename": path} for path in commit.files]
        for sibling in siblings if blobs else []:
            file = commit.files[sibling["rfilename"]]
            sibling |= {"size": file.size, "blobId": file.oid}
            if file.lfs:
                sibling["lfs"] = {"sha256": file.lfs[0], "size": file.size, "pointerSize": len(file.content)}
        return {
            "id": self.name,
            "author": self.namespace,
            "sha": sha,
            "lastModified": timestamp(commit.date),
            "createdAt": timestamp(self.created),
            "private": self.private,
            "gated": self.gated,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [*tags, *as_list(card, "tags"), "region:us"],
            "cardData": card,
            "siblings": siblings,
            "usedStorage": sum(map(len, self.objects.values())),
        }

    def list_commits(self, sha: str) -> list[dict]:
        """Return what the Hub tells of the commits that lead to `sha`."""
        return [
            {
                "id": sha,
                "title": commit.title,
                "message": commit.message,
                "authors": [{"user": commit.author}],
                "date": timestamp(commit.date),
            }
            for sha, commit in self.history(sha)
        ]

    def upload_modes(self, sha: str, uploads: list, gitignore: str | None) -> list[dict]:
        """Return how each file is to be uploaded, and the id it has at a commit: SHA-256 for a large one."""
        files = self.commits[sha].files
        attributes, ignore = (
            files[name].content.decode() if name in files else "" for name in (".gitattributes", ".gitignore")
        )
        ignore = ignore if gitignore is None else gitignore
        modes = []
        for file in uploads:
            path, size = read_field(file, "path", str), read_field(file, "size", int)
            try:
                sample = base64.b64decode(read_field(file, "sample", str), validate=True)
            except binascii.Error as error:
                raise HubError(400, f"{path}: sample is not base64") from error
            mode = "lfs" if is_large(attributes, path, size, sample) else "regular"
            modes.append({"path": path, "uploadMode": mode, "shouldIgnore": is_ignored(ignore, path)})
            if stored := files.get(path):
                modes[-1]["oid"] = stored.lfs[0] if stored.lfs else stored.oid
        return modes

    def push(self, branch: str, body: bytes, author: str) -> str:
        """Apply a commit sent as NDJSON to `branch` and return its sha.

        Raises:
            HubError: a line is malformed, the parent is not the branch's head, a path or object is not there, or the
                Hub would reject a file.
        """
        if branch not in self.branches:
            self.resolve(branch)
            raise HubError(400, f"Cannot commit to {branch}: it is not a branch")
        try:
            lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        except ValueError as error:
            raise HubError(400, "Invalid NDJSON") from error
        steps = [(read_field(line, "key", str), read_field(line, "value", dict)) for line in lines]
        if [key for key, _ in steps].count("header") != 1 or steps[0][0] != "header":
            raise HubError(400, "The first line, and no other, must be the header")
        header = steps[0][1]
        if not read_field(header, "summary", str).strip():
            raise HubError(400, '"summary" is not allowed to be empty')
        head = self.branches[branch]
        parent = read_field(header, "parentCommit", str, None)
        if parent is not None and (len(parent) < 7 or not head.startswith(parent)):
            raise HubError(412, "A commit has happened since. Please refresh and try again.")
        files = dict(self.commits[head].files)
        for key, value in steps[1:]:
            self._apply(files, key, value)
        for path in files:
            if any(path.startswith(f"{other}/") for other in files):
                raise HubError(400, f"{path} lies in a file as if it were a folder")
        message = read_field(header, "description", str, "")
        commit = Commit(files, head, author, header["summary"], message)
        self.commits[commit.sha] = commit
        self.branches[branch] = commit.sha
        return commit.sha

    def _apply(self, files, key, value):
        path = read_field(value, "path", str)
        segments = path.rstrip("/").split("/") if key == "deletedFolder" else path.split("/")
        if {"", ".", "..", ".git"} & {*segments}:
            raise HubError(400, f"Invalid path: {path}")
        if key == "file":
            files[path] = self._read_regular(path, value)
        elif key == "lfsFile":
            files[path] = self._read_large(path, value)
        elif key in ("deletedFile", "deletedFolder"):
            folder = f"{'/'.join(segments)}/"
            deleted = [file for file in files if file == path or (key == "deletedFolder" and file.startswith(folder))]
            if not deleted or (key == "deletedFolder" and deleted == [path]):
                raise HubError(404, "A file with this name doesn't exist", "EntryNotFound")
            for file in deleted:
                del files[file]
        else:
            raise HubError(400, f"Unknown operation {key}")

    def _read_regular(self, path, value):
        content = read_field(value, "content", str).encode()
        if (encoding := read_field(value, "encoding", str, "utf-8")) == "base64":
            try:
                content = base64.b64decode(content, validate=True)
            except binascii.Error as error:
                raise HubError(400, f"{path}: content is not base64") from error
        elif encoding != "utf-8":
            raise HubError(400, f"{path}: unknown encoding {encoding}")
        if len(content) > REGULAR_LIMIT:
            raise HubError(400, f"Your push was rejected because it contains files larger than 10 MiB: {path}")
        if is_binary(content):
            raise HubError(400, f"Your push was rejected because it contains binary files: {path}")
        if path == "README.md" and (errors := check_card(content.decode())[0]):
            raise HubError(400, f"Your push was rejected during YAML metadata verification: {'; '.join(errors)}")
        return File(content)

    def _read_large(self, path, value):
        oid = read_field(value, "oid", str)
        if read_field(value, "algo", str) != "sha256" or not re.fullmatch("[0-9a-f]{64}", oid):
            raise HubError(400, f"{path}: algo must be sha256 and oid its hexadecimal form")
        if oid not in self.objects:
            raise HubError(
                400,
                "Your push was rejected because an LFS pointer pointed to a file that does not exist. "
                f"Offending file: {path}",
            )
        size = len(self.objects[oid])
        if read_field(value, "size", int, size) != size:
            raise HubError(400, f"{path}: the object {oid} has {size} bytes")
        return File.large(oid, size)
