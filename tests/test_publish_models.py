"""Models on the Hub: what is sent of a run, what stands between it and the public, and that it loads without cmtmed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from huggingface_hub import ModelCard
from typer.testing import CliRunner

import cmtmed
from cmtmed.cli import app
from cmtmed.errors import DatasetError, GateError, PublishError, UsageError
from cmtmed.hub.models.files import is_model_file
from tests.hub_client import client_of, published, publisher
from tests.hub_server import Cut, HubServer, Kill, Status, Token, first
from tests.published import audited, built
from tests.training import tiny_model, train

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

REPO = "org/doctor"
TOKENS = {"hf_write": Token("someone", orgs=("org",))}
CARD = {
    "pretty_name": "小医生 A tiny model",
    "authors": ["The authors of cmtmed"],
    "contact": "the issue tracker of cmtmed",
    "license": "CC-BY-4.0",
    "from_scratch": True,
    "year": 2026,
}
SMALL = (
    "max_length=256", "training.max_steps=2", "training.per_device_train_batch_size=2",
    "training.gradient_accumulation_steps=1", "training.save_steps=2",
)  # fmt: skip
WEIGHTS = {
    "chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
    "tokenizer_config.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def data(root):
    return audited(built(root / "data"))


@pytest.fixture(scope="module")
def base(root):
    return tiny_model(root / "base")


@pytest.fixture(scope="module")
def run(root, data, base):
    """A run that trained all weights."""
    train(
        "pretrain",
        f"model={base}",
        f"data=[{{path: {data}}}]",
        f"out={root / 'run'}",
        "lora=null",
        "held_out=0",
        *SMALL,
    )
    return root / "run"


@pytest.fixture(scope="module")
def above(root, data, run):
    """A run that trained an adapter on top of the other one."""
    train("sft", f"model={run}", f"data=[{{path: {data / 'sft'}}}]", f"out={root / 'above'}", "lora={r: 4}", *SMALL)
    return root / "above"


@pytest.fixture(scope="module")
def adapter(root, data, base):
    """A run that trained an adapter on a model that has a name on the Hub."""
    train("sft", f"model={base}", f"data=[{{path: {data / 'sft'}}}]", f"out={root / 'adapter'}", "lora={r: 4}", *SMALL)
    return root / "adapter"


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with HubServer(TOKENS) as server:
        yield server
        assert server.unexpected == []


@pytest.fixture
def copy(run, tmp_path):
    """A run that a test may change."""
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


def push(hub, out, **options):
    return published(hub.url, out, REPO, **{"card": CARD, **options})


def rehearsed(out, **options):
    """Publish to nowhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HF_TOKEN", raising=False)
        patch.setattr("huggingface_hub.get_token", lambda: None)
        return cmtmed.publish(out, REPO, **{"card": CARD, "dry_run": True, **options})


def files(hub, revision="main"):
    """Return path and bytes of every file at a revision."""
    repository = hub.repository(REPO, "model")
    entries = repository.entries(repository.resolve(revision), expand=False)
    return {path for path, told in entries.items() if told["type"] == "file"}


def content(hub, path, revision="main"):
    from huggingface_hub import HfApi

    with client_of(hub.url):
        return Path(HfApi().hf_hub_download(REPO, path, revision=revision, force_download=True)).read_text("utf-8")


