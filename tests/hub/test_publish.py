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
from cmtmed.builds import BuildReport
from cmtmed.cli import app
from cmtmed.errors import DatasetError, GateError, PublishError, UsageError
from cmtmed.hub.dataset.stage_chart import draw_stage_chart
from cmtmed.hub.repository import Remote, fetch_file
from cmtmed.hub.staging import Staging
from cmtmed.hub.versions import compare
from tests.support.hub_client import client_environment, create_publisher, publish_to, use_hub
from tests.support.hub_server import Corrupt, Cut, Expired, HubServer, Kill, Status, Token, fail_at, fail_first
from tests.support.published import CARD, LINES, TEST, audit_and_review, build_small

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
def build_dir(tmp_path_factory):
    return audit_and_review(build_small(tmp_path_factory.mktemp("good")))


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """The same crawl, grown."""
    lines = [
        *LINES,
        {"id": "f", "question": "腰疼半年，弯腰加重，左腿发麻", "answer": "做过核磁吗？先卧床休息，避免久坐。"},
    ]
    return audit_and_review(build_small(tmp_path_factory.mktemp("larger"), lines))


@pytest.fixture
def hub(monkeypatch):
    # What the client waits between two tries is the server's to say; where it says nothing, no test need wait.
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with HubServer(TOKENS) as server:
        yield server
        assert server.unexpected == []


def push(hub, out, **options):
    return publish_to(hub.url, out, REPO, card=CARD, **options)


def list_files(hub, revision="main"):
    """Return path and content of every file at a revision."""
    repository = hub.repository(REPO)
    entries = repository.list_entries(repository.resolve(revision), expand=False)
    return {path: entry["oid"] for path, entry in entries.items() if entry["type"] == "file"}


def list_versions(hub):
    """Return the titles of the commits, the latest first."""
    repository = hub.repository(REPO)
    return [entry["title"] for entry in repository.list_commits(repository.resolve("main"))]


def load_rows(hub, tmp_path, config, revision=None, token="hf_write"):
    """Load a config in a fresh process that knows nothing of cmtmed; return its rows by split."""
    code = (
        "import datasets, json, sys\n"
        f"rows = datasets.load_dataset({REPO!r}, {config!r}, revision={revision!r})\n"
        "assert not [name for name in sys.modules if name.startswith('cmtmed')]\n"
        "json.dump({split: list(table) for split, table in rows.items()}, sys.stdout)"
    )
    home = tmp_path / "home"
    environment = client_environment(hub.url, home, token)
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr[-2000:]
    return json.loads(process.stdout)


# --- good weather ---------------------------------------------------------------------------------------------------


def test_every_row_comes_back_without_cmtmed(hub, build_dir, tmp_path):
    publication = push(hub, build_dir, tag="v1.0")
    for config in ("sft", "pretrain", "prompts", "dialogues"):
        splits = {split: list(rows) for split, rows in load_from_disk(str(build_dir / config)).items()}
        assert load_rows(hub, tmp_path, config, "v1.0") == {split: rows for split, rows in splits.items() if rows}
    assert load_rows(hub, tmp_path, None) == load_rows(hub, tmp_path, "sft"), "what trainers read is the default"
    repository = hub.repository(REPO)
    assert (repository.private, repository.gated) == (True, False)
    assert repository.tags == {"v1.0": publication.commit}
    assert list_versions(hub) == ["Version v1.0", "initial commit"]


def test_a_version_is_one_commit_and_a_repetition_none(hub, build_dir):
    first_publication = push(hub, build_dir)
    before, uploaded = list_files(hub), list(hub.uploaded)
    second = push(hub, build_dir)
    assert (second.commit, second.tag, second.checksum) == (
        first_publication.commit,
        first_publication.tag,
        first_publication.checksum,
    )
    assert list_files(hub) == before
    assert hub.uploaded == uploaded
    assert list_versions(hub) == [f"Version {first_publication.tag}", "initial commit"]
    assert not list(build_dir.parent.glob(".*publishing*"))


def test_a_new_version_replaces_the_old_one_assert_complete(hub, build_dir, larger):
    old = push(hub, build_dir, tag="v1")
    new = push(hub, larger, tag="v2", configs=["sft", "dialogues"])
    names = set(list_files(hub))
    assert names == {file.path for file in new.files} | {".gitattributes"}
    assert not [name for name in names if name.startswith(("pretrain/", "prompts/"))]
    assert set(list_files(hub, "v1")) == {file.path for file in old.files} | {".gitattributes"}
    assert list_versions(hub)[:2] == ["Version v2", "Version v1"]
    uploaded = [oid for oid, _ in hub.uploaded]
    assert len(uploaded) == len(set(uploaded)), "what the Hub holds is not sent again"


