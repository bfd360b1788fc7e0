"""Servers that speak the Hub's protocol and are not the Hub: what they ignore, do not know, refuse, cut or damage."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from cmtmed.cli import app
from cmtmed.errors import DatasetError, PublishError
from cmtmed.hub.versions import compare
from tests.support.hub_client import publish_to, use_hub
from tests.support.hub_server import Corrupt, Cut, HubServer, Status, Token, fail_first
from tests.support.published import CARD, audit_and_review, build_small

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

REPO = "org/dialogues"
TOKENS = {"hf_write": Token("someone", orgs=("org",))}
FOREVER = 10_000


@pytest.fixture(scope="module")
def build_dir(tmp_path_factory):
    return audit_and_review(build_small(tmp_path_factory.mktemp("small")))


@pytest.fixture
def start_hub(monkeypatch):
    """Start servers with quirks; nothing that they are asked may surprise them."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    servers = []

    def start(*quirks):
        servers.append(HubServer(TOKENS, quirks=quirks))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
        assert server.unexpected == []


def push(hub, out, **options):
    return publish_to(hub.url, out, REPO, card=CARD, configs=["sft", "dialogues"], **options)


def assert_nothing_sent(hub):
    """Make sure that neither a byte of the data nor a commit came in."""
    assert hub.uploaded == []
    assert all(len(repository.commits) == 1 for repository in hub.repositories.values())


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("gated", ["auto", "manual"])
@pytest.mark.parametrize("quirk", ["ignores_gated", "hides_settings"])
def test_a_gate_that_the_server_ignores(start_hub, build_dir, quirk, gated, public):
    hub = start_hub(quirk)
    with pytest.raises(PublishError) as refused:
        push(hub, build_dir, gated=gated, private=not public)
    message = str(refused.value)
    assert "nothing was sent" in message
    if quirk == "ignores_gated":
        assert f"is to be gated ({gated}), but the server {hub.url} says gated: False" in message
    assert_nothing_sent(hub)
    assert hub.repository(REPO).private, "it must not become public either"


def test_a_gate_that_is_ignored_for_a_repository_that_is_public_already(start_hub, build_dir):
    hub = start_hub("ignores_gated")
    publication = push(hub, build_dir, tag="v1", private=False)
    with pytest.raises(PublishError, match=r"is to be gated \(auto\)"):
        push(hub, build_dir, tag="v1", private=False, gated="auto")
    assert hub.repository(REPO).tags == {"v1": publication.commit}


def test_a_gate_that_opens_before_the_repository_becomes_public(start_hub, build_dir):
    """Somebody, or the server, opens it while the files are on their way."""
    for path in ("/preupload/", "/tag/"):
        hub = start_hub()

        def open_gate(_number, _method, requested, path=path, hub=hub):
            if path in requested:
                hub.repository(REPO).gated = False

        hub.faults = open_gate
        with pytest.raises(PublishError, match=r"is to be gated \(manual\), but the server .* says gated: False"):
            push(hub, build_dir, private=False, gated="manual")
        assert hub.repository(REPO).private


def test_a_gate_that_opens_with_the_repository(start_hub, build_dir):
    hub = start_hub("forgets_gate")
    with pytest.raises(PublishError, match="says gated: False; the repository was made private again"):
        push(hub, build_dir, private=False, gated="auto")
    assert hub.repository(REPO).private


@pytest.mark.parametrize("quirk", ["ignores_private", "hides_settings"])
def test_a_server_that_makes_everything_public(start_hub, build_dir, quirk):
    hub = start_hub(quirk)
    with pytest.raises(PublishError, match=r"is to be private, but .* says private: (False|None); nothing was"):
        push(hub, build_dir)
    assert_nothing_sent(hub)


def test_settings_that_the_server_does_not_know(start_hub, build_dir):
    hub = start_hub("no_settings")
    with pytest.raises(PublishError, match=r"gating .*: the server has no /api/datasets/org/dialogues/settings"):
        push(hub, build_dir, gated="auto")
    assert_nothing_sent(hub)
    assert push(hub, build_dir).commit, "nothing was asked of it that it does not know"


def test_a_server_without_xet(start_hub, build_dir):
    hub = start_hub("no_xet")
    with pytest.raises(PublishError) as refused:
        push(hub, build_dir, xet=True)
    message = str(refused.value)
    assert "has no Xet storage (status 404)" in message
    assert "set HF_HUB_DISABLE_XET=1" in message
    assert_nothing_sent(hub)
    assert push(hub, build_dir).commit