def elsewhere(hub, tmp_path, code):
    """Run code in a fresh process that knows nothing of cmtmed; return what it prints."""
    environment = {
        **os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "home"),
        "HF_TOKEN": "hf_write", "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_VERBOSITY": "error",
    }  # fmt: skip
    told = code + "\nimport sys\nassert not [name for name in sys.modules if name.startswith('cmtmed')]\n"
    done = subprocess.run(
        [sys.executable, "-c", told], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def merged(run, out):
    """Merge a run by the command."""
    done = CliRunner().invoke(app, ["train", "merge", str(run), "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return out


def only(done, check):
    """Return the one finding of a dry run, which belongs to a check."""
    assert [one.check for one in done.refused] == [check], [str(one) for one in done.refused]
    return str(done.refused[0])


def snippet(card):
    """Return the Python of a card."""
    return re.search(r"```python\n(.*?)```", card, re.DOTALL)[1]


# --- what is there then ---------------------------------------------------------------------------------------------


def test_a_model_loads_without_cmtmed_as_its_card_says(hub, run, tmp_path):
    done = push(hub, run, tag="v1")
    repository = hub.repository(REPO, "model")
    assert (repository.private, repository.tags) == (True, {"v1": done.commit})
    assert done.url == f"{hub.url}/{REPO}/tree/v1"
    curves = {f"figures/{path.name}" for path in run.glob("training_*.png")}
    assert curves
    assert files(hub) == WEIGHTS | curves | {"README.md", "cmtmed.json", ".gitattributes"}
    assert "messages" in snippet(done.card)
    elsewhere(hub, tmp_path, snippet(done.card).replace("max_new_tokens=256", "max_new_tokens=2"))
    there = (
        "import torch; from transformers import AutoModelForCausalLM\n"
        "model = AutoModelForCausalLM.from_pretrained({where!r})\n"
        "print(model(torch.arange(9)[None]).logits.sum().item())"
    )
    assert elsewhere(hub, tmp_path, there.format(where=REPO)) == elsewhere(
        hub, tmp_path, there.format(where=str(run / "model"))
    )


def test_an_adapter_names_its_base_on_the_hub(hub, adapter, base, tmp_path):
    card = {key: value for key, value in CARD.items() if key != "from_scratch"}
    card |= {"base_model": "org/base", "base_license": "Apache-2.0"}
    done = push(hub, adapter, card=card)
    assert files(hub) >= {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"}
    assert json.loads(content(hub, "adapter_config.json"))["base_model_name_or_path"] == "org/base"
    assert ModelCard(done.card).data.base_model == "org/base"
    assert ModelCard(done.card).data.library_name == "peft"
    with client_of(hub.url):
        from huggingface_hub import HfApi

        HfApi().create_repo("org/base")
        HfApi().upload_folder(repo_id="org/base", folder_path=base)
    elsewhere(hub, tmp_path, snippet(done.card).replace("max_new_tokens=256", "max_new_tokens=2"))


def test_nothing_of_this_machine_is_sent(hub, adapter, run, root):
    card = {key: value for key, value in CARD.items() if key != "from_scratch"}
    push(hub, adapter, card=card | {"base_model": "org/base", "base_license": "Apache-2.0"}, tag="a")
    push(hub, run, tag="b")
    for revision in ("a", "b"):
        for path in files(hub, revision):
            if Path(path).suffix in {".json", ".jinja", ".md"}:
                assert str(root) not in content(hub, path, revision), path


def test_a_run_on_top_of_others_is_merged_first(hub, above, data, tmp_path):
    with pytest.raises(UsageError, match=r"an adapter on top of another run.* merge it first: cmtmed train merge"):
        rehearsed(above)
    model = merged(above, tmp_path / "model")
    assert "--data" in str(rehearsed(model).refused[0]), "the directory alone does not know where the build is"
    done = push(hub, model, data=[data / "sft"])
    record = json.loads(content(hub, "cmtmed.json"))
    assert [(one["stage"], one["lora"]) for one in record["stages"]] == [("pretrain", None), ("sft", 4)]
    assert [one["pipeline"] for one in record["builds"]] == ["small"]
    assert "continued pretraining, then supervised fine-tuning, from random weights" in done.card


def test_the_record_follows_its_schema(hub, run):
    done = push(hub, run)
    schema = json.loads(cmtmed.bundled("schemas/model.v1.json").read_text(encoding="utf-8"))
    record = json.loads(content(hub, "cmtmed.json"))
    jsonschema.validate(record, schema)
    assert {one["path"] for one in record["files"]} | {"README.md", "cmtmed.json"} == {one.path for one in done.files}
    assert record["builds"][0]["residual"]["status"] == "read"


def test_the_card_is_one_and_what_people_wrote_stays(hub, run):
    done = push(hub, run, tag="v1")
    card = ModelCard(done.card)
    assert card.data.to_dict() | {"tags": 0, "extra_gated_prompt": 0, "extra_gated_fields": 0} == {
        "language": ["zh"], "license": "cc-by-4.0", "library_name": "transformers", "pipeline_tag": "text-generation",
        "tags": 0, "extra_gated_prompt": 0, "extra_gated_fields": 0,
    }  # fmt: skip
    with client_of(hub.url):
        from huggingface_hub import HfApi

        text = done.card.replace("<!-- cmtmed:begin use -->", "## By hand\n\nKept.\n\n<!-- cmtmed:begin use -->")
        HfApi().upload_file(path_or_fileobj=text.encode(), path_in_repo="README.md", repo_id=REPO)
    again = push(hub, run, tag="v2", card=CARD | {"evaluation": "Asked ten questions."})
    assert "## By hand\n\nKept." in again.card
    assert "Asked ten questions." in again.card
    assert "was not evaluated" not in again.card


def test_a_reward_model_says_so(copy):
    path = copy / "model" / "training.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"kind": "reward"}), encoding="utf-8")
    done = rehearsed(copy)
    assert ModelCard(done.card).data.pipeline_tag == "text-classification"
    assert "gives one number to a dialogue" in done.card


def test_repeated_and_replaced(hub, run, above, data, tmp_path):
    one = push(hub, run, tag="v1")
    sent = list(hub.uploaded)
    two = push(hub, run, tag="v1")
    assert (two.commit, hub.uploaded) == (one.commit, sent)
    push(hub, merged(above, tmp_path / "model"), tag="v2", data=[data])
    assert not [path for path in files(hub) if path.startswith("figures/")], "the merged model has no curves"
    assert [path for path in files(hub, "v1") if path.startswith("figures/")]
    with pytest.raises(UsageError, match="the tag 'v2' of 'org/doctor' stands for another version"):
        push(hub, run, tag="v2")


@pytest.mark.parametrize(
    "fault",
    [Status(503), Status(429, retry_after=1), Cut("before"), Cut("after")],
    ids=["503", "429", "before", "after"],
)
@pytest.mark.parametrize(
    ("method", "part"),
    [
        ("GET", "/api/models"), ("POST", "/repos/create"), ("POST", "/preupload/"), ("POST", "/objects/batch"),
        ("POST", "/validate-yaml"), ("POST", "/commit/"), ("POST", "/tag/"),
    ],
    ids=lambda told: told.strip("/").replace("/", "-"),
)  # fmt: skip
def test_a_fault_is_outlived(hub, run, method, part, fault):
    hub.faults = first(2, method, part, fault)
    done = push(hub, run)
    assert sum(one.method == method and part in one.path for one in hub.requests) > 1
    assert hub.repository(REPO, "model").tags == {done.tag: done.commit}
    assert files(hub) == {one.path for one in done.files} | {".gitattributes"}


def test_killed_at_every_request_and_repeated(run):
    with HubServer(TOKENS) as hub:
        push(hub, run)
        requests = len(hub.requests)
    assert requests > 12
    for number in range(1, requests + 1):
        with HubServer(TOKENS) as hub:
            process = publisher(hub.url, run, REPO, card=CARD)
            hub.faults = Kill(number, "after", lambda process=process: process.kill())
            process.start()
            process.join()
            assert process.exitcode == -9, number
            hub.faults.lift()
            done = push(hub, run)
            assert hub.repository(REPO, "model").tags == {done.tag: done.commit}
            assert files(hub) == {one.path for one in done.files} | {".gitattributes"}
            assert hub.unexpected == []


# --- the gate -------------------------------------------------------------------------------------------------------


def test_a_good_run_passes(run):
    assert rehearsed(run).refused == ()


def test_nothing_is_sent_where_the_gate_objects(hub, run):
    with pytest.raises(GateError, match="nothing was sent:\n  - card: nobody wrote contact"):
        push(hub, run, card={**CARD, "contact": ""})
    assert hub.repositories == {}


def test_weights_that_were_changed(copy):
    path = copy / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert "1 files are not as the training wrote them (model.safetensors)" in only(rehearsed(copy), "files")
    (copy / "model" / "vocab.txt").write_text("x")
    assert "2 files" in only(rehearsed(copy), "files")


def test_only_what_loads_is_sent(copy):
    for name in ("optimizer.pt", "pytorch_model.bin", "modeling_mine.py", "samples.jsonl", "model.safetensors.bak"):
        (copy / "model" / name).write_text("x")
    done = rehearsed(copy)
    assert done.refused == ()
    assert {one.path for one in done.files if "/" not in one.path} == WEIGHTS | {"README.md", "cmtmed.json"}


def test_a_build_that_is_not_what_it_was(root, base, tmp_path):
    out = audited(built(tmp_path / "data"))
    train("sft", f"model={base}", f"data=[{{path: {out}}}]", f"out={tmp_path / 'run'}", "lora=null", *SMALL)
    run = tmp_path / "run"
    assert rehearsed(run).refused == ()
    shutil.rmtree(out / "audit")
    assert [one.check for one in rehearsed(run).refused] == ["audit", "risk"]
    told = rehearsed(run, i_know=["audit", "risk"])
    assert told.refused == ()
    assert "`audit`: build 'small': " in told.card
    assert "not known: nobody read a sample" in told.card
    moved = out.rename(tmp_path / "moved")
    audited(moved)
    assert "the stage sft learnt from a build of the pipeline 'small'" in only(rehearsed(run), "data")
    assert rehearsed(run, data=[moved]).refused == ()
    manifest = moved / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"is no build that .* learnt from, or it was built anew since"):
        rehearsed(run, data=[moved])
    with pytest.raises(UsageError, match=r"--data .* is no build"):
        rehearsed(run, data=[tmp_path / "run"])


def test_data_that_is_no_build(base, tmp_path):
    path = tmp_path / "talk.jsonl"
    turns = [{"role": "user", "content": "头痛三天了"}, {"role": "assistant", "content": "发烧吗？"}]
    path.write_text(json.dumps({"id": "a", "messages": turns}, ensure_ascii=False) + "\n", encoding="utf-8")
    train("sft", f"model={base}", f"data=[{{path: {path}}}]", f"out={tmp_path / 'run'}", "lora=null", *SMALL)
    assert "learnt from 'talk.jsonl', which is no build" in only(rehearsed(tmp_path / "run"), "data")
    told = rehearsed(tmp_path / "run", i_know=["data"])
    assert "from `talk.jsonl`, of which nothing more is told" in told.card


@pytest.mark.parametrize(
    ("card", "check", "told"),
    [
        ({"license": None}, "card", "nobody wrote license"),
        ({"from_scratch": False}, "card", "nobody wrote base_model, base_license"),
        ({"license": "mine"}, "licenses", "'mine' is no licence that is known here"),
        ({"license": "CC0-1.0"}, "licenses", "CC-BY-4.0 asks that its makers be named"),
        (
            {"from_scratch": False, "base_model": "org/base", "base_license": "CC-BY-NC-4.0"},
            "licenses",
            "CC-BY-NC-4.0 forbids commercial use",
        ),
    ],
)
def test_cards_and_licences(run, card, check, told):
    done = rehearsed(run, card={**CARD, **card})
    assert {one.check for one in done.refused} == {check}
    assert told in " ".join(map(str, done.refused))


def test_the_bundled_card_says_nothing_yet(run):
    refused = rehearsed(run, card=cmtmed.bundled("examples/model_card.yaml")).refused
    assert "pretty_name, authors, contact, license, base_model, base_license" in " ".join(map(str, refused))


# --- bad input ------------------------------------------------------------------------------------------------------


def test_what_is_no_finished_model(copy, base, adapter, tmp_path):
    with pytest.raises(UsageError, match=r"nothing tells what .* was trained on"):
        rehearsed(base)
    with pytest.raises(UsageError, match="lies in a directory here; write its name on the Hub"):
        rehearsed(adapter)
    training = copy / "model" / "training.json"
    whole = training.read_text("utf-8")
    for broken, message in (
        ("{", "is damaged"),
        ("[]", "is damaged"),
        (whole.replace('"version": 1', '"version": 2', 1), "has version 2 of 'cmtmed.training'"),
        (whole.replace('"stages"', '"stage"', 1), "is damaged"),
        (whole.replace('"bytes"', '"byte"', 1), "is damaged"),
    ):
        training.write_text(broken, encoding="utf-8")
        with pytest.raises(DatasetError, match=message):
            rehearsed(copy)
    training.unlink()
    with pytest.raises(UsageError, match=r"cmtmed train merge .* writes it anew"):
        rehearsed(copy)
    merged(copy, tmp_path / "model")
    (copy / "model" / "model.safetensors").unlink()
    training.write_text(whole, encoding="utf-8")
    with pytest.raises(UsageError, match="holds no weights as safetensors"):
        rehearsed(copy)
    state = json.loads((copy / "run.json").read_text("utf-8"))
    (copy / "run.json").write_text(json.dumps(state | {"finished": False}), encoding="utf-8")
    with pytest.raises(UsageError, match="is not finished"):
        rehearsed(copy)


def test_options_of_the_other_kind(run, data):
    with pytest.raises(UsageError, match=r"--config, --quarantined: for datasets only, and this is a model"):
        rehearsed(run, configs=["sft"], quarantined=0)
    with pytest.raises(UsageError, match=r"--data: for models only, and this is no model"):
        rehearsed(data, data=[data])
    with pytest.raises(UsageError, match="unknown field 'collected'"):
        rehearsed(run, card=CARD | {"collected": "x"})


def test_repositories_with_something_else(hub, run):
    with client_of(hub.url):
        from huggingface_hub import HfApi

        HfApi().create_repo(REPO, private=True)
        HfApi().upload_file(path_or_fileobj=b"x", path_in_repo="pytorch_model.bin", repo_id=REPO)
    with pytest.raises(UsageError, match="holds 1 files that cmtmed did not publish"):
        push(hub, run)


def test_foreign_weights_beside_ours(hub, run):
    push(hub, run, tag="v1")
    with client_of(hub.url):
        from huggingface_hub import HfApi

        HfApi().upload_file(path_or_fileobj=b"x", path_in_repo="vocab.txt", repo_id=REPO)
    with pytest.raises(UsageError, match=r"holds 'vocab\.txt', which cmtmed did not publish"):
        push(hub, run, tag="v2")


def test_no_connection(run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", lambda _seconds: None)
        with pytest.raises(PublishError, match="no connection to the Hub"):
            published("http://127.0.0.1:9", run, REPO, card=CARD)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("model-00001-of-00002.safetensors", True), ("model.safetensors.index.json", True), ("tokenizer.model", True),
        ("qwen.tiktoken", True), ("adapter_model.safetensors", True), ("training_args.bin", False),
        ("run.json", False), ("training.json", False), ("figures/model.safetensors", False), ("README.md", False),
    ],
)  # fmt: skip
def test_files_of_a_model(name, known):
    assert is_model_file(name) is known


def test_the_command_from_end_to_end(hub, run, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text(json.dumps(CARD, ensure_ascii=False), encoding="utf-8")
    environment = {
        **os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path / "home"),
        "HF_TOKEN": "hf_write", "HF_HUB_OFFLINE": "0",
    }  # fmt: skip

    def command(*arguments):
        told = [sys.executable, "-m", "cmtmed.cli", "publish", str(run), REPO, *arguments]
        return subprocess.run(told, env=environment, capture_output=True, text=True, check=False)

    refused = command()
    assert refused.returncode == 1
    assert "card: nobody wrote pretty_name, authors, contact, license, base_model, base_license" in refused.stderr
    assert "examples/model_card.yaml" in refused.stderr
    dry = command("--card", str(card), "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert hub.repositories == {}
    assert "model.safetensors" in dry.stdout
    assert "# 小医生 A tiny model" in dry.stdout
    done = command("--card", str(card), "--tag", "v1", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert hub.repository(REPO, "model").tags == {"v1": told["commit"]}
    assert "hf_write" not in refused.stderr + dry.stdout + dry.stderr + done.stdout + done.stderr
