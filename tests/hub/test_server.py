"""The Hub of the tests, proven by the real clients: what they publish they load, and every refusal is the Hub's."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import huggingface_hub
import polars as pl
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, RepoCard, hf_hub_download
from huggingface_hub.errors import (
    BadRequestError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import close_session

from tests.support.hub_server import (
    Corrupt,
    Cut,
    Expired,
    HubServer,
    Kill,
    Status,
    Token,
    combine_faults,
    fail_at,
    fail_first,
)

# huggingface_hub 2.4 sends its LFS bodies in a way that its own HTTP client calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

TOKENS = {
    "hf_ann": Token("ann", orgs=("clinic",)),
    "hf_read": Token("ann", orgs=("clinic",), role="read"),
    "hf_old": Token("ann", orgs=("clinic",), expired=True),
    "hf_bob": Token("bob"),
}
TALKS = "clinic/talks"
CARD = "---\nlicense: cc-by-4.0\nlanguage:\n- zh\n---\n# 对话\n".encode()
SHARD = b"PAR1" + bytes(range(256)) * 4


@pytest.fixture(autouse=True)
def lfs_only(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    # Its telemetry would ask the Hub itself, whatever the endpoint.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
    yield
    close_session()


@pytest.fixture
def hub():
    with HubServer(TOKENS) as server:
        yield server


def client(hub, token="hf_ann"):
    return HfApi(endpoint=hub.url, token=token)


def created(hub, **settings):
    api = client(hub)
    api.create_repo(TALKS, repo_type="dataset", **settings)
    return api


def publish(api, files, message="v1", **settings):
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    settings = {"repo_id": TALKS, "repo_type": "dataset"} | settings
    return api.create_commit(operations=operations, commit_message=message, **settings)


def download(hub, path, folder, token="hf_ann", **settings):
    settings = {"repo_id": TALKS, "repo_type": "dataset"} | settings
    downloaded = hf_hub_download(filename=path, endpoint=hub.url, token=token, cache_dir=folder, **settings)
    return Path(downloaded).read_bytes()


def ask(hub, method, path, body=b"", *, token="hf_ann", storage=False, **headers):
    """Return the status, headers and body of a request made by hand."""
    url = hub.storage_url if storage else hub.url
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    if token:
        headers["Authorization"] = f"Bearer {token}"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, content, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    response = answer.status, answer.headers, answer.read()
    connection.close()
    return response


def refused(error, call):
    with pytest.raises(error) as info:
        call()
    return info.value


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_what_is_published_is_loaded_and_nothing_unexpected_is_asked(hub, tmp_path):
    api = created(hub, private=True)
    commit_info = publish(api, {"README.md": CARD, "sft/a.parquet": SHARD, "notes.txt": "记录".encode()})
    for path, content in {"README.md": CARD, "sft/a.parquet": SHARD, "notes.txt": "记录".encode()}.items():
        assert download(hub, path, tmp_path) == content
    info = api.dataset_info(TALKS, files_metadata=True)
    assert (info.sha, info.private, info.gated) == (commit_info.oid, True, False)
    assert info.card_data.license == "cc-by-4.0"
    assert {"language:zh", "license:cc-by-4.0"} <= {*info.tags}
    files = {file.rfilename: file for file in info.siblings}
    assert {*files} == {".gitattributes", "README.md", "sft/a.parquet", "notes.txt"}
    assert files["sft/a.parquet"].lfs.sha256 == sha256(SHARD)
    assert files["notes.txt"].lfs is None
    assert hub.uploaded == [(sha256(SHARD), len(SHARD))]
    assert hub.unexpected == []
    uploads = [request for request in hub.requests if request.method == "PUT"]
    assert [(upload.status, upload.received) for upload in uploads] == [(200, len(SHARD))]
    assert [request.number for request in hub.requests] == list(range(1, len(hub.requests) + 1))
    assert not any("?" in request.path for request in hub.requests)


def test_what_is_there_already_is_neither_uploaded_nor_committed(hub):
    api = created(hub)
    files = {"README.md": CARD, "sft/a.parquet": SHARD}
    commit_info = publish(api, files)
    with pytest.warns(UserWarning, match="empty or missing yaml"):
        changed = publish(api, {"README.md": b"# no metadata\n"}, "v2")
    assert publish(api, {"sft/a.parquet": SHARD}, "again").oid == changed.oid
    publish(api, {"copy.parquet": SHARD}, "the same content by another name")
    assert hub.uploaded == [(sha256(SHARD), len(SHARD))]
    assert [commit.title for commit in api.list_repo_commits(TALKS, repo_type="dataset")] == [
        "the same content by another name",
        "v2",
        "v1",
        "initial commit",
    ]
    assert commit_info.oid in hub.repository(TALKS).commits
    api.create_repo("ann/other", repo_type="dataset")
    publish(api, {"a.parquet": SHARD}, repo_id="ann/other")
    assert hub.uploaded == [(sha256(SHARD), len(SHARD))] * 2


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
def test_ids_are_those_of_git(hub, tmp_path):
    process = publish(created(hub), {"README.md": CARD, "a/b/c.txt": b"1", "a.txt": b"2", "a-b/d.txt": b"3"})
    commit = hub.repository(TALKS).commits[process.oid]
    for path, file in commit.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(file.content)
    environment = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in {
            "NAME": "ann",
            "EMAIL": "ann@users.noreply.invalid",
            "DATE": f"{int(commit.date.timestamp())} +0000",
        }.items()
    }

    def git(*arguments, text=None):
        process = subprocess.run(
            ["git", *arguments],
            cwd=tmp_path,
            env=os.environ | environment,
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        return process.stdout.strip()

    git("init", "-q")
    start = hub.repository(TALKS).commits[commit.parent]
    git("hash-object", "-w", "-t", "commit", "--stdin", text=git_text(start, git))
    git("add", "-A")
    tree = git("write-tree")
    assert git("commit-tree", tree, "-p", commit.parent, text="v1\n") == process.oid


def git_text(commit, git):
    """Return the first commit as git would hold it; git itself makes its tree."""
    git("add", ".gitattributes")
    tree = git("write-tree")
    author = f"ann <ann@users.noreply.invalid> {int(commit.date.timestamp())} +0000"
    return f"tree {tree}\nauthor {author}\ncommitter {author}\n\n{commit.title}\n"


def test_large_objects_come_in_parts(tmp_path):
    content = bytes(range(256)) * 40
    with HubServer(TOKENS, multipart_above=5000, chunk_size=3000) as hub:
        publish(created(hub), {"a.parquet": content, "b.parquet": SHARD})
        uploads = [request for request in hub.requests if request.method == "PUT" and request.path.count("/") == 4]
        assert [upload.received for upload in uploads] == [3000, 3000, 3000, 1240]
        assert sum(request.path == "/api/complete_multipart" for request in hub.requests) == 1
        assert sorted(hub.uploaded) == sorted([(sha256(content), len(content)), (sha256(SHARD), len(SHARD))])
        assert download(hub, "a.parquet", tmp_path) == content
        assert hub.unexpected == []


def test_a_completion_needs_its_parts_and_its_signature():
    content = b"x" * 700
    with HubServer(TOKENS, multipart_above=500, chunk_size=400) as hub:
        created(hub)
        action = batch(hub, content, transfers=["multipart"])["actions"]["upload"]
        complete = action["href"].removeprefix(hub.url)
        urls = [action["header"][number].removeprefix(hub.storage_url) for number in ("00001", "00002")]
        first_part = ask(hub, "PUT", urls[0], content[:400], token=None, storage=True)
        claim = {"oid": sha256(content), "parts": [{"partNumber": 1, "etag": first_part[1]["ETag"]}]}
        assert ask(hub, "POST", complete, claim, token=None)[0] == 400
        assert ask(hub, "PUT", urls[1], content[400:], token=None, storage=True)[0] == 404
        upload = batch(hub, content, transfers=["multipart"])["actions"]["upload"]
        large = upload["header"]["00001"].removeprefix(hub.storage_url)
        assert ask(hub, "PUT", large, content[:401], token=None, storage=True)[0] == 400
        etags = [
            ask(hub, "PUT", upload["header"][number].removeprefix(hub.storage_url), data, token=None, storage=True)[1][
                "ETag"
            ]
            for number, data in (("00001", content[:400]), ("00002", content[400:]))
        ]
        claim = {"oid": sha256(content), "parts": [{"partNumber": 1 + n, "etag": etag} for n, etag in enumerate(etags)]}
        complete = upload["href"].removeprefix(hub.url)
        incomplete = {"oid": sha256(content), "parts": [claim["parts"][0], {"partNumber": 2, "etag": '"0"'}]}
        assert ask(hub, "POST", complete, incomplete, token=None)[0] == 400
        assert ask(hub, "POST", complete.replace("signature=", "signature=0"), claim, token=None)[0] == 403
        assert hub.uploaded == []
        assert ask(hub, "POST", complete, claim, token=None)[0] == 200
        assert ask(hub, "POST", complete, claim, token=None)[0] == 200
        assert hub.uploaded == [(sha256(content), 700)]
        assert "actions" not in batch(hub, content)


def batch(hub, content, **changes):
    payload = {"operation": "upload", "transfers": ["basic"], "hash_algo": "sha256"}
    payload["objects"] = [{"oid": sha256(content), "size": len(content)}]
    path = f"/datasets/{TALKS}.git/info/lfs/objects/batch"
    status, _, body = ask(hub, "POST", path, payload | changes, Accept="application/vnd.git-lfs+json")
    assert status == 200, body
    return json.loads(body)["objects"][0]


@pytest.mark.parametrize(
    ("token", "status"), [(False, 401), ("hf_none", 401), ("hf_old", 401), ("hf_read", 403), ("hf_bob", 403)]
)
def test_writes_need_a_token_that_may(hub, token, status):
    created(hub)
    api = client(hub, token)
    head = hub.repository(TALKS).branches["main"]
    writes = [
        lambda: api.create_repo("clinic/more", repo_type="dataset"),
        lambda: publish(api, {"a.txt": b"1"}),
        lambda: api.create_tag(TALKS, tag="v1", repo_type="dataset"),
        lambda: api.delete_tag(TALKS, tag="v1", repo_type="dataset"),
        lambda: api.update_repo_settings(TALKS, private=True, repo_type="dataset"),
    ]
    for write in writes:
        assert refused(HfHubHTTPError, write).response.status_code == status
    for path in (f"/datasets/{TALKS}.git/info/lfs/objects/batch", f"/api/datasets/{TALKS}/commit/main"):
        status_code = ask(hub, "POST", path, b"{}", token=token, Accept="application/vnd.git-lfs+json")[0]
        assert status_code == status
    assert hub.repository(TALKS).branches == {"main": head}
    assert hub.repository(TALKS).tags == {}
    assert not hub.repository(TALKS).private
    assert len(hub.repositories) == 1


def test_a_token_tells_whose_it_is(hub):
    user = client(hub).whoami()
    assert (user["name"], [org["name"] for org in user["orgs"]]) == ("ann", ["clinic"])
    assert user["auth"]["accessToken"]["role"] == "write"
    for token in ("hf_none", "hf_old"):
        error = refused(HfHubHTTPError, client(hub, token).whoami)
        assert error.response.status_code == 401
        assert error.response.headers["X-Error-Message"] == "Invalid credentials in Authorization header"


def test_a_private_repository_is_hidden(hub, tmp_path):
    publish(created(hub, private=True), {"README.md": CARD, "a.parquet": SHARD})
    for token, status in ((False, 401), ("hf_bob", 404)):
        api = client(hub, token)
        for read in (
            lambda api=api: api.dataset_info(TALKS),
            lambda api=api: api.list_repo_files(TALKS, repo_type="dataset"),
            lambda token=token: ask_for_file(hub, token),
            lambda api=api: publish(api, {"a.txt": b"1"}),
        ):
            assert refused(RepositoryNotFoundError, read).response.status_code == status
    assert client(hub, "hf_read").dataset_info(TALKS).private
    assert download(hub, "a.parquet", tmp_path, "hf_read") == SHARD
    assert not client(hub, "hf_bob").repo_exists(TALKS, repo_type="dataset")
    client(hub).update_repo_settings(TALKS, private=False, repo_type="dataset")
    assert client(hub, token=False).dataset_info(TALKS).private is False
    assert refused(RepositoryNotFoundError, lambda: client(hub).dataset_info("ann/none")).response.status_code == 404


def ask_for_file(hub, token):
    url = f"{hub.url}/datasets/{TALKS}/resolve/main/a.parquet"
    return huggingface_hub.get_hf_file_metadata(url, token=token)


def test_a_gated_repository_shows_its_list_but_not_its_files(hub, tmp_path):
    api = created(hub)
    publish(api, {"a.parquet": SHARD})
    api.update_repo_settings(TALKS, gated="manual", repo_type="dataset")
    for token, status in ((False, 401), ("hf_bob", 403)):
        assert client(hub, token).dataset_info(TALKS).gated == "manual"
        assert "a.parquet" in client(hub, token).list_repo_files(TALKS, repo_type="dataset")
        error = refused(GatedRepoError, lambda token=token: ask_for_file(hub, token))
        assert error.response.status_code == status
        refused(GatedRepoError, lambda token=token: client(hub, token).auth_check(TALKS, repo_type="dataset"))
    assert download(hub, "a.parquet", tmp_path / "ann") == SHARD
    hub.repository(TALKS).granted.add("bob")
    assert download(hub, "a.parquet", tmp_path / "bob", "hf_bob") == SHARD
    client(hub, "hf_bob").auth_check(TALKS, repo_type="dataset")
    assert ask(hub, "PUT", f"/api/datasets/{TALKS}/settings", {"gated": "maybe"})[0] == 400
    assert ask(hub, "PUT", f"/api/datasets/{TALKS}/settings", {"visibility": "hidden"})[0] == 400
    assert ask(hub, "PUT", f"/api/datasets/{TALKS}/settings", {"colour": "red"})[0] == 400


def test_a_repository_is_created_once_with_its_attributes(hub, tmp_path):
    api = created(hub)
    assert api.list_repo_files(TALKS, repo_type="dataset") == [".gitattributes"]
    assert b"*.parquet filter=lfs" in download(hub, ".gitattributes", tmp_path)
    error = refused(HfHubHTTPError, lambda: created(hub))
    assert error.response.status_code == 409
    assert "already created this dataset repo" in str(error)
    url = api.create_repo(TALKS, repo_type="dataset", private=True, exist_ok=True)
    assert url.repo_id == TALKS
    assert not hub.repository(TALKS).private
    assert api.create_repo("mine", repo_type="dataset").repo_id == "ann/mine"
    for name in ("a--b", "a..b", "-a", "", "a/b"):
        assert ask(hub, "POST", "/api/repos/create", {"type": "dataset", "name": name})[0] == 400


def test_tags_name_a_commit_for_good(hub, tmp_path):
    api = created(hub)
    commit_info = publish(api, {"a.txt": b"1"})
    api.create_tag(TALKS, tag="v1.0.0", tag_message="first", repo_type="dataset")
    publish(api, {"a.txt": b"2"}, "v2")
    assert download(hub, "a.txt", tmp_path, revision="v1.0.0") == b"1"
    assert download(hub, "a.txt", tmp_path, revision=commit_info.oid) == b"1"
    assert download(hub, "a.txt", tmp_path) == b"2"
    assert api.dataset_info(TALKS, revision="v1.0.0").sha == commit_info.oid
    repeated = refused(HfHubHTTPError, lambda: api.create_tag(TALKS, tag="v1.0.0", repo_type="dataset"))
    assert repeated.response.status_code == 409
    api.create_tag(TALKS, tag="v1.0.0", repo_type="dataset", exist_ok=True)
    api.create_tag(TALKS, tag="before", revision=commit_info.oid[:7], repo_type="dataset")
    refs = api.list_repo_refs(TALKS, repo_type="dataset", include_pull_requests=True)
    assert {tag.name: tag.target_commit for tag in refs.tags} == {"v1.0.0": commit_info.oid, "before": commit_info.oid}
    assert [(branch.name, branch.ref) for branch in refs.branches] == [("main", "refs/heads/main")]
    api.delete_tag(TALKS, tag="before", repo_type="dataset")
    refused(RevisionNotFoundError, lambda: api.delete_tag(TALKS, tag="before", repo_type="dataset"))
    refused(RevisionNotFoundError, lambda: api.dataset_info(TALKS, revision="before"))
    refused(RevisionNotFoundError, lambda: publish(api, {"a.txt": b"3"}, revision="none"))
    refused(BadRequestError, lambda: publish(api, {"a.txt": b"3"}, revision="v1.0.0"))
    invalid = refused(BadRequestError, lambda: api.create_tag(TALKS, tag="a..b", repo_type="dataset"))
    assert "Invalid tag name" in str(invalid)


def test_a_commit_on_a_parent_that_is_no_longer_the_head_is_refused(hub):
    api = created(hub)
    start = api.dataset_info(TALKS).sha
    commit_info = publish(api, {"a.txt": b"1"}, parent_commit=start)
    error = refused(HfHubHTTPError, lambda: publish(api, {"a.txt": b"2"}, "v2", parent_commit=start))
    assert error.response.status_code == 412
    assert "A commit has happened since" in str(error)
    assert hub.repository(TALKS).branches["main"] == commit_info.oid
    publish(api, {"a.txt": b"2"}, "v2", parent_commit=commit_info.oid)


def test_files_and_folders_are_deleted(hub):
    api = created(hub)
    publish(api, {"sft/a.txt": b"1", "sft/b.txt": b"2", "old.txt": b"3", "sftx.txt": b"4"})
    paths = ["sft/", "old.txt"]
    operations = [CommitOperationDelete(path) for path in paths] + [CommitOperationAdd("new.txt", b"5")]
    api.create_commit(TALKS, operations, commit_message="v2", repo_type="dataset")
    assert {*api.list_repo_files(TALKS, repo_type="dataset")} == {".gitattributes", "new.txt", "sftx.txt"}
    for path in ("old.txt", "sft/", "sftx.txt/"):
        deletions = [CommitOperationDelete(path)]
        refused(
            RemoteEntryNotFoundError,
            lambda deletions=deletions: api.create_commit(TALKS, deletions, commit_message="v3", repo_type="dataset"),
        )
    assert len(hub.repository(TALKS).commits) == 3


def test_a_tree_comes_in_pages():
    with HubServer(TOKENS, page_size=3) as hub:
        api = created(hub)
        publish(api, {f"sft/{number:02}.txt": b"%d" % number for number in range(7)})
        publish(api, {"sft/03.txt": b"new", "top.txt": b""}, "v2")
        hub.forget_requests()
        tree = list(api.list_repo_tree(TALKS, recursive=True, repo_type="dataset"))
        assert [entry.path for entry in tree] == [
            ".gitattributes",
            "sft",
            *(f"sft/{number:02}.txt" for number in range(7)),
            "top.txt",
        ]
        assert len(hub.requests) == 4
        expanded = {entry.path: entry for entry in api.list_repo_tree(TALKS, "sft", expand=True, repo_type="dataset")}
        assert [expanded[f"sft/{name}.txt"].last_commit.title for name in ("02", "03")] == ["v1", "v2"]
        flat = [entry.path for entry in api.list_repo_tree(TALKS, repo_type="dataset")]
        assert flat == [".gitattributes", "sft", "top.txt"]
        refused(RemoteEntryNotFoundError, lambda: list(api.list_repo_tree(TALKS, "none", repo_type="dataset")))
        status, headers, body = ask(hub, "GET", f"/api/datasets/{TALKS}/tree/main?recursive=true&limit=2")
        assert (status, len(json.loads(body))) == (200, 2)
        assert headers["Link"].endswith('; rel="next"')
        assert ask(hub, "GET", f"/api/datasets/{TALKS}/tree/main?limit=x")[0] == 400
        for number in range(4):
            publish(api, {"top.txt": b"%d" % number}, f"v{number}")
        assert len(api.list_repo_commits(TALKS, repo_type="dataset")) == 7
        entries = api.get_paths_info(TALKS, ["sft", "top.txt", "none"], repo_type="dataset", expand=True)
        assert [(entry.path, entry.last_commit.title) for entry in entries] == [("sft", "v2"), ("top.txt", "v3")]
        assert hub.unexpected == []


def test_parts_of_files_are_served(hub):
    publish(created(hub), {"a.parquet": SHARD, "a.txt": b"0123456789"})
    path = f"/datasets/{TALKS}/resolve/main/a.txt"
    for byte_range, status, body, content_range in (
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("lines=1-2", 200, b"0123456789", None),
    ):
        response = ask(hub, "GET", path, Range=byte_range)
        assert (response[0], response[2], response[1]["Content-Range"]) == (status, body, content_range), byte_range
    status, headers, _ = ask(hub, "GET", path, Range="bytes=10-")
    assert (status, headers["Content-Range"]) == (416, "bytes */10")
    status, headers, body = ask(hub, "HEAD", path)
    assert (status, body, headers["Content-Length"], headers["Accept-Ranges"]) == (200, b"", "10", "bytes")
    assert headers["X-Repo-Commit"] == hub.repository(TALKS).branches["main"]
    status, headers, _ = ask(hub, "HEAD", f"/datasets/{TALKS}/resolve/main/a.parquet")
    assert (status, headers["X-Linked-Size"], headers["X-Linked-ETag"]) == (302, str(len(SHARD)), f'"{sha256(SHARD)}"')
    location = headers["Location"].removeprefix(hub.storage_url)
    response = ask(hub, "GET", location, token=None, storage=True, Range="bytes=1-3")
    assert (response[0], response[2]) == (206, SHARD[1:4])
    assert ask(hub, "GET", location.split("?", maxsplit=1)[0], token=None, storage=True)[0] == 403
    assert ask(hub, "GET", location, storage=True)[0] == 400
    assert ask(hub, "GET", f"/datasets/{TALKS}/resolve/main/none.txt")[1]["X-Error-Code"] == "EntryNotFound"


def test_names_decide_what_is_large_and_what_is_ignored(hub):
    api = created(hub)
    publish(api, {".gitignore": b"*.tmp\nlogs/\n!keep.tmp\n"})
    files = {
        "a.parquet": b"text",
        "data.json": b"{}",
        "blob.dat": b"\0\1",
        "half.txt": "字".encode() * 171,
        "empty.png": b"",
        "x.tmp": b"1",
        "keep.tmp": b"2",
        "logs/a.txt": b"3",
        "saved_model/v1/w": b"4",
    }
    publish(api, files, "v2")
    stored = hub.repository(TALKS).commits[hub.repository(TALKS).branches["main"]].files
    assert {path for path, file in stored.items() if file.lfs} == {"a.parquet", "blob.dat", "saved_model/v1/w"}
    assert files.keys() - stored.keys() == {"x.tmp", "logs/a.txt"}
    sample = {"path": "a.json", "size": 11 * 1024**2, "sample": base64.b64encode(b"{}").decode()}
    body = ask(hub, "POST", f"/api/datasets/{TALKS}/preupload/main", {"files": [sample]})[2]
    assert json.loads(body)["files"] == [{"path": "a.json", "uploadMode": "lfs", "shouldIgnore": False}]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ("license: asdf", '"license" must be one of'),
        ("language: Chinese", '"language\\[0\\]" must be'),
        ("size_categories: huge", '"size_categories" must be one of'),
        ("pretty_name: [a]", '"pretty_name" must be a string'),
        ("tags: [1]", '"tags" must be a string or an array'),
        ("configs: {}", '"configs" must be an array'),
        ("configs: [{data_files: a}]", "config_name"),
        ("configs: [{config_name: a, data_files: [{path: a}]}]", "data_files"),
        ("dataset_info: 3", '"dataset_info" must be'),
        ("a: [", "Invalid YAML"),
        ("- a", "must be a mapping"),
    ],
)
def test_a_card_with_wrong_metadata_is_refused(hub, monkeypatch, metadata, reason):
    api = created(hub)
    card = f"---\n{metadata}\n---\n"
    with pytest.raises(ValueError, match=reason):
        publish(api, {"README.md": card.encode()})
    path, line = f"/api/datasets/{TALKS}/commit/main", {"path": "README.md", "content": card, "encoding": "utf-8"}
    status, _, body = commit(hub, path, {"key": "file", "value": line})
    assert status == 400
    assert "YAML metadata" in body.decode()
    if metadata.startswith("license"):
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.url)
        with pytest.raises(ValueError, match='- Error: "license" must be one of'):
            RepoCard(card).validate("dataset")


def commit(hub, path, *lines, header=None, content_type="application/x-ndjson"):
    header = {"key": "header", "value": {"summary": "v1"} if header is None else header}
    body = b"".join(json.dumps(line).encode() + b"\n" for line in (header, *lines))
    return ask(hub, "POST", path, body, Content_Type=content_type)


def test_a_commit_that_the_hub_would_not_take_is_refused(hub):
    created(hub)
    path = f"/api/datasets/{TALKS}/commit/main"
    large = {"path": "a.parquet", "algo": "sha256", "oid": sha256(SHARD), "size": len(SHARD)}
    status, _, body = commit(hub, path, {"key": "lfsFile", "value": large})
    assert (status, b"LFS pointer pointed to a file that does not exist" in body) == (400, True)
    action = batch(hub, SHARD)["actions"]["upload"]["href"].removeprefix(hub.storage_url)
    assert ask(hub, "PUT", action, SHARD[:-1], token=None, storage=True)[0] == 400
    assert ask(hub, "PUT", action, SHARD, token=None, storage=True)[0] == 200
    text = {"path": "a.txt", "content": "1"}
    invalid = [
        {"key": "lfsFile", "value": large | {"size": 1}},
        {"key": "lfsFile", "value": large | {"algo": "md5"}},
        {"key": "file", "value": text | {"path": "../a.txt"}},
        {"key": "file", "value": text | {"path": "/a.txt"}},
        {"key": "file", "value": text | {"path": ".git/config"}},
        {"key": "file", "value": text | {"path": ".gitattributes/a"}},
        {"key": "file", "value": text | {"encoding": "base64"}},
        {"key": "file", "value": text | {"encoding": "rot13"}},
        {"key": "file", "value": text | {"content": "\0"}},
        {"key": "file", "value": text | {"content": "1" * (10 * 1024**2 + 1)}},
        {"key": "file", "value": {"path": "a.txt"}},
        {"key": "file", "value": "a.txt"},
        {"key": "rename", "value": text},
        {"key": "header", "value": {"summary": "twice"}},
        {"value": text},
        ["file"],
    ]
    for line in invalid:
        assert commit(hub, path, line)[0] == 400, line
    assert commit(hub, path, header={"summary": " "})[0] == 400
    assert commit(hub, path, header={"summary": "v1", "parentCommit": ""})[0] == 412
    assert commit(hub, path, content_type="application/json")[0] == 400
    assert commit(hub, f"{path}?create_pr=1")[0] == 400
    assert ask(hub, "POST", path, b"{", Content_Type="application/x-ndjson")[0] == 400
    assert ask(hub, "POST", path, b"", Content_Type="application/x-ndjson")[0] == 400
    assert len(hub.repository(TALKS).commits) == 1
    assert commit(hub, path, {"key": "lfsFile", "value": large}, {"key": "file", "value": text})[0] == 200
    assert hub.unexpected == []


def test_malformed_payloads_are_refused(hub):
    created(hub)
    api, git = f"/api/datasets/{TALKS}", f"/datasets/{TALKS}.git/info/lfs"
    lfs = {"Accept": "application/vnd.git-lfs+json"}
    for path, body in (
        ("/api/repos/create", b"{"),
        ("/api/repos/create", []),
        ("/api/repos/create", {"type": "dataset"}),
        ("/api/repos/create", {"type": "garden", "name": "a"}),
        ("/api/validate-yaml", {"repoType": "dataset"}),
        (f"{api}/tag/main", {"tag": 1}),
        (f"{api}/paths-info/main", {"paths": "a"}),
        (f"{api}/preupload/main", {"files": [{"path": "a"}]}),
        (f"{api}/preupload/main", {"files": [{"path": "a", "size": 1, "sample": "?"}]}),
        (f"{git}/objects/batch", {"operation": "download", "objects": []}),
        (f"{git}/objects/batch", {"operation": "upload", "objects": [{"oid": "a"}]}),
        (f"{git}/objects/batch", {"operation": "upload", "objects": [], "hash_algo": "md5"}),
        (f"{git}/verify", {"oid": "a"}),
    ):
        assert ask(hub, "POST", path, body, **lfs)[0] == 400, (path, body)
    assert ask(hub, "POST", f"{git}/objects/batch", {"operation": "upload", "objects": []})[0] == 406
    assert ask(hub, "POST", f"{api}/paths-info/main", {"paths": ["a"] * 1001})[0] == 413
    assert batch(hub, b"1", objects=[{"oid": "a", "size": 1}])["error"]["code"] == 422
    assert batch(hub, b"1", objects=[{"oid": sha256(b""), "size": 0}])["error"]["code"] == 422
    assert hub.unexpected == []


def test_what_is_unknown_is_refused_and_noted(hub):
    created(hub)
    assert ask(hub, "GET", "/api/spaces/a/b")[0] == 404
    assert ask(hub, "PATCH", f"/api/datasets/{TALKS}")[0] == 405
    assert ask(hub, "GET", "/", storage=True)[0] == 404
    assert hub.unexpected == ["GET /api/spaces/a/b", f"PATCH /api/datasets/{TALKS}", "GET /"]


def test_a_fault_of_the_server_is_noted(hub):
    hub.faults = lambda *_request: 1 / 0
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(hub, "GET", "/api/whoami-v2")
    assert "ZeroDivisionError" in hub.unexpected[0]


@pytest.mark.parametrize("fault", [Status(429, retry_after=1), Status(429, ratelimit=1), Status(503, retry_after=1)])
def test_a_client_waits_as_it_is_told(hub, monkeypatch, fault):
    waited = []
    monkeypatch.setattr("time.sleep", waited.append)
    api = created(hub)
    hub.faults = fail_first(1, "POST", "/objects/batch", fault)
    publish(api, {"a.parquet": SHARD})
    assert sum(waited) >= 2
    batches = [request.status for request in hub.requests if request.path.endswith("/batch")]
    assert batches == [fault.code, 200]
    assert len(hub.uploaded) == 1


def test_a_busy_hub_refuses_a_commit(hub):
    api = created(hub)
    hub.faults = fail_first(1, "POST", "/commit/", Status(503))
    assert refused(HfHubHTTPError, lambda: publish(api, {"a.txt": b"1"})).response.status_code == 503
    assert len(hub.repository(TALKS).commits) == 1
    hub.faults = fail_first(1, "POST", "/tag/", Status(429, ratelimit=7))
    error = refused(HfHubHTTPError, lambda: api.create_tag(TALKS, tag="v1", repo_type="dataset"))
    assert "Retry after 7 seconds (0/500 requests remaining in current 300s window)" in str(error)


def test_cut_connections(hub, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # what the client waits between two tries
    api = created(hub)
    hub.faults = combine_faults(
        fail_first(1, "POST", "/preupload/", Cut("before")),
        fail_first(1, "PUT", "", Cut("before")),
        fail_at(2, Cut("before")),
    )
    publish(api, {"a.parquet": SHARD})
    assert [request.status for request in hub.requests if request.method == "PUT"] == [None, 200]
    assert len(hub.uploaded) == 1
    hub.faults = fail_first(1, "PUT", "", Cut("after"))
    publish(api, {"b.parquet": SHARD[1:]}, "v2")
    assert hub.uploaded[1:] == [(sha256(SHARD[1:]), len(SHARD) - 1)] * 2
    hub.faults = fail_first(1, "POST", "/commit/", Cut("after"))
    with pytest.raises(Exception, match="disconnected"):
        publish(api, {"c.txt": b"1"}, "v3")
    assert api.list_repo_commits(TALKS, repo_type="dataset")[0].title == "v3"
    assert publish(api, {"c.txt": b"1"}, "v3 again").oid == hub.repository(TALKS).branches["main"]
    assert len(hub.repository(TALKS).commits) == 4


@pytest.mark.parametrize("multipart_above", [1, 10**9])
def test_a_damaged_upload_is_found(multipart_above):
    with HubServer(TOKENS, multipart_above=multipart_above, chunk_size=500) as hub:
        api = created(hub)
        hub.faults = fail_first(1, "PUT", "", Corrupt())
        error = refused(RuntimeError, lambda: publish(api, {"a.parquet": SHARD}))
        assert error.__cause__.response.status_code == (400 if multipart_above == 1 else 404)
        assert hub.uploaded == []
        assert len(hub.repository(TALKS).commits) == 1
        publish(api, {"a.parquet": SHARD})
        assert hub.uploaded == [(sha256(SHARD), len(SHARD))]


def test_a_token_that_expires_on_the_way(hub):
    api = created(hub)
    hub.faults = fail_first(1, "POST", "/commit/", Expired())
    assert refused(HfHubHTTPError, lambda: publish(api, {"a.parquet": SHARD})).response.status_code == 401
    assert refused(HfHubHTTPError, api.whoami).response.status_code == 401
    assert len(hub.repository(TALKS).commits) == 1
    hub.renew()
    publish(api, {"a.parquet": SHARD})
    assert len(hub.uploaded) == 1


PUBLISH = """
import sys
from huggingface_hub import CommitOperationAdd, HfApi
files = [CommitOperationAdd(f"{name}.parquet", name.encode() * 1000) for name in "abc"]
HfApi().create_commit(sys.argv[1], files, commit_message="v1", repo_type="dataset")
"""


def started(hub, home, *code, token="hf_ann"):
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home)}
    environment |= {"HF_TOKEN": token, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", *code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_client_leaves_what_it_sent_and_goes_on_later(hub, tmp_path, when):
    created(hub)
    hub.forget_requests()
    running = []
    ready = threading.Event()
    hub.faults = Kill(5, when, action=lambda: ready.wait() and running[0].kill())
    running.append(started(hub, tmp_path, PUBLISH, TALKS))
    ready.set()
    running[0].communicate()
    assert running[0].returncode < 0
    assert hub.requests[4].status is None
    assert len(hub.repository(TALKS).commits) == 1
    hub.faults.lift()
    repeated = started(hub, tmp_path, PUBLISH, TALKS)
    assert (repeated.communicate()[0], repeated.returncode) == ("", 0)
    assert len(hub.repository(TALKS).commits) == 2
    assert len({*hub.uploaded}) == 3
    assert hub.unexpected == []


def test_from_a_kill_on_every_connection_is_cut_until_it_is_lifted(hub):
    hub.faults = Kill(2, "after")
    assert ask(hub, "GET", "/api/whoami-v2")[0] == 200
    for name in ("first", "second", "third"):
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(hub, "POST", "/api/repos/create", {"type": "dataset", "name": name})
    assert [request.status for request in hub.requests] == [200, None, None, None]
    assert [*hub.repositories] == [("dataset", "ann/first")]
    hub.faults.lift()
    assert ask(hub, "POST", "/api/repos/create", {"type": "dataset", "name": "first"})[0] == 409


def test_models_have_no_prefix(hub, tmp_path):
    api = client(hub)
    assert api.create_repo("clinic/model").url == f"{hub.url}/clinic/model"
    publish(api, {"config.json": b"{}", "model.safetensors": SHARD}, repo_id="clinic/model", repo_type="model")
    assert api.model_info("clinic/model").sha == hub.repository("clinic/model", "model").branches["main"]
    for path, content in {"config.json": b"{}", "model.safetensors": SHARD}.items():
        assert download(hub, path, tmp_path, repo_id="clinic/model", repo_type="model") == content
    assert not api.repo_exists("clinic/model", repo_type="dataset")
    assert hub.unexpected == []


def test_commits_from_many_threads_make_one_line(hub):
    created(hub)
    path = f"/api/datasets/{TALKS}/commit/main"

    def write(number):
        assert commit(hub, path, {"key": "file", "value": {"path": f"{number}.txt", "content": str(number)}})[0] == 200

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    repository = hub.repository(TALKS)
    history = repository.history(repository.branches["main"])
    assert len(history) == len(repository.commits) == 13
    assert len(history[0][1].files) == 13


def test_closing_ends_connections_that_are_kept_open(hub):
    before = threading.active_count()
    connection = http.client.HTTPConnection(hub.url.removeprefix("http://"))
    connection.request("GET", "/api/whoami-v2", headers={"Authorization": "Bearer hf_ann"})
    assert connection.getresponse().read()
    closing = threading.Thread(target=hub.close, daemon=True)
    closing.start()
    closing.join(60)
    assert not closing.is_alive(), "it waits for the client"
    assert threading.active_count() < before
    connection.close()


LOAD = """
import json, sys
from datasets import load_dataset
print(json.dumps({
    config: {split: rows.to_list() for split, rows in load_dataset(sys.argv[1], config, revision=sys.argv[2]).items()}
    for config in ("sft", "dpo")
}, ensure_ascii=False))
"""


def test_datasets_loads_configs_by_name(hub, tmp_path):
    tables = {
        "sft/train-00000-of-00002.parquet": [{"id": "1", "turn": "咳嗽三天了"}],
        "sft/train-00001-of-00002.parquet": [{"id": "2", "turn": "有痰吗？"}],
        "sft/test-00000-of-00001.parquet": [{"id": "3", "turn": "没有"}],
        "dpo/train-00000-of-00001.parquet": [{"chosen": "多大了？", "rejected": "多喝水"}],
    }
    card = (
        "---\nlicense: cc-by-4.0\nconfigs:\n"
        "- config_name: sft\n  default: true\n  data_files:\n  - split: train\n    path: sft/train-*\n"
        "  - split: test\n    path: sft/test-*\n"
        "- config_name: dpo\n  data_files:\n  - split: train\n    path: dpo/train-*\n---\n"
    )
    files = {"README.md": card.encode()}
    for path, rows in tables.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        pl.DataFrame(rows).write_parquet(tmp_path / path)
        files[path] = (tmp_path / path).read_bytes()
    api = created(hub, private=True)
    publish(api, files)
    api.create_tag(TALKS, tag="v1", repo_type="dataset")
    publish(api, {"sft/train-00000-of-00002.parquet": files["sft/train-00001-of-00002.parquet"]}, "v2")
    hub.forget_requests()
    output, _ = (process := started(hub, tmp_path / "home", LOAD, TALKS, "v1", token="hf_read")).communicate()
    assert process.returncode == 0, output
    assert json.loads(output.splitlines()[-1]) == {
        "sft": {
            "train": [row for path in sorted(tables) if path.startswith("sft/train") for row in tables[path]],
            "test": tables["sft/test-00000-of-00001.parquet"],
        },
        "dpo": {"train": tables["dpo/train-00000-of-00001.parquet"]},
    }
    assert hub.unexpected == []
    assert {request.method for request in hub.requests} <= {"GET", "HEAD", "POST"}
    denied, _ = (process := started(hub, tmp_path / "other", LOAD, TALKS, "v1", token="hf_bob")).communicate()
    assert process.returncode == 1
    assert "DatasetNotFoundError" in denied
