"""What the trainers share: settings, run directories, models and adapters, templates, mixtures, logs, curves, chat."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cmtmed.cli import app
from cmtmed.errors import DatasetError, OutputError, UsageError
from cmtmed.training.model.chat import Chat
from cmtmed.training.model.loading import check_fit, describe_loading, find_base, load_model, load_tokenizer
from cmtmed.training.model.merge import merge_run
from cmtmed.training.model.templates import find_stop_token, set_chat_template
from cmtmed.training.model.tiny import make_tiny_model
from cmtmed.training.run import checkpoints, curves, metrics
from cmtmed.training.run.command_line import load_settings, parse_settings
from cmtmed.training.run.directory import Run
from cmtmed.training.run.mixture import describe_data, mix_sources, select_rows
from cmtmed.training.run.settings import DataSource, Settings
from cmtmed.training.run.views import open_view
from tests.support.training import save_tiny_model, train, write_sft_view

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def adapted(base, tmp_path_factory):
    """A finished run with an adapter that does something."""
    folder = tmp_path_factory.mktemp("adapted")
    train(
        "sft", f"model={base}", f"data.0.path={write_sft_view(folder / 'sft')}", f"out={folder / 'run'}", "max_length=256",
        "lora={r: 4}", "training.max_steps=4", "training.learning_rate=0.05", "training.logging_steps=1",
    )  # fmt: skip
    return str(folder / "run")


NO_STOP = (
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}"
    "{% else %}{{ m.content }}{% endif %}{% endfor %}"
)


# --- settings --------------------------------------------------------------------------------------------------


def test_a_file_and_words_make_settings(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("model: base\nout: runs/a\ntraining: {learning_rate: 1e-4}\n", encoding="utf-8")
    words = ["--config", str(path), "seed=3", "training.betas=[0.9, 0.95]", "lora.r=8", "--smoothing=0.5"]
    settings = load_settings(Settings, "sft", words)
    assert settings.training == {"learning_rate": 1e-4, "betas": [0.9, 0.95]}
    assert (settings.seed, settings.lora, settings.smoothing) == (3, {"r": 8}, 0.5)
    assert "out" not in settings.describe()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a", "contains a list; settings are a mapping"),
        ("a: [", "not YAML"),
        ("model: x", "out is not set"),
        ("model: x\nout: y\nseed: -1", "seed: Input should be greater than or equal to 0"),
        ("model: x\nout: y\nmodell: z", "unknown key 'modell'; did you mean 'model'"),
    ],
)
def test_files_that_are_no_settings(tmp_path, content, message):
    path = tmp_path / "mine.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        load_settings(Settings, "sft", ["--config", str(path)])


def test_a_file_that_is_not_there():
    with pytest.raises(UsageError, match=r"cannot read the settings 'no\.yaml'"):
        load_settings(Settings, "sft", ["--config", "no.yaml"])
    with pytest.raises(UsageError, match="--config needs a file"):
        load_settings(Settings, "sft", ["--config"])


# --- run directories -------------------------------------------------------------------------------------------


def make_settings(folder, **fields):
    return parse_settings(Settings, {"model": "m", **fields, "out": str(folder)}, "test")


def test_a_directory_that_is_somebody_elses_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="is not empty and holds no run"):
        Run.start("sft", make_settings(tmp_path), {})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_settings_may_change_until_something_was_trained(tmp_path):
    Run.start("sft", make_settings(tmp_path), {})
    Run.start("sft", make_settings(tmp_path, seed=1), {})
    metrics.MetricsLog(tmp_path).log(1, {"loss": 1.0})
    assert Run.start("sft", make_settings(tmp_path, seed=1, smoothing=0.5), {}).settings["seed"] == 1
    with pytest.raises(OutputError, match=r"other settings \(seed\)"):
        Run.start("sft", make_settings(tmp_path), {})
    with pytest.raises(OutputError, match=r"other settings \(data\)"):
        Run.start("sft", make_settings(tmp_path, seed=1), {"data": 1})
    with pytest.raises(OutputError, match=r"other settings \(stage\)"):
        Run.start("ppo", make_settings(tmp_path, seed=1), {})


def test_the_same_paths_written_otherwise_are_the_same_run(tmp_path, monkeypatch):
    (tmp_path / "m").mkdir()
    monkeypatch.chdir(tmp_path)
    first_run = Run.start("sft", make_settings("r", model="m", template="auto"), {})
    metrics.MetricsLog(first_run.root).close()
    monkeypatch.chdir(tmp_path.parent)
    same_run = Run.start("sft", make_settings(tmp_path / "r", model=f"{tmp_path.name}/m/", template="auto"), {})
    assert same_run.record.fingerprint == first_run.record.fingerprint


def test_a_file_in_the_way_is_named(tmp_path):
    path = tmp_path / "run"
    path.write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="is a file; choose another out="):
        Run.start("sft", make_settings(path), {})
    with pytest.raises(OutputError, match="is a file; choose another --out"):
        make_tiny_model(["x"], path)


def test_a_path_that_leads_nowhere_is_not_looked_up_elsewhere():
    for path in ("./no/model", "/no/model", "a/b/c"):
        with pytest.raises(UsageError, match="there is no such directory"):
            load_tokenizer(path)


def test_a_damaged_run_is_named(tmp_path):
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(DatasetError, match="is damaged"):
        Run.open(tmp_path)
    with pytest.raises(UsageError, match="is not a run directory"):
        Run.open(tmp_path / "no")


def test_the_newest_whole_checkpoint_is_taken(tmp_path):
    run = Run.start("sft", make_settings(tmp_path), {})
    for step in (2, 10, 9):
        folder = run.checkpoint_dir / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "weights").write_bytes(b"0123456789")
        checkpoints.seal_checkpoint(folder)
    assert run.find_checkpoint().name == "checkpoint-10"
    (run.checkpoint_dir / "checkpoint-10" / "weights").write_bytes(b"0123")
    assert "weights has 4 bytes instead of 10" in checkpoints.find_damage(run.checkpoint_dir / "checkpoint-10")
    assert run.find_checkpoint().name == "checkpoint-9"
    (run.checkpoint_dir / "checkpoint-9" / "complete.json").unlink()
    assert run.find_checkpoint().name == "checkpoint-2"
    assert checkpoints.checkpoint_step(run.find_checkpoint()) == 2
    assert checkpoints.checkpoint_step(None) == 0


# --- models and templates --------------------------------------------------------------------------------------


def test_merged_logits_are_those_of_base_and_adapter(base, adapted, tmp_path):
    from peft import PeftModel

    ids = torch.arange(5, 60)[None]
    with_adapter = PeftModel.from_pretrained(load_model(base), adapted + "/adapter").eval()
    merge_run(adapted, tmp_path / "merged")
    plain = load_model(str(tmp_path / "merged")).eval()
    with torch.no_grad():
        difference = (with_adapter(ids).logits - plain(ids).logits).abs().max()
        adapter_effect = (plain(ids).logits - load_model(base).eval()(ids).logits).abs().max()
    assert float(difference) < 1e-5
    assert float(adapter_effect) > 1e-2
    assert load_tokenizer(str(tmp_path / "merged")).chat_template
    card = (tmp_path / "merged" / "README.md").read_text(encoding="utf-8")
    assert "LoRA, r 4" in card
    assert "not a medical device" in card
    with pytest.raises(OutputError, match="is not empty"):
        merge_run(adapted, tmp_path / "merged")


def test_stages_build_on_one_another(base, adapted, tmp_path):
    view = write_sft_view(tmp_path / "sft")
    words = (f"data.0.path={view}", "max_length=256", "training.max_steps=2", "training.learning_rate=0.05")
    train("sft", f"model={adapted}", f"out={tmp_path / 'next'}", "lora={r: 2}", *words)
    assert Path(find_base(str(tmp_path / "next"))).resolve() == Path(base).resolve()
    assert (
        describe_loading(adapted, {})
        == f"{adapted} is loaded (merged into its base); a fresh adapter is trained on top"
    )
    ids = torch.arange(5, 60)[None]
    with torch.no_grad():
        adapted_logits = load_model(adapted).eval()(ids).logits
        next_logits = load_model(str(tmp_path / "next")).eval()(ids).logits
    assert float((adapted_logits - next_logits).abs().max()) > 1e-3
    card = (tmp_path / "next" / "adapter" / "README.md").read_text(encoding="utf-8")
    assert "supervised fine-tuning, then supervised fine-tuning" in card


def test_runs_may_move_together_and_be_used_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "old").mkdir()
    monkeypatch.chdir(tmp_path / "old")
    save_tiny_model(Path("model"))
    write_sft_view(Path("sft"))
    train(
        "sft", "model=model", "data.0.path=sft", "out=runs/a", "max_length=256", "lora={r: 2}", "training.max_steps=1"
    )
    original_weights = load_model("runs/a").state_dict()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").rename(tmp_path / "new")
    moved_weights = load_model("new/runs/a").state_dict()
    assert all(torch.equal(moved_weights[name], weight) for name, weight in original_weights.items())
    assert Path(find_base("new/runs/a")).resolve() == tmp_path / "new" / "model"


def test_an_unfinished_run_is_no_model(tmp_path):
    Run.start("sft", make_settings(tmp_path), {})
    with pytest.raises(UsageError, match="never reached its first step; run its command again to see why"):
        load_model(str(tmp_path))
    metrics.MetricsLog(tmp_path).close()
    with pytest.raises(UsageError, match="is not finished; run its command again"):
        load_tokenizer(str(tmp_path))


def test_a_tokenizer_without_a_pad_token_gets_one(base, tmp_path):
    tokenizer = load_tokenizer(base)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(str(tmp_path))
    assert load_tokenizer(str(tmp_path)).pad_token == "<|endoftext|>"


def test_a_tokenizer_of_another_model_is_refused(base):
    tokenizer, model = load_tokenizer(base), load_model(base)
    tokenizer.add_tokens([f"<{number}>" for number in range(9)])
    with pytest.raises(UsageError, match=r"has \d+ ids and the model vectors for \d+: they do not belong together"):
        check_fit(model, tokenizer, None)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for m in messages %}{{ m['content'] }}{% endfor %}", r"has no \{% generation %\} marks"),
        (
            "{% for m in messages %}{% generation %}{{ m['content'] }}{% endgeneration %}{% endfor %}",
            "marks something other than the assistant's answers",
        ),
        (
            NO_STOP,
            "is not a special token of this tokenizer, so the model would never learn to stop",
        ),
        ("{% for m in messages %}{% generation %}{{ m.nothing.at.all }}{% endgeneration %}", "cannot be rendered"),
    ],
)
def test_templates_that_cannot_train(base, tmp_path, template, message):
    path = tmp_path / "mine.jinja"
    path.write_text(template, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        set_chat_template(load_tokenizer(base), str(path))


def test_a_model_without_a_template_must_be_given_one(base):
    tokenizer = load_tokenizer(base)
    tokenizer.chat_template = None
    with pytest.raises(UsageError, match="no chat template; choose one with template=: chatml, plain, zhongjing"):
        set_chat_template(tokenizer, "auto")
    assert set_chat_template(tokenizer, "zhongjing") == "chat template zhongjing"
    assert find_stop_token(tokenizer) == tokenizer.eos_token_id
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "头痛"}], tokenize=False, add_generation_prompt=True
    )
    assert text == "<human>:头痛\n<bot>:"


@pytest.mark.parametrize("shape", ["llama", "qwen2"])
def test_a_tiny_model_of_any_shape(tmp_path, shape):
    model_path = save_tiny_model(tmp_path / "model", shape=shape, hidden=16)
    assert load_model(model_path).config.model_type == shape
    assert load_tokenizer(model_path).decode(load_tokenizer(model_path).encode("𠮷字😀")) == "𠮷字😀"


def test_sizes_that_do_not_go_together(tmp_path):
    with pytest.raises(UsageError, match="hidden 30 is not divisible"):
        save_tiny_model(tmp_path / "model", hidden=30)


# --- data ------------------------------------------------------------------------------------------------------


@given(rows=st.integers(0, 50), weight=st.floats(0.01, 4))
def test_a_weight_says_how_often_a_row_is_taken(rows, weight):
    selected_rows = select_rows(rows, weight, random.Random(0))
    assert len(selected_rows) == int(weight) * rows + round((weight - int(weight)) * rows)
    assert all(int(weight) <= selected_rows.count(row) <= int(weight) + 1 for row in range(rows))


def test_a_mixture_is_drawn_alike_each_time(tmp_path):
    paths = [write_sft_view(tmp_path / name, rows) for name, rows in (("a", 10), ("b", 4))]
    sources = [DataSource(path=paths[0], weight=0.5), DataSource(path=paths[1], weight=2)]

    def draw_ids(seed):
        return mix_sources(sources, lambda source: open_view(source.path, "sft")["train"], seed)["id"][:]

    assert len(draw_ids(0)) == 13
    assert draw_ids(0) == draw_ids(0) != draw_ids(1)
    assert [entry["weight"] for entry in describe_data(sources)] == [0.5, 2.0]
    with pytest.raises(UsageError, match=r"weight 0.01 of 10 rows selects none"):
        mix_sources([DataSource(path=paths[0], weight=0.01)], lambda source: open_view(source.path, "sft")["train"], 0)


def test_an_empty_split_is_left_out_and_an_empty_view_refused(tmp_path):
    import polars as pl

    from cmtmed.views.dataset import DatasetWriter

    row = pl.DataFrame({"id": ["a"], "text": ["头痛"]})
    for name, splits in (("half", {"train": row, "test": row.head(0)}), ("none", {"train": row.head(0)})):
        with DatasetWriter(tmp_path / name, dict(row.schema), name, splits=True) as writer:
            for split, rows in splits.items():
                writer._stream(split)
                writer.write(rows, split)
    assert list(open_view(tmp_path / "half", "pretrain")) == ["train"]
    with pytest.raises(UsageError, match="holds no rows in any split"):
        open_view(tmp_path / "none", "pretrain")
    with pytest.raises(UsageError, match="is not a directory"):
        open_view(tmp_path / "nowhere", "sft")
    (tmp_path / "void").mkdir()
    with pytest.raises(UsageError, match="holds no dataset"):
        open_view(tmp_path / "void", "sft")


# --- logs and curves -------------------------------------------------------------------------------------------


def test_a_log_is_continuous_across_interruptions(tmp_path):
    first = metrics.MetricsLog(tmp_path)
    for step in range(1, 6):
        first.log(step, {"loss": 1 / step, "said": "头痛", "flag": True, "bad": float("nan")})
    first.close()
    with (tmp_path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 6, "lo')
    second = metrics.MetricsLog(tmp_path, step=3)
    second.log(4, {"loss": 9.0})
    second.close()
    lines = metrics.read_metrics(tmp_path)
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert lines[0] == {"step": 1, "loss": 1.0, "bad": None}
    assert lines[-1]["loss"] == 9.0
    assert metrics.summarize_metrics(tmp_path) == {"loss_first": 1.0, "loss_last": 9.0}
    assert metrics.read_count(tmp_path, tmp_path / "checkpoint-2", "loss") == 0


def test_smoothing_has_no_start_up_bias():
    assert curves.smooth([2.0] * 5, 0.9) == pytest.approx([2.0] * 5)
    assert curves.smooth([1.0, 5.0, 3.0], 0) == [1.0, 5.0, 3.0]


def test_curves_are_drawn_and_the_same_twice(tmp_path):
    with pytest.raises(UsageError, match="has logged nothing yet"):
        curves.draw_curves(tmp_path)
    log = metrics.MetricsLog(tmp_path)
    for step in range(30):
        log.log(step, {"loss": 3 / (step + 1), "eval_loss": 1.0, "unknown": 2.0})
    log.close()
    files = curves.draw_curves(tmp_path)
    assert [path.name for path in files] == ["training_loss.png", "eval_loss.png"]
    before = files[0].read_bytes()
    assert before[:4] == b"\x89PNG"
    assert curves.draw_curves(tmp_path)[0].read_bytes() == before


# --- chat and the command line ---------------------------------------------------------------------------------


def test_a_conversation_is_kept_and_repeats_under_a_seed(adapted):
    def hold_conversation():
        chat = Chat(adapted, system="你是医生", max_new_tokens=8, seed=1)
        answers = ["".join(chat.say(text)) for text in ("头痛三天了", "没有发烧")]
        return answers, chat

    (first, chat), (second, _) = hold_conversation(), hold_conversation()
    assert first == second
    assert [message["role"] for message in chat.messages] == ["system", "user", "assistant", "user", "assistant"]
    chat.clear()
    assert [message["role"] for message in chat.messages] == ["system"]
    with pytest.raises(UsageError, match=r"the conversation takes \d+ tokens .* write less"):
        list(chat.say("头痛" * 2000))


def test_old_exchanges_leave_a_full_context(tmp_path):
    model_path = save_tiny_model(tmp_path / "model", context=128)
    chat = Chat(model_path, max_new_tokens=16, temperature=0)
    for _ in range(8):
        list(chat.say("头痛三天了，晚上更厉害"))
    assert len(chat.messages) == 16
    assert chat._encode_prompt().shape[1] + 16 <= 128


def test_the_command_line(base, adapted, tmp_path):
    runner = CliRunner()

    def run_command(*words, **options):
        return runner.invoke(app, list(words), catch_exceptions=False, **options)

    assert "parameters" not in run_command("train", "curves", adapted).output
    assert json.loads(run_command("train", "curves", adapted, "--json").output)[0].endswith("training_loss.png")
    merge_result = run_command("train", "merge", adapted, "--out", str(tmp_path / "merged"), "--dtype", "bfloat16")
    assert "weights in bfloat16" in merge_result.output
    text_path = tmp_path / "text.txt"
    text_path.write_text("头痛三天了，晚上更厉害\n" * 5, encoding="utf-8")
    tiny_result = run_command(
        "train", "tiny", str(text_path), "--out", str(tmp_path / "tiny"), "--hidden", "16", "--vocabulary", "300"
    )
    assert "context 1024" in tiny_result.output
    conversation_path = tmp_path / "talk.json"
    run_command(
        "chat",
        adapted,
        "--max-new-tokens",
        "4",
        "--seed",
        "1",
        "--save",
        str(conversation_path),
        input="头痛\n/clear\n发烧\n\n",
    )
    assert [message["role"] for message in json.loads(conversation_path.read_text(encoding="utf-8"))["messages"]] == [
        "user",
        "assistant",
    ]
    help_result = run_command("train", "sft", "--help")
    assert help_result.exit_code == 0
    assert "training  " in help_result.output
    with pytest.raises(UsageError, match="is not a run directory"):
        run_command("train", "merge", base, "--out", str(tmp_path / "x"))
