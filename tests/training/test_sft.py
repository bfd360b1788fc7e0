"""Supervised fine-tuning: what is learnt, how much it counts, where it is cut, and that a run goes on exactly."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import cmtmed
from cmtmed.errors import DatasetError, OutputError, UsageError
from cmtmed.training.model.loading import load_model, load_tokenizer
from cmtmed.training.ppo.data import encode_prompt
from cmtmed.training.reward.encoding import encode_answer
from cmtmed.training.run import metrics
from cmtmed.training.run.batches import LengthGroupedSampler, measure_padding
from cmtmed.training.run.directory import Run
from cmtmed.training.sft.conversations import read_conversations
from cmtmed.training.sft.data import DialogueCollator, encode_dialogue, tokenize_dialogues
from cmtmed.training.sft.settings import SftSettings
from cmtmed.training.sft.trainer import WeightedTrainer
from tests.support.training import make_messages, train, write_sft_view

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
STEPS = ("training.max_steps=8", "training.save_steps=3", "training.logging_steps=1", "training.learning_rate=3e-3",
         "training.per_device_train_batch_size=3", "training.gradient_accumulation_steps=2", "max_length=256")  # fmt: skip


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    return write_sft_view(tmp_path_factory.mktemp("view") / "sft")


def decode_labels(tokenizer, row):
    return tokenizer.decode([label for label in row.labels if label != -100])


# --- what is learnt --------------------------------------------------------------------------------------------


def test_only_the_doctor_is_learnt_to_the_end_of_each_answer(tokenizer):
    row = encode_dialogue(tokenizer, make_messages(0), None, 512)
    assert decode_labels(tokenizer, row) == (
        "您好，有没有发烧？以前有过吗？<|im_end|>先测血压，注意休息，三天不好再来。<|im_end|>"
    )
    assert len(row.input_ids) == len(row.labels) == len(row.weights)
    assert tokenizer.decode(row.input_ids).startswith("<|im_start|>user\n头痛三天了")


@pytest.mark.parametrize("template", ["chatml", "plain", "zhongjing"])
def test_every_bundled_template_marks_the_same_answers(base, template):
    tokenizer = load_tokenizer(base, template)
    row = encode_dialogue(tokenizer, make_messages(1), None, 512)
    stop = "<|im_end|>" if template == "chatml" else "<|endoftext|>"
    assert decode_labels(tokenizer, row) == f"您好，咳嗽有痰吗？多大了？{stop}多喝水，可以做雾化，发烧了再来看。{stop}"


def test_the_weight_of_a_turn_is_that_of_its_tokens(tokenizer):
    row = encode_dialogue(tokenizer, make_messages(0), [0.0, 2.5, 0.0, 1.0], 512)
    answers = {
        weight: tokenizer.decode(
            [label for label, label_weight in zip(row.labels, row.weights, strict=True) if label_weight == weight]
        )
        for weight in (1.0, 2.5)
    }
    assert answers == {
        2.5: "您好，有没有发烧？以前有过吗？<|im_end|>",
        1.0: "先测血压，注意休息，三天不好再来。<|im_end|>",
    }
    assert {w for w, label in zip(row.weights, row.labels, strict=True) if label == -100} == {0.0}


def test_a_turn_of_weight_zero_is_read_and_not_learnt(tokenizer):
    row = encode_dialogue(tokenizer, make_messages(0), [0.0, 1.0, 0.0, 0.0], 512)
    assert decode_labels(tokenizer, row) == "您好，有没有发烧？以前有过吗？<|im_end|>"


OPENED = [
    {"role": "system", "content": "你是医生。"},
    {"role": "assistant", "content": "请问发烧几天了？"},
    {"role": "user", "content": "两天"},
    {"role": "assistant", "content": "先量体温。"},
]
"""A dialogue that begins with the doctor."""


@pytest.mark.parametrize("template", ["chatml", "plain", "zhongjing"])
def test_a_template_gets_a_question_that_opens_the_dialogue(base, template):
    tokenizer = load_tokenizer(base, template)
    row = encode_dialogue(tokenizer, OPENED, [0.0, 0.0, 0.0, 1.0], 512)
    text = tokenizer.decode(row.input_ids)
    assert [text.index(turn["content"]) for turn in OPENED] == sorted(text.index(turn["content"]) for turn in OPENED)
    assert decode_labels(tokenizer, row).startswith("先量体温。")


def test_a_template_that_demands_the_patient_first_gets_the_dialogue_from_there(base):
    tokenizer = load_tokenizer(base, "chatml")
    demand = "{% if (messages | rejectattr('role', 'equalto', 'system') | first).role != 'user' %}{{ raise_exception('user first') }}{% endif %}"
    tokenizer.chat_template = demand + tokenizer.chat_template
    row = encode_dialogue(tokenizer, OPENED, [0.0, 0.0, 0.0, 2.0], 512)
    assert row == encode_dialogue(tokenizer, [OPENED[0], *OPENED[2:]], [0.0, 0.0, 2.0], 512)
    assert set(row.weights) == {0.0, 2.0}
    assert encode_prompt(tokenizer, OPENED[:3], 512)[1] == [0, 2]
    answer = encode_answer(tokenizer, OPENED[:3], OPENED[3:], 512)
    assert answer.prompt_cut
    assert answer.ids == row.input_ids + answer.ids[len(row.input_ids) :]


@settings(max_examples=60)
@given(length=st.integers(0, 140), number=st.integers(0, 5))
def test_a_dialogue_is_cut_behind_an_answer_never_in_one(tokenizer, length, number):
    uncut_row = encode_dialogue(tokenizer, make_messages(number), None, 10_000)
    row = encode_dialogue(tokenizer, make_messages(number), None, length)
    assert len(row.input_ids) <= length
    assert row.input_ids == uncut_row.input_ids[: len(row.input_ids)]
    assert row.truncated == 2 - decode_labels(tokenizer, row).count("<|im_end|>")
    assert not row.labels or row.labels[-1] != -100


# --- how much it counts ----------------------------------------------------------------------------------------


def make_trainer(base, tmp_path, rows, tokenizer, **config):
    from datasets import Dataset
    from trl import SFTConfig

    args = SFTConfig(
        output_dir=str(tmp_path), report_to="none", bf16=False, use_cpu=True, activation_checkpointing=False,
        max_length=None, dataset_kwargs={"skip_prepare_dataset": True}, disable_tqdm=True, **config,
    )  # fmt: skip
    table = [
        {"input_ids": row.input_ids, "labels": row.labels, "weights": row.weights, "length": len(row.input_ids)}
        for row in rows
    ]
    return WeightedTrainer(
        model=load_model(base), args=args, train_dataset=Dataset.from_list(table),
        data_collator=DialogueCollator(tokenizer.pad_token_id), processing_class=tokenizer,
    )  # fmt: skip


def compute_mean_loss(model, rows):
    """Weighted mean of the negative log-likelihood over all learnt tokens, computed row by row."""
    total = weights = 0.0
    for row in rows:
        with torch.no_grad():
            logits = model(torch.tensor([row.input_ids])).logits[0]
        log_probs = torch.log_softmax(logits.float(), -1)
        for position in range(1, len(row.input_ids)):
            if row.labels[position] != -100:
                total -= row.weights[position] * float(log_probs[position - 1, row.labels[position]])
                weights += row.weights[position]
    return total / weights


def test_the_loss_is_the_weighted_mean_over_all_tokens_of_a_step(base, tokenizer, tmp_path):
    rows = [encode_dialogue(tokenizer, make_messages(index), [0, 2.5, 0, 1], 512) for index in range(5)]
    trainer = make_trainer(base, tmp_path, rows, tokenizer)
    model = trainer.model.eval()
    batches = [
        trainer.data_collator([trainer.train_dataset[index] for index in indices]) for indices in ([0, 1, 2], [3, 4])
    ]
    total = trainer._get_num_items_in_batch(batches, torch.device("cpu"))
    assert float(total) == pytest.approx(sum(sum(row.weights[1:]) for row in rows))
    # Micro-batches of 3 and 2 rows: their losses add up to the mean over all five rows.
    loss = sum(float(trainer.compute_loss(model, dict(batch), num_items_in_batch=total)) for batch in batches)
    assert loss == pytest.approx(compute_mean_loss(model, rows), abs=1e-5)


def test_weights_of_one_give_the_plain_mean(base, tokenizer, tmp_path):
    rows = [encode_dialogue(tokenizer, make_messages(number), None, 512) for number in range(3)]
    trainer = make_trainer(base, tmp_path, rows, tokenizer)
    batch = trainer.data_collator(list(trainer.train_dataset))
    plain = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["labels"])
    assert float(trainer.compute_loss(trainer.model, dict(batch))) == pytest.approx(float(plain.loss), abs=1e-5)


# --- batches ---------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(1, 9), st.integers(0, 3))
def test_an_epoch_sees_each_row_once_in_an_order_of_its_own(lengths, batch, epoch):
    sampler = LengthGroupedSampler(lengths, batch, seed=1)
    sampler.set_epoch(epoch)
    order = list(sampler)
    assert sorted(order) == list(range(len(lengths))) == list(range(len(sampler)))
    assert order == list(sampler)
    other = LengthGroupedSampler(range(100), 4, seed=1)
    first = list(other)
    other.set_epoch(epoch + 1)
    assert list(other) != first


def test_next_to_nothing_is_padding():
    import random

    draw = random.Random(0)
    lengths = [int(draw.lognormvariate(5.5, 0.6)) for _ in range(2000)]
    shuffled = draw.sample(range(2000), 2000)
    assert measure_padding(lengths, shuffled, 8) > 0.25
    assert measure_padding(lengths, list(LengthGroupedSampler(lengths, 8, 0)), 8) < 0.02


# --- whole runs ------------------------------------------------------------------------------------------------


def read_losses(out):
    return [(line["step"], line["loss"], line["tokens"]) for line in metrics.read_metrics(out) if "loss" in line]


@pytest.mark.parametrize("lora", ["null", "{r: 4}"])
def test_a_run_learns_goes_on_exactly_and_is_taken_by_the_next(base, view, tmp_path, monkeypatch, lora):
    words = (f"model={base}", f"data.0.path={view}", f"lora={lora}", *STEPS)
    train("sft", *words, f"out={tmp_path / 'whole'}")
    # Interrupted in the fifth step, after the checkpoint of the third.
    calls = []
    original = WeightedTrainer.training_step

    def interrupt_step(self, *args, **options):
        calls.append(1)
        if len(calls) > 9:
            raise KeyboardInterrupt
        return original(self, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(WeightedTrainer, "training_step", interrupt_step)
        with pytest.raises(KeyboardInterrupt):
            train("sft", *words, f"out={tmp_path / 'broken'}")
    assert not Run.open(tmp_path / "broken").is_finished
    train("sft", *words, f"out={tmp_path / 'broken'}")
    assert read_losses(tmp_path / "broken") == read_losses(tmp_path / "whole")
    run = Run.open(tmp_path / "whole")
    assert run.is_finished
    assert (run.root / "training_loss.png").stat().st_size > 5000
    if lora == "null":
        assert read_losses(run.root)[-1][1] < read_losses(run.root)[0][1] - 0.25
    else:
        assert (run.root / "adapter" / "adapter_config.json").is_file()
    # Finished: the same command does nothing, another one is refused.
    before = (run.root / "run.json").read_bytes()
    train("sft", *words, f"out={tmp_path / 'whole'}")
    assert (run.root / "run.json").read_bytes() == before
    with pytest.raises(OutputError, match=r"other settings \(seed\); choose another out="):
        train("sft", *words, f"out={tmp_path / 'whole'}", "seed=1")
    assert "supervised fine-tuning" in (run.weights_dir / "README.md").read_text(encoding="utf-8")


def test_two_processes_give_what_one_gives(base, view, tmp_path):
    words = [f"model={base}", f"data.0.path={view}", "lora=null", *STEPS, "training.max_steps=4"]
    train("sft", *words, f"out={tmp_path / 'one'}")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    process = subprocess.run(
        [*launch, str(cmtmed.bundled("trainers/sft.py")), *words, "training.gradient_accumulation_steps=1",
         f"out={tmp_path / 'two'}"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr[-4000:]
    steps_of_one, steps_of_two = (
        [(step, round(loss, 4), tokens) for step, loss, tokens in read_losses(tmp_path / out)] for out in ("one", "two")
    )
    assert steps_of_one == steps_of_two
    assert Run.open(tmp_path / "one").record.metrics["eval_loss"] == pytest.approx(
        Run.open(tmp_path / "two").record.metrics["eval_loss"], abs=1e-4
    )


def test_the_evaluation_is_the_weighted_mean_over_all_tokens(base, view, tokenizer, tmp_path):
    words = (f"model={base}", f"data.0.path={view}", "lora=null", *STEPS, "training.max_steps=1")
    train("sft", *words, "training.per_device_eval_batch_size=3", f"out={tmp_path / 'run'}")
    rows = [encode_dialogue(tokenizer, make_messages(number), [0, 2, 0, 1], 256) for number in range(4)]
    eval_loss = Run.open(tmp_path / "run").record.metrics["eval_loss"]
    assert eval_loss == pytest.approx(compute_mean_loss(load_model(str(tmp_path / "run")).eval(), rows), abs=1e-4)


def test_a_checkpoint_cut_short_is_set_aside(base, view, tmp_path, monkeypatch):
    words = (f"model={base}", f"data.0.path={view}", "lora=null", *STEPS)
    train("sft", *words, f"out={tmp_path / 'whole'}")
    with monkeypatch.context() as patched:
        patched.setattr(
            "cmtmed.training.model.saving.save_model", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            train("sft", *words, f"out={tmp_path / 'cut'}")
    weights = tmp_path / "cut" / "checkpoints" / "checkpoint-8" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    train("sft", *words, f"out={tmp_path / 'cut'}")
    assert (tmp_path / "cut" / "checkpoints" / "cut-checkpoint-8").is_dir()
    assert read_losses(tmp_path / "cut") == read_losses(tmp_path / "whole")


def test_the_log_holds_no_text(base, view, tmp_path, capfd):
    train("sft", f"model={base}", f"data.0.path={view}", "lora=null", f"out={tmp_path / 'run'}", *STEPS)
    output = (
        "".join(capfd.readouterr())
        + (tmp_path / "run" / "metrics.jsonl").read_text()
        + (tmp_path / "run" / "run.json").read_text()
    )
    assert not [text for text in ("头痛", "发烧", "孩子") if text in output]


# --- what is refused -------------------------------------------------------------------------------------------


def make_dataset(*dialogues):
    from datasets import Dataset

    return Dataset.from_list(
        [{"id": name, "messages": turns, "weights": weights} for name, turns, weights in dialogues]
    )


def test_a_dialogue_without_anything_to_learn_is_named(tokenizer, base):
    sft_settings = SftSettings(model=base, out="x", data=[])
    silent = [{"role": "user", "content": "在吗"}]
    table = make_dataset(
        ("a/1", make_messages(0), [0, 1, 0, 1]), ("a/2", silent, [0]), ("a/3", make_messages(0), [0, 0, 0, 0])
    )
    with pytest.raises(DatasetError, match=r"in 2 dialogues the doctor says nothing .*: 'a/2', 'a/3'; drop them"):
        tokenize_dialogues(table, tokenizer, sft_settings, "build")
    short_settings = SftSettings(model=base, out="x", data=[], max_length=8)
    with pytest.raises(UsageError, match="no dialogue has an answer within 8 tokens; raise max_length"):
        tokenize_dialogues(make_dataset(("a/1", make_messages(0), [0, 1, 0, 1])), tokenizer, short_settings, "build")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data.0.path=/nowhere"], "'/nowhere' does not exist"),
        (["data=[]"], "no data: give one source or more"),
        (["trainning.max_steps=1"], "unknown key 'trainning'; did you mean 'training'"),
        (["training.learning_rte=1"], "training: unknown key 'learning_rte'; did you mean 'learning_rate'"),
        (["lora.rank=8"], "lora: unknown key 'rank'"),
        (["model=/no/model"], "no tokenizer can be loaded from '/no/model'"),
        (["template=chatmll"], "no chat template is called 'chatmll'; did you mean 'chatml'"),
        (
            ["max_length=100000"],
            "max_length 100000 is more than the model's context of 1024; set max_length=1024 or less",
        ),
        (["training.learning_rate=abc"], "training.learning_rate is a number; 'abc' is not"),
        (["training.per_device_train_batch_size=0"], "training.per_device_train_batch_size is 0; give 1 or more"),
        (["lora.r=0"], "lora.r is 0; give 1 or more"),
        (["lora.target_modules=[q_prj]"], "the model has no layer 'q_prj'; did you mean 'q_proj'"),
        (["lora.target_modules=nope"], r"no layer matches 'nope'; give a list of names"),
        (["data=out"], r"data is a list; give data\.0\.path="),
        (["max_length"], "'max_length' is not of the form key=value"),
        (["training.seed=3"], "training.seed is set by seed"),
        (["data.0.weight=0"], "data.0.weight"),
        (["data.3.path=x"], "there is no item '3'"),
        (["data.0.wait=2"], "data.0.wait: unknown key; did you mean 'weight'"),
    ],
)
def test_wrong_settings_are_named(base, view, tmp_path, words, message):
    with pytest.raises(UsageError, match=message):
        train("sft", f"model={base}", f"data.0.path={view}", f"out={tmp_path / 'run'}", "max_length=256", *words)


def test_another_view_is_named_with_what_makes_the_right_one(base, tmp_path):
    from datasets import Dataset

    folder = tmp_path / "out" / "prompts"
    Dataset.from_list([{"id": "a", "message": 1, "prompt": make_messages(0)[:1]}]).save_to_disk(str(folder))
    with pytest.raises(
        UsageError, match=r"holds the view 'prompts', and this stage reads 'sft'; make it with views: \{"
    ):
        train("sft", f"model={base}", f"data.0.path={folder}", f"out={tmp_path / 'run'}", "max_length=256")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "好"}\n', "no conversation format has the fields text"),
        ("a.jsonl", "{\n", "line 1 is not JSON"),
        ("a.jsonl", "", "holds no conversations"),
        ("a.jsonl", '{"messages": [{"role": "nurse", "content": "好"}]}\n', "row 1 is not a messages conversation"),
    ],
)
def test_files_that_are_no_conversations(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises((UsageError, DatasetError), match=message) as error:
        read_conversations(path)
    assert "好" not in str(error.value)


def test_three_kinds_of_files_are_read(tmp_path):
    row_by_format = {
        "messages": {"messages": make_messages(0)},
        "sharegpt": {"conversations": [{"from": "human", "value": "头痛"}, {"from": "gpt", "value": "多久了？"}]},
        "alpaca": {"instruction": "头痛", "input": "三天", "output": "测血压", "history": [["在吗", "在的"]]},
    }
    for format_name, row in row_by_format.items():
        path = tmp_path / f"{format_name}.jsonl"
        path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
        assert read_conversations(path)[0]["weights"][1] == 1.0
        assert read_conversations(path, format_name)[:] == read_conversations(path)[:]
    assert [message["content"] for message in read_conversations(tmp_path / "alpaca.jsonl")[0]["messages"]] == [
        "在吗", "在的", "头痛\n三天", "测血压",
    ]  # fmt: skip
