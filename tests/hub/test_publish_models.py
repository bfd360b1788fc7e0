"""Models on the Hub: what is sent of a run, what stands between it and the public, and that it loads without cmtmed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from datasets import load_from_disk
from huggingface_hub import ModelCard
from typer.testing import CliRunner

import cmtmed
from cmtmed.cli import app
from cmtmed.errors import DatasetError, GateError, OutputError, PublishError, UsageError
from cmtmed.hub.model.files import is_model_file, strip_local_paths
from cmtmed.training.model.merge import merge_run
from cmtmed.training.run.provenance import read_origin
from tests.support.files import write_json_lines
from tests.support.hub_client import client_environment, create_publisher, publish_to, use_hub
from tests.support.hub_server import Cut, HubServer, Kill, Status, Token, fail_first
from tests.support.published import CARD as DATASET
from tests.support.published import LINES, audit_and_review, build_small
from tests.support.training import save_tiny_model, train

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
BASED = {key: value for key, value in CARD.items() if key != "from_scratch"} | {
    "base_model": "org/base", "base_license": "Apache-2.0"
}  # fmt: skip
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
    return audit_and_review(build_small(root / "data"))


@pytest.fixture(scope="module")
def base(root):
    return save_tiny_model(root / "base")


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
def adapter_run(root, data, run):
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
    return publish_to(hub.url, out, REPO, **{"card": CARD, **options})


def rehearse(out, **options):
    """Publish as a dry run, without a token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HF_TOKEN", raising=False)
        patch.setattr("huggingface_hub.get_token", lambda: None)
        return cmtmed.publish(out, REPO, **{"card": CARD, "dry_run": True, **options})


def list_files(hub, revision="main"):
    """Return the path of every file at a revision."""
    repository = hub.repository(REPO, "model")
    entries = repository.list_entries(repository.resolve(revision), expand=False)
    return {path for path, entry in entries.items() if entry["type"] == "file"}


def read_file(hub, path, revision="main"):
    from huggingface_hub import HfApi

    with use_hub(hub.url):
        return Path(HfApi().hf_hub_download(REPO, path, revision=revision, force_download=True)).read_text("utf-8")


def run_without_cmtmed(hub, tmp_path, code):
    """Run code in a fresh process that never imports cmtmed; return what it prints."""
    environment = client_environment(hub.url, tmp_path / "home")
    script = code + "\nimport sys\nassert not [name for name in sys.modules if name.startswith('cmtmed')]\n"
    process = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr[-2000:]
    return process.stdout


