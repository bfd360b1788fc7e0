"""Publishing through the real client to a server that speaks the Hub's protocol, in good and in bad weather."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from datasets import load_from_disk
from typer.testing import CliRunner

import cmtmed
from cmtmed.cli import app
from cmtmed.errors import DatasetError, GateError, PublishError, UsageError
from cmtmed.hub.dataset.stage_chart import draw_stage_chart
from cmtmed.hub.repository import Remote, fetch_file
from cmtmed.hub.staging import Staging
from cmtmed.hub.versions import compare
from tests.support.hub_client import client_of, environment_of, published, publisher
from tests.support.hub_server import Corrupt, Cut, Expired, HubServer, Kill, Status, Token, at, first
from tests.support.published import CARD, LINES, TEST, audited, built

# The client gives its HTTP library a stream in a way that this one will not take for ever.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

REPO = "org/dialogues"
TOKENS = {
    "hf_write": Token("someone", orgs=("org",)),
    "hf_read": Token("someone", orgs=("org",), role="read"),
    "hf_other": Token("stranger"),
    "hf_old": Token("someone", orgs=("org",), expired=True),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return audited(built(tmp_path_factory.mktemp("good")))


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """The same crawl, grown."""
    lines = [
        *LINES,
        {"id": "f", "question": "腰疼半年，弯腰加重，左腿发麻", "answer": "做过核磁吗？先卧床休息，避免久坐。"},
    ]
    return audited(built(tmp_path_factory.mktemp("larger"), lines))


@pytest.fixture
def hub(monkeypatch):
    # What the client waits between two tries is the server's to say; where it says nothing, no test need wait.
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with HubServer(TOKENS) as server:
        yield server
        assert server.unexpected == []


def push(hub, out, **options):
    return published(hub.url, out, REPO, card=CARD, **options)


def files(hub, revision="main"):
    """Return path and content of every file at a revision."""
    repository = hub.repository(REPO)
    entries = repository.entries(repository.resolve(revision), expand=False)
    return {path: told["oid"] for path, told in entries.items() if told["type"] == "file"}


def versions(hub):
    """Return the titles of the commits, the last one first."""
    repository = hub.repository(REPO)
    return [one["title"] for one in repository.log(repository.resolve("main"))]


def loaded(hub, tmp_path, config, revision=None, token="hf_write"):
    """Load a config in a fresh process that knows nothing of cmtmed; return its rows by split."""
    code = (
        "import datasets, json, sys\n"
        f"rows = datasets.load_dataset({REPO!r}, {config!r}, revision={revision!r})\n"
        "assert not [name for name in sys.modules if name.startswith('cmtmed')]\n"
        "json.dump({split: list(table) for split, table in rows.items()}, sys.stdout)"
    )
    home = tmp_path / "home"
    environment = environment_of(hub.url, home, token)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


# --- good weather ---------------------------------------------------------------------------------------------------


def test_every_row_comes_back_without_cmtmed(hub, good, tmp_path):
    done = push(hub, good, tag="v1.0")
    for config in ("sft", "pretrain", "prompts", "dialogues"):
        there = {split: list(rows) for split, rows in load_from_disk(str(good / config)).items()}
        assert loaded(hub, tmp_path, config, "v1.0") == {split: rows for split, rows in there.items() if rows}
    assert loaded(hub, tmp_path, None) == loaded(hub, tmp_path, "sft"), "what trainers read is the default"
    repository = hub.repository(REPO)
    assert (repository.private, repository.gated) == (True, False)
    assert repository.tags == {"v1.0": done.commit}
    assert versions(hub) == ["Version v1.0", "initial commit"]


def test_a_version_is_one_commit_and_a_repetition_none(hub, good):
    one = push(hub, good)
    before, sent = files(hub), list(hub.uploaded)
    two = push(hub, good)
    assert (two.commit, two.tag, two.checksum) == (one.commit, one.tag, one.checksum)
    assert files(hub) == before
    assert hub.uploaded == sent
    assert versions(hub) == [f"Version {one.tag}", "initial commit"]
    assert not list(good.parent.glob(".*publishing*"))


def test_a_new_version_replaces_the_old_one_whole(hub, good, larger):
    old = push(hub, good, tag="v1")
    new = push(hub, larger, tag="v2", configs=["sft", "dialogues"])
    names = set(files(hub))
    assert names == {one.path for one in new.files} | {".gitattributes"}
    assert not [name for name in names if name.startswith(("pretrain/", "prompts/"))]
    assert set(files(hub, "v1")) == {one.path for one in old.files} | {".gitattributes"}
    assert versions(hub)[:2] == ["Version v2", "Version v1"]
    sent = [oid for oid, _ in hub.uploaded]
    assert len(sent) == len(set(sent)), "what the Hub holds is not sent again"


def test_a_tag_stands_for_one_version(hub, good, larger):
    push(hub, good, tag="v1")
    before = files(hub)
    with pytest.raises(UsageError, match="the tag 'v1' of 'org/dialogues' points to another version"):
        push(hub, larger, tag="v1")
    assert files(hub) == before


def test_private_until_somebody_says_public(hub, good):
    push(hub, good)
    assert hub.repository(REPO).private
    push(hub, good, private=False)
    assert not hub.repository(REPO).private
    with pytest.raises(UsageError, match="is public on the Hub, but the version is to be private; pass --public"):
        push(hub, good)


def test_public_at_last_and_gated_at_first(hub, good):
    push(hub, good, private=False, gated="manual")
    asked = [(one.method, one.path) for one in hub.requests if one.method in {"PUT", "POST"}]
    settings = [place for place, (_, path) in enumerate(asked) if path.endswith("/settings")]
    commit = next(place for place, (_, path) in enumerate(asked) if "/commit/" in path)
    upload = next(place for place, (method, path) in enumerate(asked) if method == "PUT" and "settings" not in path)
    assert len(settings) == 2
    assert settings[0] < upload < commit < settings[1]
    repository = hub.repository(REPO)
    assert (repository.private, repository.gated) == (False, "manual")
    card = published(hub.url, good, REPO, card=CARD, private=False, dry_run=True).card
    assert "extra_gated_prompt" in card


def test_hashed_ids(hub, good, tmp_path, monkeypatch):
    monkeypatch.setenv("CMTMED_KEY", "0123456789abcdef" * 2)
    push(hub, good, hash_ids=True)
    tables = {config: loaded(hub, tmp_path, config) for config in ("sft", "dialogues")}
    plain = {split: list(rows) for split, rows in load_from_disk(str(good / "dialogues")).items()}
    for split, rows in tables["dialogues"].items():
        assert [row["id"] for row in rows] == [row["id"] for row in tables["sft"][split]]
        assert len({row["id"] for row in rows}) == len(rows)
        assert all(len(row["id"]) == len(row["source_id"]) == 32 for row in rows)
        assert not {row["id"] for row in rows} & {row["id"] for row in plain[split]}
        assert [row["messages"] for row in rows] == [row["messages"] for row in plain[split]]
    assert not list(good.rglob("cache-*"))
    monkeypatch.delenv("CMTMED_KEY")
    with pytest.raises(UsageError, match="CMTMED_KEY is not set"):
        push(hub, good, hash_ids=True)


def test_many_shards(hub, good, tmp_path, monkeypatch):
    monkeypatch.setattr("cmtmed.hub.dataset.shards.SHARD_BYTES", 1500)
    monkeypatch.setattr("cmtmed.hub.upload.BATCH_BYTES", 6000)
    done = push(hub, good, configs=["sft"])
    shards = [one.path for one in done.files if one.split == "train"]
    assert len(shards) > 1
    assert shards == [f"sft/train-{place:05d}-of-{len(shards):05d}.parquet" for place in range(len(shards))]
    rows = list(load_from_disk(str(good / "sft"))["train"])
    assert loaded(hub, tmp_path, "sft")["train"] == rows


def commit(hub, **files):
    """Commit small files as somebody else would."""
    lines = [{"key": "header", "value": {"summary": "By hand", "description": ""}}]
    for path, content in files.items():
        value = {"path": path, "content": base64.b64encode(content.encode()).decode(), "encoding": "base64"}
        lines.append({"key": "file", "value": value})
    return hub.repository(REPO).push("main", "\n".join(map(json.dumps, lines)).encode(), "somebody")


def test_an_old_version_repeated_leaves_the_new_one(hub, good, larger):
    old = push(hub, good, tag="v1")
    push(hub, larger, tag="v2")
    before = files(hub)
    again = push(hub, good, tag="v1")
    assert (again.commit, files(hub)) == (old.commit, before)
    assert versions(hub)[0] == "Version v2"


def test_another_card_for_the_same_data(hub, good, larger):
    old = push(hub, good, tag="v1")
    other = {**CARD, "contact": "privacy@clinic.example"}
    with pytest.raises(UsageError, match="points to the same data with another card; pass --move-tag"):
        published(hub.url, good, REPO, card=other, tag="v1")
    moved = published(hub.url, good, REPO, card=other, tag="v1", move_tag=True)
    assert hub.repository(REPO).tags == {"v1": moved.commit}
    assert moved.commit != old.commit
    assert versions(hub)[:2] == ["Version v1", "Version v1"]
    assert published(hub.url, good, REPO, card=other, tag="v1").commit == moved.commit
    push(hub, larger, tag="v2")
    with pytest.raises(UsageError, match="holds a later version than 'v1'"):
        push(hub, good, tag="v1", move_tag=True)


def test_older_private_versions_do_not_become_public_unnoticed(hub, good, larger):
    push(hub, good, tag="v1")
    for dry_run in (True, False):
        if dry_run:
            refused = push(hub, larger, tag="v2", private=False, dry_run=True).refused
            assert [finding.check for finding in refused] == ["history"]
        else:
            with pytest.raises(GateError, match="1 commit with other, private data would become public too"):
                push(hub, larger, tag="v2", private=False)
    assert hub.repository(REPO).private
    done = push(hub, larger, tag="v2", private=False, i_know=["history"])
    assert not hub.repository(REPO).private
    assert "would become public too" in done.card
    assert push(hub, larger, tag="v2", private=False, i_know=["history"]).commit == done.commit
    assert push(hub, larger, tag="v2", private=False).commit == done.commit
    assert versions(hub)[0] == "Version v2"


def test_data_that_other_branches_and_tags_lead_to(hub, good, larger):
    push(hub, good, tag="v1")
    repository = hub.repository(REPO)
    first = repository.history(repository.branches["main"])[-1][0]
    for ref in (repository.tags, repository.branches):
        ref["old"] = repository.branches["main"]
        hidden = dict(repository.tags)
        repository.tags.clear()
        repository.tags.update({"old": hidden["v1"]} if ref is repository.tags else {})
        repository.branches["main"] = first
        with pytest.raises(GateError, match="1 commit with other, private data"):
            push(hub, larger, tag="v2", private=False)
        ref.pop("old")
        repository.branches["main"], repository.tags["v1"] = hidden["v1"], hidden["v1"]


def test_a_repository_made_by_hand_becomes_public_with_its_first_version(hub, good):
    from huggingface_hub import HfApi

    with client_of(hub.url):
        HfApi().create_repo(REPO, repo_type="dataset", private=True)
    commit(hub, **{"README.md": "# By hand\n"})
    done = push(hub, good, tag="v1", private=False)
    assert "# By hand" in done.card
    assert not hub.repository(REPO).private


def test_a_repository_that_becomes_public_meanwhile(hub, good):
    def meanwhile(_number, _method, path):
        if "/preupload/" in path:
            hub.repository(REPO).private = False

    hub.faults = meanwhile
    with pytest.raises(PublishError, match="has become public, but the version is to be private"):
        push(hub, good)
    assert versions(hub) == ["initial commit"]


def test_a_gate_that_is_closed_later(hub, good):
    one = push(hub, good, tag="v1", private=False)
    assert push(hub, good, tag="v1", private=False, gated="manual").commit == one.commit
    assert hub.repository(REPO).gated == "manual"
    assert push(hub, good, tag="v1", private=False).commit == one.commit


def test_a_dry_run_foretells_what_the_hub_would_object_to(hub, good, larger):
    push(hub, good, tag="v1")
    for options in ({"tag": "v1", "card": {**CARD, "contact": "x@clinic.example"}}, {"card": CARD, "tag": "main2"}):
        hub.repository(REPO).branches["main2"] = hub.repository(REPO).branches["main"]
        with pytest.raises(UsageError):
            published(hub.url, good, REPO, dry_run=True, **options)


def test_sources_of_the_card_that_the_build_has_not(hub, good):
    with pytest.raises(UsageError, match=r"sources.clinc: the build has no such source; did you mean 'clinic'\?"):
        published(hub.url, good, REPO, card={**CARD, "sources": {"clinc": {"title": "x"}}})


def test_the_only_version_becomes_public(hub, good):
    push(hub, good, tag="v1")
    assert push(hub, good, tag="v1", private=False).refused == ()
    assert not hub.repository(REPO).private


def test_a_gitignore_may_leave_files_out(hub, good):
    push(hub, good, tag="v1", configs=["pretrain"])
    commit(hub, **{".gitignore": "*.parquet\n"})
    with pytest.raises(UsageError, match=r"holds a \.gitignore, which can make the Hub omit files of a version"):
        push(hub, good, tag="v2", configs=["sft"])


def test_what_the_hub_holds_is_looked_at_before_it_gets_a_name(hub, good):
    def damage(_number, method, path):
        if method == "POST" and "/paths-info/" in path:
            repository = hub.repository(REPO)
            head = repository.commits[repository.branches["main"]]
            card = head.files["README.md"]
            head.files["README.md"] = replace(card, content=bytes(card.size))

    hub.faults = damage
    with pytest.raises(PublishError, match=r"README.md in the commit to .org/dialogues. differs from the local file"):
        push(hub, good, tag="v1")
    assert hub.repository(REPO).tags == {}


def test_files_that_readers_would_take_for_ours(hub, good):
    push(hub, good, tag="v1")
    commit(hub, **{"sft/train-extra.parquet": "x"})
    with pytest.raises(UsageError, match=r"holds 'sft/train-extra.parquet', which cmtmed did not publish"):
        push(hub, good, tag="v2")


def test_a_branch_in_the_tags_place(hub, good):
    push(hub, good, tag="v1")
    repository = hub.repository(REPO)
    repository.branches["v2"] = repository.branches["main"]
    with pytest.raises(UsageError, match="has a branch 'v2', with which a tag of that name would be confused"):
        push(hub, good, tag="v2")
    default = push(hub, good, dry_run=True).tag
    repository.branches[default] = repository.branches["main"]
    with pytest.raises(UsageError, match=f"has a branch '{default}'"):
        push(hub, good)


def test_a_tag_that_somebody_else_sets_meanwhile(hub, good):
    def race(_number, method, path):
        if method == "POST" and "/tag/" in path:
            repository = hub.repository(REPO)
            repository.tags.setdefault("v1", repository.commits[repository.branches["main"]].parent)

    hub.faults = race
    with pytest.raises(PublishError, match="the tag 'v1' of 'org/dialogues' was set by somebody else in the meantime"):
        push(hub, good, tag="v1")


@pytest.mark.parametrize(
    ("content", "message"),
    [("{}", "is not a record of a dataset by cmtmed"), ('{"format": "cmtmed.dataset", "version": 9}', "has version 9"),
     ('{"format": "cmtmed.dataset", "version": 1, "files": ["a"]}', "is damaged")],
)  # fmt: skip
def test_a_damaged_record_is_told_of_before_anything_is_sent(hub, good, content, message):
    push(hub, good, tag="v1", configs=["sft"])
    sent = len(hub.uploaded)
    commit(hub, **{"cmtmed.json": content})
    with pytest.raises(DatasetError, match=message):
        push(hub, good, tag="v2")
    assert len(hub.uploaded) == sent


def test_only_files_of_a_dataset_are_removed(hub, good):
    push(hub, good, tag="v1")
    record = json.loads(read_record(hub))
    record["files"].append({"path": "LICENSE", "bytes": 1, "sha256": "0" * 64})
    commit(hub, **{"LICENSE": "mine", "cmtmed.json": json.dumps(record)})
    push(hub, good, tag="v2", configs=["sft"])
    assert "LICENSE" in files(hub)
    assert not [path for path in files(hub) if path.startswith("pretrain/")]


def read_record(hub):
    with client_of(hub.url):
        from huggingface_hub import HfApi

        return fetch_file(Remote(HfApi(), "dataset", REPO), "cmtmed.json", "main")


def test_a_card_that_the_hub_refuses_is_told_of_before_anything_is_sent(hub, good, tmp_path):
    template = tmp_path / "mine.jinja"
    template.write_text("x", encoding="utf-8")
    hub.faults = first(9, "POST", "/validate-yaml", Status(400))
    with pytest.raises(PublishError, match="the Hub does not accept the metadata of the card"):
        push(hub, good)
    assert (hub.uploaded, hub.repositories) == ([], {})


def test_two_calls_at_once(hub, good, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(good, out)
    staging = Staging(out, {})
    with pytest.raises(UsageError, match="another cmtmed publish is working"):
        push(hub, out)
    staging.release()
    push(hub, out)
    assert not staging.root.exists()


def test_prepared_files_that_somebody_touched_are_written_again(hub, good, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(good, out)
    hub.faults = first(99, "POST", "/preupload/", Status(503))
    with pytest.raises(PublishError):
        push(hub, out, configs=["sft"])
    staged = tmp_path / ".out.publishing"
    assert staged.stat().st_mode & 0o777 == 0o700
    shard = next(staged.glob("sft/train-*.parquet"))
    shard.write_bytes(shard.read_bytes()[:500])
    hub.faults = None
    done = push(hub, out, configs=["sft"])
    assert done.checksum == push(hub, good, configs=["sft"]).checksum


def test_rows_from_elsewhere(hub, good, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(good, out)
    state = out / "sft" / "train" / "state.json"
    told = json.loads(state.read_text(encoding="utf-8"))
    told["_data_files"][0]["filename"] = (
        f"../../../{good.parent.name}/out/sft/train/{told['_data_files'][0]['filename']}"
    )
    shutil.copytree(good.parent, tmp_path / good.parent.name)
    state.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(DatasetError, match="lists other files than those that it holds"):
        push(hub, out)


def test_secret_addresses_are_not_logged(hub, good, caplog):
    caplog.set_level("DEBUG")
    push(hub, good, configs=["sft"])
    assert hub.uploaded
    assert "Signature" not in caplog.text
    assert hub.storage_url not in caplog.text
    assert "hf_write" not in caplog.text


def test_what_people_write_on_the_hub_stays(hub, good, larger):
    push(hub, good, tag="v1")
    from huggingface_hub import CommitOperationAdd, HfApi

    with client_of(hub.url):
        api = HfApi()
        path = api.hf_hub_download(REPO, "README.md", repo_type="dataset", local_dir=larger.parent / "x")
        card = Path(path).read_text(encoding="utf-8")
        card = card.replace("<!-- cmtmed:begin use -->", "## By hand\n\nKept.\n\n<!-- cmtmed:begin use -->")
        api.create_commit(
            REPO, [CommitOperationAdd("README.md", card.encode()), CommitOperationAdd("LICENSE", b"mine")],
            repo_type="dataset", commit_message="By hand",
        )  # fmt: skip
    assert "## By hand\n\nKept." in push(hub, larger, tag="v2").card
    assert "LICENSE" in files(hub)


# --- the gate -------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_if_a_check_objects(hub, tmp_path):
    out = built(tmp_path, broken=1)
    with pytest.raises(GateError) as refused:
        published(hub.url, out, REPO)
    told = str(refused.value)
    for check in ("audit", "risk", "quarantine", "card"):
        assert f"\n  - {check}: " in told
    assert "nothing was sent" in told
    assert "王建国" not in told
    assert hub.requests == []
    assert not list(tmp_path.glob(".*publishing*"))


def test_overridden_checks_are_named_in_card_and_record(hub, tmp_path):
    out = built(tmp_path)
    done = published(hub.url, out, REPO, i_know=["audit", "risk", "card"])
    assert [finding.check for finding in done.overridden] == ["audit", "risk", "card"]
    assert "Published although checks objected" in done.card
    with pytest.raises(GateError):
        published(hub.url, out, REPO, i_know=["audit", "risk"])


def test_a_dry_run_sends_nothing_and_tells_everything(hub, good):
    done = push(hub, good, dry_run=True)
    assert {one.method for one in hub.requests} == {"GET"}
    assert hub.repositories == {}
    assert not list(good.parent.glob(".*publishing*"))
    real = push(hub, good)
    assert [(one.path, one.bytes, one.sha256) for one in done.files] == [
        (one.path, one.bytes, one.sha256) for one in real.files
    ]
    assert (done.card, done.commit) == (real.card, "")


def test_a_dry_run_needs_no_hub(good, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    assert published("http://127.0.0.1:9", good, REPO, card=CARD, dry_run=True).files


# --- who may, and where ---------------------------------------------------------------------------------------------


def test_no_token(hub, good, monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(UsageError, match="no token of the Hub on this machine; run hf auth login, or set HF_TOKEN"):
        push(hub, good)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("hf_nobody", "the Hub does not accept the token"),
        ("hf_old", "the Hub does not accept the token"),
        ("hf_read", "the token has no write access"),
        ("hf_other", "the token has no write access"),
    ],
)
def test_tokens_that_do_not_do(hub, good, token, message):
    with client_of(hub.url, token), pytest.raises(PublishError, match=message) as refused:
        cmtmed.publish(good, REPO, card=CARD)
    assert token not in str(refused.value)
    assert hub.repositories == {}


def test_somebody_elses_files(hub, good):
    from huggingface_hub import HfApi

    with client_of(hub.url):
        api = HfApi()
        api.create_repo(REPO, repo_type="dataset", private=True)
        api.upload_file(path_or_fileobj=b"a,b\n", path_in_repo="data.csv", repo_id=REPO, repo_type="dataset")
    with pytest.raises(UsageError, match="holds 1 files that cmtmed did not publish"):
        push(hub, good)


@pytest.mark.parametrize(
    "repo", ["dialogues", "a/b/c", "-x/y", "org/", "org/数据", "org/a..b", "org/x.git", "org/x-", "org/" + "x" * 100]
)
def test_names_that_cannot_be(good, repo):
    with pytest.raises(UsageError, match="is not a repository name; give ORG/NAME"):
        cmtmed.publish(good, repo)


@pytest.mark.parametrize(
    "tag", ["", "main", "HEAD", "refs/x", "a b", "版本", "0" * 40, "abcdef1", "v1.", "v1..0", "v1.lock"]
)
def test_tags_that_cannot_be(good, tag):
    with pytest.raises(UsageError, match="cannot be a tag"):
        cmtmed.publish(good, REPO, tag=tag)


def test_views_that_are_not_there(good):
    with pytest.raises(UsageError, match=r"has no view 'stf'; did you mean 'sft'\?"):
        cmtmed.publish(good, REPO, configs=["stf"])


# --- bad weather ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [Status(429, retry_after=0), Status(429, ratelimit=0), Status(503), Status(500), Cut("before"), Cut("after")],
    ids=["429", "ratelimit", "503", "500", "cut", "answer lost"],
)
@pytest.mark.parametrize(
    ("method", "part"),
    [
        ("GET", "/api/datasets"), ("POST", "/repos/create"), ("GET", "/refs"), ("POST", "/preupload/"),
        ("POST", "/objects/batch"), ("PUT", "/0/"), ("POST", "/verify"), ("POST", "/validate-yaml"), ("POST", "/commit/"),
        ("POST", "/tag/"), ("PUT", "/settings"),
    ],
    ids=lambda told: told.strip("/").replace("/", "-"),
)  # fmt: skip
def test_a_fault_is_outlived(hub, good, method, part, fault):
    hub.faults = first(2, method, part, fault)
    done = push(hub, good, configs=["sft"], gated="auto")
    assert sum(one.method == method and part in one.path for one in hub.requests) > 1
    # Of a file that came in while its answer was lost, the client cannot know; it alone is sent again.
    whole(hub, done, again=2 if method == "PUT" and part == "/0/" and fault == Cut("after") else 0)


def whole(hub, done, again=0):
    """Make sure that there is one complete version, and nothing was sent twice."""
    assert set(files(hub)) == {one.path for one in done.files} | {".gitattributes"}
    assert versions(hub) == [f"Version {done.tag}", "initial commit"]
    assert hub.repository(REPO).tags == {done.tag: done.commit}
    sent = [oid for oid, _ in hub.uploaded]
    assert set(sent) == {one.sha256 for one in done.files if one.path.endswith((".parquet", ".png"))}
    assert len(sent) == len(set(sent)) + again


def test_the_delay_that_the_hub_asks_for_is_kept(hub, good, monkeypatch):
    waited = []
    monkeypatch.setattr("time.sleep", waited.append)
    for part, seconds in (("/repos/create", 7), ("/commit/", 11), ("/tag/", 13)):
        hub.faults = first(1, "POST", part, Status(429, retry_after=seconds))
        push(hub, good, configs=["sft"], tag=f"v{seconds}")
        assert any(seconds <= told <= seconds + 1 for told in waited), (part, waited)
        hub.repositories.clear()


def test_a_hub_that_asks_for_too_much_patience(hub, good):
    hub.faults = first(9, "POST", "/repos/create", Status(429, retry_after=86_400))
    with pytest.raises(PublishError, match="asks to slow down; wait and run the command again"):
        push(hub, good)


def test_a_hub_that_stays_down(hub, good):
    hub.faults = first(10_000, "POST", "/preupload/", Status(503))
    with pytest.raises(PublishError, match="the Hub failed; run the same command again"):
        push(hub, good)
    hub.faults = None
    whole(hub, push(hub, good))


def test_damaged_bytes_are_noticed_and_sent_again(hub, good):
    hub.faults = first(1, "PUT", "/0/", Corrupt())
    with pytest.raises(PublishError, match=r"sending sft/\S+ and \d+ more: the Hub"):
        push(hub, good, configs=["sft"])
    assert versions(hub) == ["initial commit"]
    hub.faults = None
    whole(hub, push(hub, good, configs=["sft"]))


def test_a_token_that_expires_on_the_way(hub, good):
    hub.faults = at(8, Expired())
    with pytest.raises(PublishError, match="the Hub does not accept the token"):
        push(hub, good)
    assert versions(hub) == ["initial commit"]
    hub.faults = None
    hub.renew()
    whole(hub, push(hub, good))


def test_somebody_who_commits_meanwhile(hub, good):
    push(hub, good, configs=["sft"], tag="v1")
    done = []

    def meanwhile(_number, _method, path):
        if "/preupload/" in path and not done:
            done.append(commit(hub, LICENSE="mine"))

    hub.faults = meanwhile
    with pytest.raises(PublishError, match="somebody else changed the repository in the meantime"):
        push(hub, good, tag="v2")
    assert done
    assert versions(hub)[0] == "By hand"
    hub.faults = None
    push(hub, good, tag="v2")
    assert versions(hub)[:3] == ["Version v2", "By hand", "Version v1"]


def test_killed_at_every_request_and_repeated(good, tmp_path, monkeypatch):
    """The process dies at request 1, then at 2, and so on, before it was handled and behind; one repetition mends it."""
    out = tmp_path / "out"
    shutil.copytree(good, out)
    options = {"card": CARD, "configs": ["sft"], "gated": "auto", "private": False}
    drawn = draw_stage_chart(json.loads((out / "report.json").read_text(encoding="utf-8")))
    monkeypatch.setattr("cmtmed.hub.dataset.package.draw_stage_chart", lambda _report: drawn)
    with HubServer(TOKENS) as hub:
        whole(hub, published(hub.url, out, REPO, **options))
        requests = len(hub.requests)
    assert requests > 15
    for number in range(1, requests + 1):
        for when in ("before", "after"):
            with HubServer(TOKENS) as hub:
                process = publisher(hub.url, out, REPO, drawn, **options)
                running = threading.Event()
                hub.faults = Kill(number, when, lambda on=running, it=process: on.wait() and it.kill())
                process.start()
                running.set()
                process.join()
                assert process.exitcode == -9, (number, when)
                hub.faults.lift()
                done = published(hub.url, out, REPO, **options)
                whole(hub, done)
                assert (hub.repository(REPO).private, hub.repository(REPO).gated) == (False, "auto")
                assert hub.unexpected == []


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_from_end_to_end(hub, good, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text(json.dumps(CARD, ensure_ascii=False), encoding="utf-8")
    environment = environment_of(hub.url, tmp_path / "home")

    def run(*arguments):
        command = [sys.executable, "-m", "cmtmed.cli", "publish", str(good), REPO, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    refused = run()
    assert refused.returncode == 1
    assert "  - card: not filled in: pretty_name" in refused.stderr
    assert refused.stdout == ""
    rehearsed = run("--card", str(card), "--dry-run")
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert "  sft/train-00000-of-00001.parquet" in rehearsed.stdout
    assert "<!-- cmtmed:begin counts -->" in rehearsed.stdout
    done = run("--card", str(card), "--tag", "v1.0", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["tag"], told["commit"]) == ("v1.0", hub.repository(REPO).tags["v1.0"])
    sent = list(hub.uploaded)
    again = run("--card", str(card), "--tag", "v1.0")
    assert again.stdout.startswith(f"{REPO}@v1.0: ")
    assert (versions(hub), hub.uploaded) == (["Version v1.0", "initial commit"], sent), (
        "another process writes the same"
    )
    wrong = run("--i-know", "licence")
    assert wrong.returncode == 2
    assert "did you mean 'licenses'?" in wrong.stderr
    for one in (refused, rehearsed, done, again, wrong):
        assert "hf_write" not in one.stdout + one.stderr
        assert "signature" not in (one.stdout + one.stderr).lower()


# --- published versions, compared -----------------------------------------------------------------------------------


def test_versions_are_compared(hub, good, larger, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    push(hub, good, tag="v1")
    push(hub, larger, tag="v2")
    with client_of(hub.url):
        told = compare(f"{REPO}@v1", f"{REPO}@v2")
        same = compare(good, f"{REPO}@v1")
        shown = CliRunner().invoke(app, ["compare", f"{REPO}@v1", f"{REPO}@v2"], catch_exceptions=False).output
    kept = len(LINES) + len(TEST)
    assert {name: count for name, count in told.rows.items() if count} == {"same": kept, "new_kept": 1}
    assert {name: count for name, count in same.rows.items() if count} == {"same": kept}
    assert (same.stages, same.versions) == ({}, {})
    assert told.statistics[1]["dialogues"] == kept + 1
    assert "not there before, kept now" in shown
    assert f"{REPO}@v2" in shown


def test_what_cannot_be_compared(hub, good, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("CMTMED_KEY", "0123456789abcdef" * 2)
    push(hub, good, tag="v1")
    push(hub, good, tag="v2", configs=["sft"])
    push(hub, good, tag="v3", hash_ids=True)
    with client_of(hub.url):
        with pytest.raises(
            UsageError, match=r"'no/where' is not a directory; a version on the Hub is named ORG/NAME@TAG"
        ):
            compare(good, "no/where")
        with pytest.raises(DatasetError, match="has no config dialogues"):
            compare(good, f"{REPO}@v2")
        with pytest.raises(UsageError, match="hashed with different keys, or only one was"):
            compare(f"{REPO}@v1", f"{REPO}@v3")
        with pytest.raises(PublishError, match="reading 'org/dialogues@v9'"):
            compare(good, f"{REPO}@v9")


def test_a_table_that_another_writer_wrote(hub, good, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    push(hub, good, tag="v1")
    from huggingface_hub import HfApi

    def rewritten(change, tag):
        """Let a table stand on the Hub that somebody wrote anew."""
        with client_of(hub.url):
            api = HfApi()
            path = api.hf_hub_download(REPO, name, repo_type="dataset", revision="v1", local_dir=tmp_path)
            change(Path(path))
            api.upload_file(path_or_fileobj=path, path_in_repo=name, repo_id=REPO, repo_type="dataset")
            api.create_tag(REPO, tag=tag, repo_type="dataset")
            return compare(good, f"{REPO}@{tag}")

    name = "dialogues/train-00000-of-00001.parquet"
    wide = pl.List(pl.Struct({"message": pl.Int64, "start": pl.Int64, "end": pl.Int64, "slot": pl.String}))
    told = rewritten(
        lambda path: pl.read_parquet(path).with_columns(pl.col("inquiries").cast(wide)).write_parquet(path), "v2"
    )
    assert told.rows["same"] == len(LINES) + len(TEST)
    for tag, change in (
        ("v3", lambda path: pl.read_parquet(path).drop("trace").write_parquet(path)),
        ("v4", lambda path: path.write_bytes(b"PAR1" * 9)),
        ("v5", lambda path: path.write_bytes(path.read_bytes()[:-9])),
        ("v6", lambda path: path.write_bytes(b"")),
    ):
        with pytest.raises(DatasetError, match=f"the table of dialogues of 'org/dialogues@{tag}' cannot be read"):
            rewritten(change, tag)