def test_a_tag_stands_for_one_version(hub, build_dir, larger):
    push(hub, build_dir, tag="v1")
    before = list_files(hub)
    with pytest.raises(UsageError, match="the tag 'v1' of 'org/dialogues' points to another version"):
        push(hub, larger, tag="v1")
    assert list_files(hub) == before


def test_private_until_somebody_says_public(hub, build_dir):
    push(hub, build_dir)
    assert hub.repository(REPO).private
    push(hub, build_dir, private=False)
    assert not hub.repository(REPO).private
    with pytest.raises(UsageError, match="is public on the Hub, but the version is to be private; pass --public"):
        push(hub, build_dir)


def test_public_at_last_and_gated_at_first(hub, build_dir):
    push(hub, build_dir, private=False, gated="manual")
    requests = [(request.method, request.path) for request in hub.requests if request.method in {"PUT", "POST"}]
    settings = [index for index, (_, path) in enumerate(requests) if path.endswith("/settings")]
    commit = next(index for index, (_, path) in enumerate(requests) if "/commit/" in path)
    upload = next(index for index, (method, path) in enumerate(requests) if method == "PUT" and "settings" not in path)
    assert len(settings) == 2
    assert settings[0] < upload < commit < settings[1]
    repository = hub.repository(REPO)
    assert (repository.private, repository.gated) == (False, "manual")
    card = publish_to(hub.url, build_dir, REPO, card=CARD, private=False, dry_run=True).card
    assert "extra_gated_prompt" in card