def merge_by_command(run, out):
    """Merge a run by the command."""
    result = CliRunner().invoke(app, ["train", "merge", str(run), "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return out


def get_only_message(publication, check):
    """Return the message of the only finding of a dry run, which belongs to a check."""
    assert [finding.check for finding in publication.refused] == [check], [
        str(finding) for finding in publication.refused
    ]
    return str(publication.refused[0])


def extract_python(card):
    """Return the Python of a card."""
    return re.search(r"```python\n(.*?)```", card, re.DOTALL)[1]


# --- what is there then ---------------------------------------------------------------------------------------------


def test_a_model_loads_without_cmtmed_as_its_card_says(hub, run, tmp_path):
    publication = push(hub, run, tag="v1")
    repository = hub.repository(REPO, "model")
    assert (repository.private, repository.tags) == (True, {"v1": publication.commit})
    assert publication.url == f"{hub.url}/{REPO}/tree/v1"
    curves = {f"figures/{path.name}" for path in run.glob("training_*.png")}
    assert curves
    assert list_files(hub) == WEIGHTS | curves | {"README.md", "cmtmed.json", ".gitattributes"}
    assert "messages" in extract_python(publication.card)
    run_without_cmtmed(
        hub, tmp_path, extract_python(publication.card).replace("max_new_tokens=256", "max_new_tokens=2")
    )
    script = (
        "import torch; from transformers import AutoModelForCausalLM\n"
        "model = AutoModelForCausalLM.from_pretrained({where!r})\n"
        "print(model(torch.arange(9)[None]).logits.sum().item())"
    )
    assert run_without_cmtmed(hub, tmp_path, script.format(where=REPO)) == run_without_cmtmed(
        hub, tmp_path, script.format(where=str(run / "model"))
    )


def test_an_adapter_names_its_base_on_the_hub(hub, adapter, base, tmp_path):
    publication = push(hub, adapter, card=BASED)
    assert list_files(hub) >= {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"}
    assert json.loads(read_file(hub, "adapter_config.json"))["base_model_name_or_path"] == "org/base"
    assert ModelCard(publication.card).data.base_model == "org/base"
    assert ModelCard(publication.card).data.library_name == "peft"
    with use_hub(hub.url):
        from huggingface_hub import HfApi

        HfApi().create_repo("org/base")
        HfApi().upload_folder(repo_id="org/base", folder_path=base)
    run_without_cmtmed(
        hub, tmp_path, extract_python(publication.card).replace("max_new_tokens=256", "max_new_tokens=2")
    )


def test_nothing_of_this_machine_is_sent(hub, adapter, run, root):
    push(hub, adapter, card=BASED, tag="a")
    push(hub, run, tag="b")
    for revision in ("a", "b"):
        for path in list_files(hub, revision):
            if Path(path).suffix in {".json", ".jinja", ".md"}:
                assert str(root) not in read_file(hub, path, revision), path


def test_findings_that_were_overridden_tell_no_path(base, tmp_path, monkeypatch):
    out = build_small(tmp_path / "data")
    train("sft", f"model={base}", f"data=[{{path: {out}}}]", f"out={tmp_path / 'run'}", "lora=null", *SMALL)
    weights = tmp_path / "run" / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    model = rehearse(tmp_path / "run", i_know=["files", "audit", "risk"])
    assert [finding.check for finding in model.overridden] == ["files", "audit", "risk"]
    assert str(tmp_path) not in model.card + json.dumps(model.to_dict())
    assert "build 'small': no audit" in model.card
    assert f"run cmtmed audit {out}" in str(rehearse(tmp_path / "run", i_know=["files", "audit"]).refused[0])
    dataset = rehearse(out, card=DATASET, i_know=["audit", "risk"])
    assert str(tmp_path) not in dataset.card + json.dumps(dataset.to_dict())
    monkeypatch.chdir(tmp_path / "data")
    assert rehearse("out", card=DATASET, i_know=["audit", "risk"]).card == dataset.card


def test_a_run_on_top_of_others_is_merged_first(hub, adapter_run, data, tmp_path):
    with pytest.raises(
        UsageError, match=r"an adapter on top of weights that nobody else has; merge it first: cmtmed train merge"
    ):
        rehearse(adapter_run)
    model = merge_by_command(adapter_run, tmp_path / "model")
    assert "--data" in str(rehearse(model).refused[0]), "the directory alone does not know where the build is"
    publication = push(hub, model, data=[data / "sft"])
    record = json.loads(read_file(hub, "cmtmed.json"))
    assert [(entry["stage"], entry["lora"]) for entry in record["stages"]] == [("pretrain", None), ("sft", 4)]
    assert [entry["pipeline"] for entry in record["builds"]] == ["small"]
    assert "continued pretraining, then supervised fine-tuning, starting from random weights" in publication.card


def test_the_record_follows_its_schema(hub, run):
    publication = push(hub, run)
    schema = json.loads(cmtmed.bundled("schemas/model.v1.json").read_text(encoding="utf-8"))
    record = json.loads(read_file(hub, "cmtmed.json"))
    jsonschema.validate(record, schema)
    assert {file["path"] for file in record["files"]} | {"README.md", "cmtmed.json"} == {
        file.path for file in publication.files
    }
    assert record["builds"][0]["residual"]["status"] == "read"


def test_the_card_is_one_and_what_people_wrote_stays(hub, run):
    publication = push(hub, run, tag="v1")
    card = ModelCard(publication.card)
    assert card.data.to_dict() | {"tags": 0, "extra_gated_prompt": 0, "extra_gated_fields": 0} == {
        "language": ["zh"], "license": "cc-by-4.0", "library_name": "transformers", "pipeline_tag": "text-generation",
        "tags": 0, "extra_gated_prompt": 0, "extra_gated_fields": 0,
    }  # fmt: skip
    with use_hub(hub.url):
        from huggingface_hub import HfApi

        text = publication.card.replace("<!-- cmtmed:begin use -->", "## By hand\n\nKept.\n\n<!-- cmtmed:begin use -->")
        HfApi().upload_file(path_or_fileobj=text.encode(), path_in_repo="README.md", repo_id=REPO)
    next_version = push(hub, run, tag="v2", card=CARD | {"evaluation": "Asked ten questions."})
    assert "## By hand\n\nKept." in next_version.card
    assert "Asked ten questions." in next_version.card
    assert "was not evaluated" not in next_version.card


def test_a_reward_model_says_so(copy):
    path = copy / "model" / "training.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"kind": "reward"}), encoding="utf-8")
    publication = rehearse(copy)
    assert ModelCard(publication.card).data.pipeline_tag == "text-classification"
    assert "it scores a dialogue" in publication.card


def test_repeated_and_replaced(hub, run, adapter_run, data, tmp_path):
    publication = push(hub, run, tag="v1")
    uploaded = list(hub.uploaded)
    repeated = push(hub, run, tag="v1")
    assert (repeated.commit, hub.uploaded) == (publication.commit, uploaded)
    push(hub, merge_by_command(adapter_run, tmp_path / "model"), tag="v2", data=[data])
    assert not [path for path in list_files(hub) if path.startswith("figures/")], "the merged model has no curves"
    assert [path for path in list_files(hub, "v1") if path.startswith("figures/")]
    with pytest.raises(UsageError, match="the tag 'v2' of 'org/doctor' points to another version"):
        push(hub, run, tag="v2")


@pytest.mark.parametrize(
    "fault",
    [Status(503), Status(429, retry_after=1), Cut("before"), Cut("after")],
    ids=["503", "429", "before", "after"],
)
@pytest.mark.parametrize(
    ("method", "url_part"),
    [
        ("GET", "/api/models"), ("POST", "/repos/create"), ("POST", "/preupload/"), ("POST", "/objects/batch"),
        ("POST", "/validate-yaml"), ("POST", "/commit/"), ("POST", "/tag/"),
    ],
    ids=lambda name: name.strip("/").replace("/", "-"),
)  # fmt: skip
def test_a_fault_is_outlived(hub, run, method, url_part, fault):
    hub.faults = fail_first(2, method, url_part, fault)
    publication = push(hub, run)
    assert sum(request.method == method and url_part in request.path for request in hub.requests) > 1
    assert hub.repository(REPO, "model").tags == {publication.tag: publication.commit}
    assert list_files(hub) == {file.path for file in publication.files} | {".gitattributes"}


def test_killed_at_every_request_and_repeated(run):
    with HubServer(TOKENS) as hub:
        push(hub, run)
        requests = len(hub.requests)
    assert requests > 12
    for number in range(1, requests + 1):
        with HubServer(TOKENS) as hub:
            process = create_publisher(hub.url, run, REPO, b"", card=CARD)
            hub.faults = Kill(number, "after", lambda process=process: process.kill())
            process.start()
            process.join()
            assert process.exitcode == -9, number
            hub.faults.lift()
            publication = push(hub, run)
            assert hub.repository(REPO, "model").tags == {publication.tag: publication.commit}
            assert list_files(hub) == {file.path for file in publication.files} | {".gitattributes"}
            assert hub.unexpected == []


# --- the gate -------------------------------------------------------------------------------------------------------


def test_a_good_run_passes(run):
    assert rehearse(run).refused == ()


def test_nothing_is_sent_where_the_gate_objects(hub, run):
    with pytest.raises(GateError, match="nothing was sent:\n  - card: not filled in: contact"):
        push(hub, run, card={**CARD, "contact": ""})
    assert hub.repositories == {}


def test_weights_that_were_changed(copy):
    path = copy / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert "1 files differ from what the training wrote (model.safetensors)" in get_only_message(
        rehearse(copy), "files"
    )
    (copy / "model" / "vocab.txt").write_text("x")
    assert "2 files" in get_only_message(rehearse(copy), "files")


def test_only_what_loads_is_sent(copy):
    for name in ("optimizer.pt", "pytorch_model.bin", "modeling_mine.py", "samples.jsonl", "model.safetensors.bak"):
        (copy / "model" / name).write_text("x")
    publication = rehearse(copy)
    assert publication.refused == ()
    assert {file.path for file in publication.files if "/" not in file.path} == WEIGHTS | {"README.md", "cmtmed.json"}


def test_a_build_that_is_not_what_it_was(root, base, tmp_path):
    out = audit_and_review(build_small(tmp_path / "data"))
    train("sft", f"model={base}", f"data=[{{path: {out}}}]", f"out={tmp_path / 'run'}", "lora=null", *SMALL)
    run = tmp_path / "run"
    assert rehearse(run).refused == ()
    shutil.rmtree(out / "audit")
    assert [finding.check for finding in rehearse(run).refused] == ["audit", "risk"]
    publication = rehearse(run, i_know=["audit", "risk"])
    assert publication.refused == ()
    assert "`audit`: build 'small': " in publication.card
    assert "unknown: nobody read a sample" in publication.card
    new_dir = out.rename(tmp_path / "moved")
    audit_and_review(new_dir)
    assert "the build 'small', which the stage sft was trained on, is not available here as it was" in get_only_message(
        rehearse(run), "builds"
    )
    assert rehearse(run, data=[new_dir]).refused == ()
    manifest = new_dir / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"is not a build that .* was trained on, or it was rebuilt since"):
        rehearse(run, data=[new_dir])
    with pytest.raises(UsageError, match=r"--data .* is not a build"):
        rehearse(run, data=[tmp_path / "run"])


def test_data_that_is_no_build(base, tmp_path):
    path = tmp_path / "talk.jsonl"
    turns = [{"role": "user", "content": "头痛三天了"}, {"role": "assistant", "content": "发烧吗？"}]
    path.write_text(json.dumps({"id": "a", "messages": turns}, ensure_ascii=False) + "\n", encoding="utf-8")
    train("sft", f"model={base}", f"data=[{{path: {path}}}]", f"out={tmp_path / 'run'}", "lora=null", *SMALL)
    assert "was trained on 'talk.jsonl', which is not a build; its content is unknown" in get_only_message(
        rehearse(tmp_path / "run"), "data"
    )
    publication = rehearse(tmp_path / "run", i_know=["data"])
    assert "`talk.jsonl`, about which nothing more is recorded" in publication.card


def test_dialogues_without_a_licence_are_added_up(base, tmp_path):
    outs = [
        audit_and_review(build_small(tmp_path / name, lines, terms=None))
        for name, lines in (("a", LINES), ("b", LINES[:3]))
    ]
    entries = ", ".join(f"{{path: {out}}}" for out in outs)
    train("sft", f"model={base}", f"data=[{entries}]", f"out={tmp_path / 'run'}", "lora=null", *SMALL)
    message = get_only_message(rehearse(tmp_path / "run"), "licenses")
    assert f"{len(LINES) + 3} dialogues have no licence (clinic {len(LINES) + 3})" in message


@pytest.mark.parametrize(
    ("card", "check", "message"),
    [
        ({"license": None}, "card", "not filled in: license"),
        ({"from_scratch": False}, "card", "not filled in: base_model, base_license"),
        ({"license": "mine"}, "licenses", "'mine' is not a known licence"),
        ({"license": "CC0-1.0"}, "licenses", "CC-BY-4.0 requires attribution"),
        (
            {"from_scratch": False, "base_model": "org/base", "base_license": "CC-BY-NC-4.0"},
            "licenses",
            "CC-BY-NC-4.0 forbids commercial use",
        ),
    ],
)
def test_cards_and_licences(run, card, check, message):
    publication = rehearse(run, card={**CARD, **card})
    assert {finding.check for finding in publication.refused} == {check}
    assert message in " ".join(map(str, publication.refused))


def test_the_bundled_card_says_nothing_yet(run):
    refused = rehearse(run, card=cmtmed.bundled("examples/model_card.yaml")).refused
    assert "pretty_name, authors, contact, license, base_model, base_license" in " ".join(map(str, refused))


def test_a_base_that_is_another_one(run, adapter):
    with pytest.raises(UsageError, match="from_scratch says that there is no base, but the run or the card names one"):
        rehearse(adapter, card=BASED | {"from_scratch": True})
    with pytest.raises(UsageError, match="from_scratch says"):
        rehearse(run, card=CARD | {"base_model": "org/base"})
    for name in ("../models", "/models/base", "base"):
        with pytest.raises(UsageError, match="base_model"):
            rehearse(run, card=BASED | {"base_model": name})


def test_names_that_look_like_identifiers(base, data, tmp_path):
    folder = tmp_path / "王建国13800138000"
    shutil.copytree(data, folder)
    train("pretrain", f"model={base}", f"data=[{{path: {write_json_lines(folder / 'x' / '13800138000.txt', LINES)}}}]",
          f"out={tmp_path / 'run'}", "lora=null", "held_out=0", *SMALL)  # fmt: skip
    assert [finding.check for finding in rehearse(tmp_path / "run").refused] == ["data", "anonymization"]


def test_test_sets_are_compared_with(run, tmp_path):
    file = write_json_lines(
        tmp_path / "exam.jsonl", [{"id": "z", "question": LINES[0]["question"], "answer": LINES[0]["answer"]}]
    )
    assert "contain text of exam.jsonl" in get_only_message(rehearse(run, against=file), "test-sets")


# --- where a model comes from ---------------------------------------------------------------------------------------


def list_stages(folder):
    return [stage["stage"] for stage in json.loads((folder / "training.json").read_text("utf-8"))["stages"]]


def test_stages_are_known_when_the_run_below_is_gone(run, data, base, tmp_path):
    first_run = tmp_path / "below"
    train(
        "pretrain", f"model={base}", f"data=[{{path: {data}}}]", f"out={first_run}", "lora=null", "held_out=0", *SMALL
    )
    train("sft", f"model={first_run}", f"data=[{{path: {data}}}]", f"out={tmp_path / 'above'}", "lora=null", *SMALL)
    shutil.rmtree(first_run)
    assert list_stages(merge_by_command(tmp_path / "above", tmp_path / "model")) == ["pretrain", "sft"]


def test_a_checkpoint_is_of_its_run(run, tmp_path):
    checkpoint = next((run / "checkpoints").glob("checkpoint-*"))
    for folder in (run, run / "model", checkpoint):
        assert [stage["stage"] for stage in read_origin(str(folder))["stages"]] == ["pretrain"], folder
    assert read_origin("org/base") == {"base": "org/base", "stages": [], "files": ""}
    shutil.copytree(checkpoint, tmp_path / "best")
    (tmp_path / "best" / "trainer_state.json").write_text("{}")
    assert [stage["stage"] for stage in read_origin(str(tmp_path / "best"))["stages"]] == ["unknown"]
    shutil.copytree(run / "model", run / "exports" / "foreign")
    (run / "exports" / "foreign" / "training.json").unlink()
    assert read_origin(str(run / "exports" / "foreign"))["stages"] == []
    shutil.rmtree(run / "exports")


def test_a_run_below_that_was_trained_anew(data, base, tmp_path):
    first_run, second_run = tmp_path / "below", tmp_path / "above"
    arguments = (f"model={base}", f"data=[{{path: {data}}}]", f"out={first_run}", "lora=null", "held_out=0", *SMALL)
    train("pretrain", *arguments)
    train("sft", f"model={first_run}", f"data=[{{path: {data}}}]", f"out={second_run}", "lora={r: 4}", *SMALL)
    shutil.rmtree(first_run)
    train("pretrain", *arguments, "training.max_steps=1")
    with pytest.raises(DatasetError, match="has changed since"):
        merge_run(str(second_run), tmp_path / "model")


def test_changed_weights_are_not_merge_by_command(copy, tmp_path):
    path = copy / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(DatasetError, match="are not as the training wrote them; train again"):
        merge_run(str(copy), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_what_lies_in_a_build_is_not_the_build(base, data, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(data, out)
    shutil.copytree(out / "sft", out / "sft_mine")
    train("sft", f"model={base}", f"data=[{{path: {out / 'sft_mine'}}}]", f"out={tmp_path / 'a'}", "lora=null", *SMALL)
    assert "was trained on 'sft_mine', which is not a build" in get_only_message(rehearse(tmp_path / "a"), "data")
    shutil.rmtree(out / "sft")
    shutil.copytree(out / "pretrain", out / "kept")
    rows = load_from_disk(str(data / "sft"))
    rows.map(lambda row: {"weights": [weight * 2 for weight in row["weights"]]}).save_to_disk(str(out / "sft"))
    train("sft", f"model={base}", f"data=[{{path: {out / 'sft'}}}]", f"out={tmp_path / 'b'}", "lora=null", *SMALL)
    shutil.rmtree(out / "sft")
    shutil.copytree(data / "sft", out / "sft")
    assert "was trained on tables of 'small' that may differ from what the build wrote" in get_only_message(
        rehearse(tmp_path / "b"), "files"
    )


@pytest.mark.parametrize("harm", ["over", "split", "cache"])
def test_views_that_another_program_wrote_into(base, data, tmp_path, harm):
    out = tmp_path / "out"
    shutil.copytree(data, out)
    rows = load_from_disk(str(out / "sft"))
    if harm == "over":
        rows["train"].map(lambda row: {"id": row["id"] + "x"}, keep_in_memory=True).save_to_disk(str(out / "sft"))
    elif harm == "split":
        rows["train"].save_to_disk(str(out / "sft" / "more"))
    else:
        (out / "sft" / "train" / "cache-1.arrow").write_bytes(b"x")
    train("sft", f"model={base}", f"data=[{{path: {out / 'sft'}}}]", f"out={tmp_path / 'run'}", "lora=null", *SMALL)
    flags = [
        source["build"]["whole"] for source in json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["sources"]
    ]
    assert flags == [harm == "cache"]


def test_weights_below_that_were_changed(data, base, tmp_path):
    first_run, second_run, model = (tmp_path / name for name in ("below", "above", "model"))
    train(
        "pretrain", f"model={base}", f"data=[{{path: {data}}}]", f"out={first_run}", "lora=null", "held_out=0", *SMALL
    )
    merge_run(str(first_run), model)
    train("sft", f"model={model}", f"data=[{{path: {data}}}]", f"out={second_run}", "lora={r: 4}", *SMALL)
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    with pytest.raises(DatasetError, match="are not as the training wrote them"):
        merge_run(str(second_run), tmp_path / "merged")
    with pytest.raises(DatasetError, match="are not as the training wrote them"):
        train("sft", f"model={model}", f"data=[{{path: {data}}}]", f"out={tmp_path / 'b'}", "lora=null", *SMALL)


def test_a_run_that_was_taken_up_after_its_model_was_made_anew(data, base, tmp_path):
    first_run, out = tmp_path / "below", tmp_path / "out"
    arguments = (f"model={base}", f"data=[{{path: {data}}}]", f"out={first_run}", "lora=null", "held_out=0", *SMALL)
    train("pretrain", *arguments)
    next_arguments = (f"model={first_run}", f"data=[{{path: {data}}}]", f"out={out}", "lora=null", *SMALL)
    train("sft", *next_arguments)
    path = out / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"finished": False}), encoding="utf-8")
    shutil.rmtree(first_run)
    train("pretrain", *arguments, "seed=7")
    with pytest.raises(OutputError, match="was started with data or a model that have been replaced since"):
        train("sft", *next_arguments)
    shutil.rmtree(out / "checkpoints")
    (out / "metrics.jsonl").unlink()
    train("sft", *next_arguments)
    seeds = [
        stage["settings"]["seed"]
        for stage in json.loads((out / "model" / "training.json").read_text("utf-8"))["stages"]
    ]
    assert seeds == [7, 0]


def test_links_and_relative_names_of_views(base, data, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(data / "sft")
    monkeypatch.chdir(data / "sft")
    for name, path in (("a", tmp_path / "link"), ("b", ".")):
        train("sft", f"model={base}", f"data=[{{path: {path}}}]", f"out={tmp_path / name}", "lora=null", *SMALL)
        assert rehearse(tmp_path / name).refused == ()


def test_a_vocabulary_is_learnt_too(base, data, tmp_path):
    text = tmp_path / "raw.txt"
    text.write_text("电话是多少，电话是多少\n" * 9, encoding="utf-8")
    arguments = ["train", "tiny", str(text), "--out", str(tmp_path / "tiny"), "--hidden", "32", "--heads", "2"]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    train("sft", f"model={tmp_path / 'tiny'}", f"data=[{{path: {data}}}]", f"out={tmp_path / 'a'}", "lora=null", *SMALL)
    assert "the stage tokenizer was trained on 'raw.txt'" in get_only_message(rehearse(tmp_path / "a"), "data")


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_training_json_below(base, data, tmp_path, content):
    shutil.copytree(base, tmp_path / "model")
    (tmp_path / "model" / "training.json").write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"training\.json' is damaged"):
        train("sft", f"model={tmp_path / 'model'}", f"data=[{{path: {data}}}]", f"out={tmp_path / 'a'}", *SMALL)


@pytest.mark.parametrize("content", ["{}", '{"format": "another"}'])
def test_files_of_others_with_our_names(base, data, tmp_path, content):
    """Training ignores them."""
    model, corpus = tmp_path / "model", tmp_path / "corpus"
    shutil.copytree(base, model)
    (model / "training.json").write_text(content, encoding="utf-8")
    write_json_lines(corpus / "texts" / "manifest.json", []).rename(corpus / "manifest.json")
    (corpus / "manifest.json").write_text(content, encoding="utf-8")
    (corpus / "texts" / "a.txt").write_text("头痛三天，休息后好转。" * 20, encoding="utf-8")
    train("pretrain", f"model={model}", f"data=[{{path: {corpus / 'texts'}}}]", f"out={tmp_path / 'run'}", "lora=null",
          "held_out=0", *SMALL)  # fmt: skip
    assert "was trained on 'texts', which is not a build" in get_only_message(rehearse(tmp_path / "run"), "data")


# --- bad input ------------------------------------------------------------------------------------------------------


def test_what_is_no_finished_model(copy, base, adapter, tmp_path):
    with pytest.raises(UsageError, match=r"nothing records what .* was trained on"):
        rehearse(base)
    with pytest.raises(UsageError, match="in a local directory; give its name on the Hub"):
        rehearse(adapter, card=BASED | {"base_model": None})
    training = copy / "model" / "training.json"
    original = training.read_text("utf-8")
    for damaged, message in (
        ("{", "is damaged"),
        ("[]", "is damaged"),
        (original.replace('"version": 1', '"version": 2', 1), "has version 2, this cmtmed reads 1"),
        (original.replace('"stages"', '"stage"', 1), "is damaged"),
        (original.replace('"bytes"', '"byte"', 1), "is damaged"),
    ):
        training.write_text(damaged, encoding="utf-8")
        with pytest.raises(DatasetError, match=message):
            rehearse(copy)
    training.unlink()
    with pytest.raises(UsageError, match=r"an earlier cmtmed trained it: cmtmed train merge"):
        rehearse(copy)
    merge_by_command(copy, tmp_path / "model")
    (copy / "model" / "model.safetensors").unlink()
    training.write_text(original, encoding="utf-8")
    with pytest.raises(UsageError, match="holds no safetensors weights"):
        rehearse(copy)
    state = json.loads((copy / "run.json").read_text("utf-8"))
    (copy / "run.json").write_text(json.dumps(state | {"finished": False}), encoding="utf-8")
    with pytest.raises(UsageError, match="is not finished"):
        rehearse(copy)


def replace_value(content, location, value):
    """Return JSON with another value at a location, such as ``stages.0.results``."""
    content = json.loads(json.dumps(content))
    *keys, last = [int(key) if key.isdecimal() else key for key in location.split(".")]
    parent = content
    for key in keys:
        parent = parent[key]
    parent[last] = value
    return content


@pytest.mark.parametrize(
    ("location", "value"),
    [
        ("kind", "foo"), ("base", "/home/zhang/models"), ("base", "../x"), ("adapter", "no"), ("stages", []),
        ("stages.0.sources", "x"), ("stages.0.sources", ["x"]), ("stages.0.sources.0.build", "x"),
        ("stages.0.sources.0.build.manifest", []), ("stages.0.sources.0.name", "a/b"), ("stages.0.sources.0.name", None),
        ("stages.0.sources.0.path", "/home/zhang"), ("stages.0.sources.0.weight", None), ("stages.0.lora", "x"),
        ("stages.0.results", None), ("stages.0.results.loss", float("nan")), ("stages.0.results.loss", "x"),
        ("stages.0.settings.model", "/home/zhang"), ("stages.0.stage", "dpo"), ("stages.0.versions", []),
        ("files", {"config.json": 3}), ("stages.0.sources.0.name", "\ud800"),
    ],
)  # fmt: skip
def test_a_damaged_training_json(copy, location, value):
    path = copy / "model" / "training.json"
    path.write_text(json.dumps(replace_value(json.loads(path.read_text("utf-8")), location, value)), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"training\.json' is damaged"):
        rehearse(copy)


@pytest.mark.parametrize("sources", ["x", 3, ["x"], [{"path": 3}], [{"path": "x" * 5000}]])
def test_a_damaged_run_json(copy, sources):
    path = copy / "run.json"
    content = json.loads(path.read_text("utf-8"))
    for damaged in (content | {"sources": sources}, content | {"below": "."}, content | {"below": "x" * 5000}):
        path.write_text(json.dumps(damaged), encoding="utf-8")
        assert {finding.check for finding in rehearse(copy).refused} <= {"builds"}


def test_pictures_that_are_links_stay(copy):
    (copy / "training_x.png").symlink_to("/etc/hostname")
    (copy / "training_y.png").mkdir()
    (copy / "mine.png").write_bytes(b"x")
    paths = {file.path for file in rehearse(copy).files}
    assert not {"figures/training_x.png", "figures/training_y.png", "figures/mine.png"} & paths
    assert "figures/training_loss.png" in paths


def test_metadata_of_an_earlier_version_goes(hub, adapter, run):
    push(hub, adapter, card=BASED | {"datasets": ["org/ds"], "tags": ["mine"]}, tag="v1")
    data = ModelCard(push(hub, run, tag="v2").card).data.to_dict()
    assert "base_model" not in data
    assert "datasets" not in data


def test_a_card_on_the_hub_that_is_damaged(hub, run):
    publication = push(hub, run, tag="v1")
    with use_hub(hub.url):
        from huggingface_hub import HfApi

        text = publication.card.replace("language:", "model-index: 3\nlanguage:", 1)
        HfApi().upload_file(path_or_fileobj=text.encode(), path_in_repo="README.md", repo_id=REPO)
    with pytest.raises(UsageError, match="the metadata of the card of 'org/doctor' cannot be read"):
        push(hub, run, tag="v2")


def test_options_of_the_other_kind(run, data):
    with pytest.raises(UsageError, match=r"--config, --quarantined: only for datasets, and this is a model"):
        rehearse(run, configs=["sft"], quarantined=0)
    with pytest.raises(UsageError, match=r"--data: only for models, and this is a dataset"):
        rehearse(data, data=[data])
    with pytest.raises(UsageError, match="unknown field 'collected'"):
        rehearse(run, card=CARD | {"collected": "x"})


def test_repositories_with_something_else(hub, run):
    with use_hub(hub.url):
        from huggingface_hub import HfApi

        HfApi().create_repo(REPO, private=True)
        HfApi().upload_file(path_or_fileobj=b"x", path_in_repo="pytorch_model.bin", repo_id=REPO)
    with pytest.raises(UsageError, match="holds 1 files that cmtmed did not publish"):
        push(hub, run)


def test_foreign_weights_beside_ours(hub, run):
    push(hub, run, tag="v1")
    with use_hub(hub.url):
        from huggingface_hub import HfApi

        HfApi().upload_file(path_or_fileobj=b"x", path_in_repo="vocab.txt", repo_id=REPO)
    with pytest.raises(UsageError, match=r"holds 'vocab\.txt', which cmtmed did not publish"):
        push(hub, run, tag="v2")


def test_no_connection(run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", lambda _seconds: None)
        with pytest.raises(PublishError, match="no connection to the Hub"):
            publish_to("http://127.0.0.1:9", run, REPO, card=CARD)


def test_configurations_lose_their_paths(tmp_path):
    path = tmp_path / "config.json"
    kept = {"rope": {"type": "yarn"}, "eos_token": "/s", "added_tokens_decoder": {"5": {"content": "/think"}}}
    paths = {
        "auto_map": {"A": "/home/z--B"}, "vocab_file": "C:\\v", "init_lora_weights": "~/w", "cache": "../patients/x",
        "quantization_config": {"tokenizer": "/data/t", "dataset": ["/data/a", "c4"], "bits": 4},
        "_name_or_path": "runs/x", "text_config": {"_name_or_path": "/home/z/x", "size": 3},
    }  # fmt: skip
    path.write_text(json.dumps(kept | paths))
    assert json.loads(strip_local_paths(path, "org/base")) == kept | {
        "auto_map": {}, "quantization_config": {"dataset": ["c4"], "bits": 4}, "_name_or_path": "org/base",
        "text_config": {"_name_or_path": "org/base", "size": 3},
    }  # fmt: skip
    for config in ('{"_name_or_path": [1]}', "[]", "3"):
        path.write_text(config)
        strip_local_paths(path, "org/base")
    path.write_text("{")
    with pytest.raises(DatasetError, match="is damaged"):
        strip_local_paths(path, "org/base")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model-00001-of-00002.safetensors", True), ("model.safetensors.index.json", True), ("tokenizer.model", True),
        ("qwen.tiktoken", True), ("adapter_model.safetensors", True), ("training_args.bin", False),
        ("run.json", False), ("training.json", False), ("figures/model.safetensors", False), ("README.md", False),
    ],
)  # fmt: skip
def test_files_of_a_model(name, expected):
    assert is_model_file(name) is expected


def test_the_command_from_end_to_end(hub, run, tmp_path):
    card = tmp_path / "card.yaml"
    card.write_text(json.dumps(CARD, ensure_ascii=False), encoding="utf-8")
    environment = client_environment(hub.url, tmp_path / "home")

    def command(*arguments):
        result = [sys.executable, "-m", "cmtmed.cli", "publish", str(run), REPO, *arguments]
        return subprocess.run(result, env=environment, capture_output=True, text=True, check=False)

    refused = command()
    assert refused.returncode == 1
    assert "card: not filled in: pretty_name, authors, contact, license, base_model, base_license" in refused.stderr
    assert "examples/model_card.yaml" in refused.stderr
    dry = command("--card", str(card), "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert hub.repositories == {}
    assert "model.safetensors" in dry.stdout
    assert "# 小医生 A tiny model" in dry.stdout
    publication = command("--card", str(card), "--tag", "v1", "--json")
    assert publication.returncode == 0, publication.stderr
    result = json.loads(publication.stdout)
    assert hub.repository(REPO, "model").tags == {"v1": result["commit"]}
    assert "hf_write" not in refused.stderr + dry.stdout + dry.stderr + publication.stdout + publication.stderr