def test_a_server_that_cannot_check_cards(start_hub, build_dir):
    hub = start_hub("no_validation")
    with pytest.raises(
        PublishError, match=r"checking the card .*: the server has no /api/validate-yaml \(status 404\)"
    ):
        push(hub, build_dir)
    assert hub.repositories == {}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (401, "the Hub does not accept the token"),
        (403, "the token has no write access"),
        (404, "the server has no /"),
        (405, "does not offer this part of the Hub's interface"),
        (413, "the Hub finds the files too large"),
        (500, "the Hub failed; run the same command again"),
        (501, "does not offer this part of the Hub's interface"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/preupload/"), ("POST", "/objects/batch"), ("PUT", "/0/"), ("POST", "/commit/")]
)
def test_a_refusal_is_no_cut_line(start_hub, build_dir, method, path, code, message):
    hub = start_hub()
    hub.faults = fail_first(FOREVER, method, path, Status(code))
    with pytest.raises(PublishError) as refused:
        push(hub, build_dir)
    assert message in str(refused.value)
    assert f"status {code}" in str(refused.value)
    assert "no connection" not in str(refused.value)
    assert ("the same command" in str(refused.value)) == (code == 500)
    hub.faults = None
    assert push(hub, build_dir).commit


@pytest.mark.parametrize("when", ["before", "midway", "after"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/datasets"), ("POST", "/preupload/"), ("PUT", "/0/"), ("POST", "/commit/")]
)
def test_a_line_that_stays_cut(start_hub, build_dir, method, path, when):
    hub = start_hub()
    hub.faults = fail_first(FOREVER, method, path, Cut(when))
    if when == "midway" and method == "PUT":
        # The answer to an upload has no body, so it was whole when the line was cut.
        assert push(hub, build_dir).commit
        return
    with pytest.raises(PublishError, match=r"no connection to the Hub .*; run the same command again to resume"):
        push(hub, build_dir)
    hub.faults = None
    assert push(hub, build_dir).commit


def test_nobody_answers(build_dir, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(PublishError, match="no connection to the Hub"):
        publish_to("http://127.0.0.1:9", build_dir, REPO, card=CARD)


def snapshot(folder):
    """Return every path of a directory with its content and its time."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


def test_a_dry_run_writes_nothing(start_hub, build_dir, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("CMTMED_KEY", "0123456789abcdef" * 2)
    out = tmp_path / "crawl" / "out"
    shutil.copytree(build_dir, out)
    hub = start_hub()
    before = snapshot(out.parent)
    for options in ({}, {"hash_ids": True}, {"private": False, "gated": "auto"}):
        assert push(hub, out, dry_run=True, **options).files
        assert snapshot(out.parent) == before
        assert list(temporary.iterdir()) == []
    hub.faults = fail_first(FOREVER, "POST", "/preupload/", Status(503))
    with pytest.raises(PublishError):
        push(hub, out)
    hub.faults = None
    before = snapshot(out.parent)
    assert push(hub, out, dry_run=True).files
    assert snapshot(out.parent) == before, "what an interrupted call prepared stays for the next one"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def compare_with_itself(hub):
    with use_hub(hub.url):
        return compare(f"{REPO}@v1", f"{REPO}@v1")


def test_a_download_with_wrong_bytes(start_hub, build_dir, cache):
    hub = start_hub()
    push(hub, build_dir, tag="v1")
    hub.faults = lambda _number, method, path: Corrupt() if method == "GET" and path.startswith("/0/") else None
    with pytest.raises(DatasetError, match=r"dialogues/\S+ of .* has the SHA-256 \w{64}, but was published with"):
        compare_with_itself(hub)
    hub.faults = None
    assert compare_with_itself(hub).rows["same"], "what came damaged is loaded again"
    blobs = [path for path in cache.rglob("*.parquet") if path.is_file()]
    assert blobs
    for path in blobs:
        content = path.read_bytes()
        path.resolve().write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    assert compare_with_itself(hub).rows["same"], "what was damaged in the cache is loaded again"


@pytest.mark.parametrize(
    "edit",
    [
        lambda record: record | {"counts": []},
        lambda record: record | {"counts": {"read": -1}},
        lambda record: record | {"pipeline": {"stages": [1]}},
        lambda record: record | {"pipeline": 5},
        lambda record: record | {"versions": {"cmtmed": None}},
        lambda record: record | {"ids": {}},
        lambda record: record | {"after": {"turns": "many"}},
        lambda record: record | {"files": []},
        lambda record: record | {"files": [{"path": "dialogues/x.parquet"}]},
        lambda record: record | {"checksum": "0" * 64},
        lambda record: record | {"files": [file | {"sha256": "0" * 64} for file in record["files"]]},
    ],
)
def test_a_record_that_somebody_changed(start_hub, build_dir, cache, edit):
    hub = start_hub()
    push(hub, build_dir, tag="v1")
    repository = hub.repository(REPO)
    commit = repository.commits[repository.tags["v1"]]
    file = commit.files["cmtmed.json"]
    record = json.loads(file.content)
    commit.files["cmtmed.json"] = type(file)(json.dumps(edit(record)).encode())
    with use_hub(hub.url):
        result = CliRunner().invoke(app, ["compare", f"{REPO}@v1", f"{REPO}@v1"])
    assert isinstance(result.exception, DatasetError), result.exception
    assert "cmtmed.json of" in str(result.exception)
    assert cache.exists()