def test_hashed_ids(hub, build_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("CMTMED_KEY", "0123456789abcdef" * 2)
    push(hub, build_dir, hash_ids=True)
    tables = {config: load_rows(hub, tmp_path, config) for config in ("sft", "dialogues")}
    plain = {split: list(rows) for split, rows in load_from_disk(str(build_dir / "dialogues")).items()}
    for split, rows in tables["dialogues"].items():
        assert [row["id"] for row in rows] == [row["id"] for row in tables["sft"][split]]
        assert len({row["id"] for row in rows}) == len(rows)
        assert all(len(row["id"]) == len(row["source_id"]) == 32 for row in rows)
        assert not {row["id"] for row in rows} & {row["id"] for row in plain[split]}
        assert [row["messages"] for row in rows] == [row["messages"] for row in plain[split]]
    assert not list(build_dir.rglob("cache-*"))
    monkeypatch.delenv("CMTMED_KEY")
    with pytest.raises(UsageError, match="CMTMED_KEY is not set"):
        push(hub, build_dir, hash_ids=True)


def test_many_shards(hub, build_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("cmtmed.hub.dataset.shards.SHARD_BYTES", 1500)
    monkeypatch.setattr("cmtmed.hub.upload.BATCH_BYTES", 6000)
    publication = push(hub, build_dir, configs=["sft"])
    shards = [file.path for file in publication.files if file.split == "train"]
    assert len(shards) > 1
    assert shards == [f"sft/train-{index:05d}-of-{len(shards):05d}.parquet" for index in range(len(shards))]
    rows = list(load_from_disk(str(build_dir / "sft"))["train"])
    assert load_rows(hub, tmp_path, "sft")["train"] == rows


def commit_by_hand(hub, **files):
    """Commit small files as somebody else would."""
    lines = [{"key": "header", "value": {"summary": "By hand", "description": ""}}]
    for path, content in files.items():
        value = {"path": path, "content": base64.b64encode(content.encode()).decode(), "encoding": "base64"}
        lines.append({"key": "file", "value": value})
    return hub.repository(REPO).push("main", "\n".join(map(json.dumps, lines)).encode(), "somebody")


def test_an_old_version_repeated_leaves_the_new_one(hub, build_dir, larger):
    old = push(hub, build_dir, tag="v1")
    push(hub, larger, tag="v2")
    before = list_files(hub)
    repeated = push(hub, build_dir, tag="v1")
    assert (repeated.commit, list_files(hub)) == (old.commit, before)
    assert list_versions(hub)[0] == "Version v2"


def test_another_card_for_the_same_data(hub, build_dir, larger):
    old = push(hub, build_dir, tag="v1")
    other = {**CARD, "contact": "privacy@clinic.example"}
    with pytest.raises(UsageError, match="points to the same data with another card; pass --move-tag"):
        publish_to(hub.url, build_dir, REPO, card=other, tag="v1")
    publication = publish_to(hub.url, build_dir, REPO, card=other, tag="v1", move_tag=True)
    assert hub.repository(REPO).tags == {"v1": publication.commit}
    assert publication.commit != old.commit
    assert list_versions(hub)[:2] == ["Version v1", "Version v1"]
    assert publish_to(hub.url, build_dir, REPO, card=other, tag="v1").commit == publication.commit
    push(hub, larger, tag="v2")
    with pytest.raises(UsageError, match="holds a later version than 'v1'"):
        push(hub, build_dir, tag="v1", move_tag=True)


def test_older_private_versions_do_not_become_public_unnoticed(hub, build_dir, larger):
    push(hub, build_dir, tag="v1")
    for dry_run in (True, False):
        if dry_run:
            refused = push(hub, larger, tag="v2", private=False, dry_run=True).refused
            assert [finding.check for finding in refused] == ["history"]
        else:
            with pytest.raises(GateError, match="1 commit with other, private data would become public too"):
                push(hub, larger, tag="v2", private=False)
    assert hub.repository(REPO).private
    publication = push(hub, larger, tag="v2", private=False, i_know=["history"])
    assert not hub.repository(REPO).private
    assert "would become public too" in publication.card
    assert push(hub, larger, tag="v2", private=False, i_know=["history"]).commit == publication.commit
    assert push(hub, larger, tag="v2", private=False).commit == publication.commit
    assert list_versions(hub)[0] == "Version v2"


def test_data_that_other_branches_and_tags_lead_to(hub, build_dir, larger):
    push(hub, build_dir, tag="v1")
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


def test_a_repository_made_by_hand_becomes_public_with_its_first_version(hub, build_dir):
    from huggingface_hub import HfApi

    with use_hub(hub.url):
        HfApi().create_repo(REPO, repo_type="dataset", private=True)
    commit_by_hand(hub, **{"README.md": "# By hand\n"})
    publication = push(hub, build_dir, tag="v1", private=False)
    assert "# By hand" in publication.card
    assert not hub.repository(REPO).private


def test_a_repository_that_becomes_public_meanwhile(hub, build_dir):
    def interfere(_number, _method, path):
        if "/preupload/" in path:
            hub.repository(REPO).private = False

    hub.faults = interfere
    with pytest.raises(PublishError, match=r"is to be private, but .* says private: False; nothing was committed"):
        push(hub, build_dir)
    assert list_versions(hub) == ["initial commit"]


def test_a_gate_that_is_closed_later(hub, build_dir):
    publication = push(hub, build_dir, tag="v1", private=False)
    assert push(hub, build_dir, tag="v1", private=False, gated="manual").commit == publication.commit
    assert hub.repository(REPO).gated == "manual"
    assert push(hub, build_dir, tag="v1", private=False).commit == publication.commit


def test_a_dry_run_foretells_what_the_hub_would_object_to(hub, build_dir, larger):
    push(hub, build_dir, tag="v1")
    for options in ({"tag": "v1", "card": {**CARD, "contact": "x@clinic.example"}}, {"card": CARD, "tag": "main2"}):
        hub.repository(REPO).branches["main2"] = hub.repository(REPO).branches["main"]
        with pytest.raises(UsageError):
            publish_to(hub.url, build_dir, REPO, dry_run=True, **options)


def test_sources_of_the_card_that_the_build_has_not(hub, build_dir):
    with pytest.raises(UsageError, match=r"sources.clinc: the build has no such source; did you mean 'clinic'\?"):
        publish_to(hub.url, build_dir, REPO, card={**CARD, "sources": {"clinc": {"title": "x"}}})


def test_the_only_version_becomes_public(hub, build_dir):
    push(hub, build_dir, tag="v1")
    assert push(hub, build_dir, tag="v1", private=False).refused == ()
    assert not hub.repository(REPO).private


def test_a_gitignore_may_leave_files_out(hub, build_dir):
    push(hub, build_dir, tag="v1", configs=["pretrain"])
    commit_by_hand(hub, **{".gitignore": "*.parquet\n"})
    with pytest.raises(UsageError, match=r"holds a \.gitignore, which can make the Hub omit files of a version"):
        push(hub, build_dir, tag="v2", configs=["sft"])


def test_what_the_hub_holds_is_looked_at_before_it_gets_a_name(hub, build_dir):
    def damage(_number, method, path):
        if method == "POST" and "/paths-info/" in path:
            repository = hub.repository(REPO)
            head = repository.commits[repository.branches["main"]]
            card = head.files["README.md"]
            head.files["README.md"] = replace(card, content=bytes(card.size))

    hub.faults = damage
    with pytest.raises(PublishError, match=r"README.md in the commit to .org/dialogues. differs from the local file"):
        push(hub, build_dir, tag="v1")
    assert hub.repository(REPO).tags == {}


def test_files_that_readers_would_take_for_ours(hub, build_dir):
    push(hub, build_dir, tag="v1")
    commit_by_hand(hub, **{"sft/train-extra.parquet": "x"})
    with pytest.raises(UsageError, match=r"holds 'sft/train-extra.parquet', which cmtmed did not publish"):
        push(hub, build_dir, tag="v2")


def test_a_branch_in_the_tags_place(hub, build_dir):
    push(hub, build_dir, tag="v1")
    repository = hub.repository(REPO)
    repository.branches["v2"] = repository.branches["main"]
    with pytest.raises(UsageError, match="has a branch 'v2', which would be confused with a tag of that name"):
        push(hub, build_dir, tag="v2")
    default = push(hub, build_dir, dry_run=True).tag
    repository.branches[default] = repository.branches["main"]
    with pytest.raises(UsageError, match=f"has a branch '{default}'"):
        push(hub, build_dir)


def test_a_tag_that_somebody_else_sets_meanwhile(hub, build_dir):
    def race(_number, method, path):
        if method == "POST" and "/tag/" in path:
            repository = hub.repository(REPO)
            repository.tags.setdefault("v1", repository.commits[repository.branches["main"]].parent)

    hub.faults = race
    with pytest.raises(PublishError, match="the tag 'v1' of 'org/dialogues' was set by somebody else in the meantime"):
        push(hub, build_dir, tag="v1")


@pytest.mark.parametrize(
    ("content", "message"),
    [("{}", "is not a record of a dataset by cmtmed"), ('{"format": "cmtmed.dataset", "version": 9}', "has version 9"),
     ('{"format": "cmtmed.dataset", "version": 1, "files": ["a"]}', "is damaged")],
)  # fmt: skip
def test_a_damaged_record_is_told_of_before_anything_is_sent(hub, build_dir, content, message):
    push(hub, build_dir, tag="v1", configs=["sft"])
    count = len(hub.uploaded)
    commit_by_hand(hub, **{"cmtmed.json": content})
    with pytest.raises(DatasetError, match=message):
        push(hub, build_dir, tag="v2")
    assert len(hub.uploaded) == count


def test_only_files_of_a_dataset_are_removed(hub, build_dir):
    push(hub, build_dir, tag="v1")
    record = json.loads(read_record(hub))
    record["files"].append({"path": "LICENSE", "bytes": 1, "sha256": "0" * 64})
    commit_by_hand(hub, **{"LICENSE": "mine", "cmtmed.json": json.dumps(record)})
    push(hub, build_dir, tag="v2", configs=["sft"])
    assert "LICENSE" in list_files(hub)
    assert not [path for path in list_files(hub) if path.startswith("pretrain/")]


def read_record(hub):
    with use_hub(hub.url):
        from huggingface_hub import HfApi

        return fetch_file(Remote(HfApi(), "dataset", REPO), "cmtmed.json", "main")


def test_a_card_that_the_hub_refuses_is_told_of_before_anything_is_sent(hub, build_dir, tmp_path):
    template = tmp_path / "mine.jinja"
    template.write_text("x", encoding="utf-8")
    hub.faults = fail_first(9, "POST", "/validate-yaml", Status(400))
    with pytest.raises(PublishError, match="the Hub does not accept the metadata of the card"):
        push(hub, build_dir)
    assert (hub.uploaded, hub.repositories) == ([], {})


def test_two_calls_at_once(hub, build_dir, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(build_dir, out)
    staging = Staging(out, {})
    with pytest.raises(UsageError, match="another cmtmed publish is working"):
        push(hub, out)
    staging.release()
    push(hub, out)
    assert not staging.root.exists()


def test_prepared_files_that_somebody_touched_are_written_again(hub, build_dir, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(build_dir, out)
    hub.faults = fail_first(99, "POST", "/preupload/", Status(503))
    with pytest.raises(PublishError):
        push(hub, out, configs=["sft"])
    staging_dir = tmp_path / ".out.publishing"
    assert staging_dir.stat().st_mode & 0o777 == 0o700
    shard = next(staging_dir.glob("sft/train-*.parquet"))
    shard.write_bytes(shard.read_bytes()[:500])
    hub.faults = None
    publication = push(hub, out, configs=["sft"])
    assert publication.checksum == push(hub, build_dir, configs=["sft"]).checksum


def test_rows_from_elsewhere(hub, build_dir, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(build_dir, out)
    state = out / "sft" / "train" / "state.json"
    content = json.loads(state.read_text(encoding="utf-8"))
    content["_data_files"][0]["filename"] = (
        f"../../../{build_dir.parent.name}/out/sft/train/{content['_data_files'][0]['filename']}"
    )
    shutil.copytree(build_dir.parent, tmp_path / build_dir.parent.name)
    state.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DatasetError, match="lists files other than those that it contains"):
        push(hub, out)


def test_secret_addresses_are_not_logged(hub, build_dir, caplog):
    caplog.set_level("DEBUG")
    push(hub, build_dir, configs=["sft"])
    assert hub.uploaded
    assert "Signature" not in caplog.text
    assert hub.storage_url not in caplog.text
    assert "hf_write" not in caplog.text


def test_what_people_write_on_the_hub_stays(hub, build_dir, larger):
    push(hub, build_dir, tag="v1")
    from huggingface_hub import CommitOperationAdd, HfApi

    with use_hub(hub.url):
        api = HfApi()
        path = api.hf_hub_download(REPO, "README.md", repo_type="dataset", local_dir=larger.parent / "x")
        card = Path(path).read_text(encoding="utf-8")
        card = card.replace("<!-- cmtmed:begin use -->", "## By hand\n\nKept.\n\n<!-- cmtmed:begin use -->")
        api.create_commit(
            REPO, [CommitOperationAdd("README.md", card.encode()), CommitOperationAdd("LICENSE", b"mine")],
            repo_type="dataset", commit_message="By hand",
        )  # fmt: skip
    assert "## By hand\n\nKept." in push(hub, larger, tag="v2").card
    assert "LICENSE" in list_files(hub)


# --- the gate -------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_if_a_check_objects(hub, tmp_path):
    out = build_small(tmp_path, broken_lines=1)
    with pytest.raises(GateError) as refused:
        publish_to(hub.url, out, REPO)
    message = str(refused.value)
    for check in ("audit", "risk", "quarantine", "card"):
        assert f"\n  - {check}: " in message
    assert "nothing was sent" in message
    assert "王建国" not in message
    assert hub.requests == []
    assert not list(tmp_path.glob(".*publishing*"))


def test_overridden_checks_are_named_in_card_and_record(hub, tmp_path):
    out = build_small(tmp_path)
    publication = publish_to(hub.url, out, REPO, i_know=["audit", "risk", "card"])
    assert [finding.check for finding in publication.overridden] == ["audit", "risk", "card"]
    assert "Published although checks objected" in publication.card
    with pytest.raises(GateError):
        publish_to(hub.url, out, REPO, i_know=["audit", "risk"])


def test_a_dry_run_sends_nothing_and_tells_everything(hub, build_dir):
    rehearsal = push(hub, build_dir, dry_run=True)
    assert {request.method for request in hub.requests} == {"GET"}
    assert hub.repositories == {}
    assert not list(build_dir.parent.glob(".*publishing*"))
    publication = push(hub, build_dir)
    assert [(file.path, file.bytes, file.sha256) for file in rehearsal.files] == [
        (file.path, file.bytes, file.sha256) for file in publication.files
    ]
    assert (rehearsal.card, rehearsal.commit) == (publication.card, "")


def test_a_dry_run_needs_no_hub(build_dir, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    assert publish_to("http://127.0.0.1:9", build_dir, REPO, card=CARD, dry_run=True).files


# --- who may, and where ---------------------------------------------------------------------------------------------


def test_no_token(hub, build_dir, monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(UsageError, match="no Hub token on this machine; run hf auth login, or set HF_TOKEN"):
        push(hub, build_dir)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("hf_nobody", "the Hub does not accept the token"),
        ("hf_old", "the Hub does not accept the token"),
        ("hf_read", "the token has no write access"),
        ("hf_other", "the token has no write access"),
    ],
)
def test_tokens_that_do_not_do(hub, build_dir, token, message):
    with use_hub(hub.url, token), pytest.raises(PublishError, match=message) as refused:
        cmtmed.publish(build_dir, REPO, card=CARD)
    assert token not in str(refused.value)
    assert hub.repositories == {}


def test_somebody_elses_list_files(hub, build_dir):
    from huggingface_hub import HfApi

    with use_hub(hub.url):
        api = HfApi()
        api.create_repo(REPO, repo_type="dataset", private=True)
        api.upload_file(path_or_fileobj=b"a,b\n", path_in_repo="data.csv", repo_id=REPO, repo_type="dataset")
    with pytest.raises(UsageError, match="holds 1 files that cmtmed did not publish"):
        push(hub, build_dir)


@pytest.mark.parametrize(
    "repo", ["dialogues", "a/b/c", "-x/y", "org/", "org/数据", "org/a..b", "org/x.git", "org/x-", "org/" + "x" * 100]
)
def test_names_that_cannot_be(build_dir, repo):
    with pytest.raises(UsageError, match="is not a repository name; give ORG/NAME"):
        cmtmed.publish(build_dir, repo)


@pytest.mark.parametrize(
    "tag", ["", "main", "HEAD", "refs/x", "a b", "版本", "0" * 40, "abcdef1", "v1.", "v1..0", "v1.lock"]
)
def test_tags_that_cannot_be(build_dir, tag):
    with pytest.raises(UsageError, match="cannot be a tag"):
        cmtmed.publish(build_dir, REPO, tag=tag)


def test_views_that_are_not_there(build_dir):
    with pytest.raises(UsageError, match=r"has no view 'stf'; did you mean 'sft'\?"):
        cmtmed.publish(build_dir, REPO, configs=["stf"])


# --- bad weather ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [Status(429, retry_after=0), Status(429, ratelimit=0), Status(503), Status(500), Cut("before"), Cut("after")],
    ids=["429", "ratelimit", "503", "500", "cut", "answer lost"],
)
@pytest.mark.parametrize(
    ("method", "url_part"),
    [
        ("GET", "/api/datasets"), ("POST", "/repos/create"), ("GET", "/refs"), ("POST", "/preupload/"),
        ("POST", "/objects/batch"), ("PUT", "/0/"), ("POST", "/verify"), ("POST", "/validate-yaml"), ("POST", "/commit/"),
        ("POST", "/tag/"), ("PUT", "/settings"),
    ],
    ids=lambda name: name.strip("/").replace("/", "-"),
)  # fmt: skip
def test_a_fault_is_outlived(hub, build_dir, method, url_part, fault):
    hub.faults = fail_first(2, method, url_part, fault)
    publication = push(hub, build_dir, configs=["sft"], gated="auto")
    assert sum(request.method == method and url_part in request.path for request in hub.requests) > 1
    # Of a file that came in while its answer was lost, the client cannot know; it alone is sent again.
    assert_complete(
        hub, publication, repeated=2 if method == "PUT" and url_part == "/0/" and fault == Cut("after") else 0
    )


def assert_complete(hub, publication, repeated=0):
    """Make sure that there is one complete version, and nothing was sent twice."""
    assert set(list_files(hub)) == {file.path for file in publication.files} | {".gitattributes"}
    assert list_versions(hub) == [f"Version {publication.tag}", "initial commit"]
    assert hub.repository(REPO).tags == {publication.tag: publication.commit}
    uploaded = [oid for oid, _ in hub.uploaded]
    assert set(uploaded) == {file.sha256 for file in publication.files if file.path.endswith((".parquet", ".png"))}
    assert len(uploaded) == len(set(uploaded)) + repeated


def test_the_delay_that_the_hub_asks_for_is_kept(hub, build_dir, monkeypatch):
    delays = []
    monkeypatch.setattr("time.sleep", delays.append)
    for path, seconds in (("/repos/create", 7), ("/commit/", 11), ("/tag/", 13)):
        hub.faults = fail_first(1, "POST", path, Status(429, retry_after=seconds))
        push(hub, build_dir, configs=["sft"], tag=f"v{seconds}")
        assert any(seconds <= delay <= seconds + 1 for delay in delays), (path, delays)
        hub.repositories.clear()


def test_a_hub_that_asks_for_too_much_patience(hub, build_dir):
    hub.faults = fail_first(9, "POST", "/repos/create", Status(429, retry_after=86_400))
    with pytest.raises(PublishError, match="asks to slow down; wait, then run the same command again"):
        push(hub, build_dir)


def test_a_hub_that_stays_down(hub, build_dir):
    hub.faults = fail_first(10_000, "POST", "/preupload/", Status(503))
    with pytest.raises(PublishError, match="the Hub failed; run the same command again"):
        push(hub, build_dir)
    hub.faults = None
    assert_complete(hub, push(hub, build_dir))


def test_damaged_bytes_are_noticed_and_sent_again(hub, build_dir):
    hub.faults = fail_first(1, "PUT", "/0/", Corrupt())
    with pytest.raises(PublishError, match=r"sending sft/\S+ and \d+ more: the Hub"):
        push(hub, build_dir, configs=["sft"])
    assert list_versions(hub) == ["initial commit"]
    hub.faults = None
    assert_complete(hub, push(hub, build_dir, configs=["sft"]))


def test_a_token_that_expires_on_the_way(hub, build_dir):
    hub.faults = fail_at(8, Expired())
    with pytest.raises(PublishError, match="the Hub does not accept the token"):
        push(hub, build_dir)
    assert list_versions(hub) == ["initial commit"]
    hub.faults = None
    hub.renew()
    assert_complete(hub, push(hub, build_dir))


def test_somebody_who_commits_meanwhile(hub, build_dir):
    push(hub, build_dir, configs=["sft"], tag="v1")
    commits = []

    def interfere(_number, _method, path):
        if "/preupload/" in path and not commits:
            commits.append(commit_by_hand(hub, LICENSE="mine"))

    hub.faults = interfere
    with pytest.raises(PublishError, match="somebody else changed the repository in the meantime"):
        push(hub, build_dir, tag="v2")
    assert commits
    assert list_versions(hub)[0] == "By hand"
    hub.faults = None
    push(hub, build_dir, tag="v2")
    assert list_versions(hub)[:3] == ["Version v2", "By hand", "Version v1"]


def test_killed_at_every_request_and_repeated(build_dir, tmp_path, monkeypatch):
    """Kill the process at every request, before and after it is handled; one repetition completes the version."""
    out = tmp_path / "out"
    shutil.copytree(build_dir, out)
    options = {"card": CARD, "configs": ["sft"], "gated": "auto", "private": False}
    chart = draw_stage_chart(BuildReport.read(out))
    monkeypatch.setattr("cmtmed.hub.dataset.package.draw_stage_chart", lambda _report: chart)
    with HubServer(TOKENS) as hub:
        assert_complete(hub, publish_to(hub.url, out, REPO, **options))
        requests = len(hub.requests)
    assert requests > 15
    for number in range(1, requests + 1):
        for when in ("before", "after"):
            with HubServer(TOKENS) as hub:
                process = create_publisher(hub.url, out, REPO, chart, **options)
                running = threading.Event()
                hub.faults = Kill(
                    number, when, lambda started=running, victim=process: started.wait() and victim.kill()
                )
                process.start()
                running.set()
                process.join()
                assert process.exitcode == -9, (number, when)
                hub.faults.lift()
                publication = publish_to(hub.url, out, REPO, **options)
                assert_complete(hub, publication)
                assert (hub.repository(REPO).private, hub.repository(REPO).gated) == (False, "auto")
                assert hub.unexpected == []


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_from_end_to_end(hub, build_dir, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text(json.dumps(CARD, ensure_ascii=False), encoding="utf-8")
    environment = client_environment(hub.url, tmp_path / "home")

    def run(*arguments):
        command = [sys.executable, "-m", "cmtmed.cli", "publish", str(build_dir), REPO, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    refused = run()
    assert refused.returncode == 1
    assert "  - card: not filled in: pretty_name" in refused.stderr
    assert refused.stdout == ""
    rehearsal = run("--card", str(card), "--dry-run")
    assert rehearsal.returncode == 0, rehearsal.stderr
    assert "  sft/train-00000-of-00001.parquet" in rehearsal.stdout
    assert "<!-- cmtmed:begin counts -->" in rehearsal.stdout
    published_run = run("--card", str(card), "--tag", "v1.0", "--json")
    assert published_run.returncode == 0, published_run.stderr
    result = json.loads(published_run.stdout)
    assert (result["tag"], result["commit"]) == ("v1.0", hub.repository(REPO).tags["v1.0"])
    uploaded = list(hub.uploaded)
    repeated = run("--card", str(card), "--tag", "v1.0")
    assert repeated.stdout.startswith(f"{REPO}@v1.0: ")
    assert (list_versions(hub), hub.uploaded) == (["Version v1.0", "initial commit"], uploaded), (
        "another process writes the same"
    )
    misspelt = run("--i-know", "licence")
    assert misspelt.returncode == 2
    assert "did you mean 'licenses'?" in misspelt.stderr
    for process in (refused, rehearsal, published_run, repeated, misspelt):
        assert "hf_write" not in process.stdout + process.stderr
        assert "signature" not in (process.stdout + process.stderr).lower()


# --- published versions, compared -----------------------------------------------------------------------------------


def test_versions_are_compared(hub, build_dir, larger, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    push(hub, build_dir, tag="v1")
    push(hub, larger, tag="v2")
    with use_hub(hub.url):
        comparison = compare(f"{REPO}@v1", f"{REPO}@v2")
        with_itself = compare(build_dir, f"{REPO}@v1")
        printed = CliRunner().invoke(app, ["compare", f"{REPO}@v1", f"{REPO}@v2"], catch_exceptions=False).output
    kept = len(LINES) + len(TEST)
    assert {name: count for name, count in comparison.rows.items() if count} == {"same": kept, "new_kept": 1}
    assert {name: count for name, count in with_itself.rows.items() if count} == {"same": kept}
    assert (with_itself.stages, with_itself.versions) == ({}, {})
    assert comparison.statistics[1]["dialogues"] == kept + 1
    assert "not there before, kept now" in printed
    assert f"{REPO}@v2" in printed


def test_what_cannot_be_compared(hub, build_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("CMTMED_KEY", "0123456789abcdef" * 2)
    push(hub, build_dir, tag="v1")
    push(hub, build_dir, tag="v2", configs=["sft"])
    push(hub, build_dir, tag="v3", hash_ids=True)
    with use_hub(hub.url):
        with pytest.raises(
            UsageError, match=r"'no/where' is not a directory; a version on the Hub is named ORG/NAME@TAG"
        ):
            compare(build_dir, "no/where")
        with pytest.raises(DatasetError, match="has no config dialogues"):
            compare(build_dir, f"{REPO}@v2")
        with pytest.raises(UsageError, match="hashed with different keys, or only one was"):
            compare(f"{REPO}@v1", f"{REPO}@v3")
        with pytest.raises(PublishError, match="reading 'org/dialogues@v9'"):
            compare(build_dir, f"{REPO}@v9")


def test_a_table_that_another_writer_wrote(hub, build_dir, tmp_path, monkeypatch):
    """A version is what was published: not even the same rows in other bytes are taken for it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    push(hub, build_dir, tag="v1")
    from huggingface_hub import HfApi

    def publish_rewritten(change, tag):
        """Publish a table that another program rewrote, and compare it with the build."""
        with use_hub(hub.url):
            api = HfApi()
            path = api.hf_hub_download(REPO, name, repo_type="dataset", revision="v1", local_dir=tmp_path)
            change(Path(path))
            api.upload_file(path_or_fileobj=path, path_in_repo=name, repo_id=REPO, repo_type="dataset")
            api.create_tag(REPO, tag=tag, repo_type="dataset")
            return compare(build_dir, f"{REPO}@{tag}")

    name = "dialogues/train-00000-of-00001.parquet"
    wide = pl.List(pl.Struct({"message": pl.Int64, "start": pl.Int64, "end": pl.Int64, "slot": pl.String}))
    for tag, change in (
        ("v2", lambda path: pl.read_parquet(path).with_columns(pl.col("inquiries").cast(wide)).write_parquet(path)),
        ("v3", lambda path: pl.read_parquet(path).drop("trace").write_parquet(path)),
        ("v4", lambda path: path.write_bytes(b"PAR1" * 9)),
        ("v5", lambda path: path.write_bytes(path.read_bytes()[:-9])),
        ("v6", lambda path: path.write_bytes(b"")),
    ):
        with pytest.raises(DatasetError, match=rf"{name} of 'org/dialogues@{tag}' has the SHA-256 \w+, but was publ"):
            publish_rewritten(change, tag)
