"""The reward model: its loss to the last digit, the split_rankings, centring, exact resume, and that the next stage can load it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="needs the extra train")

import torch

from cmtmed.errors import CmtmedError, UsageError
from cmtmed.resources import bundled
from cmtmed.training.model.loading import load_model, load_tokenizer
from cmtmed.training.reward.data import PairCollator, extract_opening, split_rankings
from cmtmed.training.reward.encoding import encode_answer
from cmtmed.training.reward.rankings import Ranking
from cmtmed.training.reward.readers.files import LoadedRankings, read_rankings
from cmtmed.training.reward.settings import RankingSource, RewardSettings
from cmtmed.training.reward.trainer import PreferenceTrainer, center_rewards, compute_preference_loss
from cmtmed.training.run import metrics
from cmtmed.training.run.directory import Run
from tests.support.training import save_tiny_model, train, write_sft_view

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
RANKINGS = str(bundled("examples/rankings.jsonl"))
STEPS = ("training.max_steps=8", "training.save_steps=4", "training.logging_steps=1", "training.learning_rate=3e-3",
         "training.per_device_train_batch_size=4", "training.gradient_accumulation_steps=2", "max_length=256",
         "held_out=0.1", f"data.0.path={RANKINGS}")  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="module")
def tokenizer(base):
    return load_tokenizer(base, "auto")


@pytest.fixture(scope="module")
def runs(base, tmp_path_factory):
    """A full run, an SFT adapter, a reward adapter over it, and a reward run that goes on from that."""
    folder = tmp_path_factory.mktemp("runs")
    view = write_sft_view(folder / "sft_view")
    train("reward", f"model={base}", f"out={folder / 'full'}", "lora=null", "ties=use", *STEPS)
    train("sft", f"model={base}", f"out={folder / 'sft'}", f"data.0.path={view}", "lora={r: 4}", "max_length=256",
          "training.max_steps=2", "training.learning_rate=1e-2")  # fmt: skip
    train("reward", f"model={folder / 'sft'}", f"out={folder / 'adapter'}", "lora={r: 4}", *STEPS)
    train("reward", f"model={folder / 'adapter'}", f"out={folder / 'again'}", "lora={r: 4}", *STEPS,
          "training.max_steps=2", "training.learning_rate=0.0")  # fmt: skip
    return folder


def user(text):
    return {"role": "user", "content": text}


def doctor(text):
    return {"role": "assistant", "content": text}


# --- the loss --------------------------------------------------------------------------------------------------


def test_the_loss_by_hand():
    margin = torch.tensor([0.0, math.log(3), -math.log(3), 2 * math.log(2), 0.0, 2 * math.log(2)])
    tie = torch.tensor([False, False, False, False, True, True])
    plain = compute_preference_loss(margin[:4], tie[:4], None)
    # Bradley and Terry: sigmoid(0) = 1/2, sigmoid(ln 3) = 3/4, sigmoid(-ln 3) = 1/4, sigmoid(2 ln 2) = 4/5.
    assert plain.tolist() == pytest.approx([math.log(2), math.log(4 / 3), math.log(4), math.log(5 / 4)])
    # Davidson with nu = 1/2. At margin 2 ln 2: exp(d/2) = 2, exp(-d/2) = 1/2, so 2 : 1/2 : 1/2 of 3.
    tied = compute_preference_loss(margin[3:], tie[3:], 0.5)
    assert tied.tolist() == pytest.approx([math.log(3 / 2), math.log(5), math.log(6)])


@given(st.floats(-20, 20), st.floats(0.01, 5))
def test_the_three_outcomes_add_up_to_one(margin, nu):
    margins = torch.tensor([margin, -margin, margin], dtype=torch.float64)
    chances = torch.exp(-compute_preference_loss(margins, torch.tensor([False, False, True]), nu))
    assert float(chances.sum()) == pytest.approx(1)
    assert float(chances[0] / (chances[0] + chances[1])) == pytest.approx(1 / (1 + math.exp(-margin)), rel=1e-6)
    at_zero = torch.exp(-compute_preference_loss(torch.zeros(1), torch.tensor([True]), nu))
    assert float(at_zero) == pytest.approx(nu / (nu + 2), rel=1e-5)


def test_the_loss_of_a_step_is_the_mean_over_its_pairs_however_they_are_cut(base, tokenizer, tmp_path):
    from trl import RewardConfig

    rows = read_rankings(RankingSource(path=RANKINGS)).rankings[:6]
    _, _, table, _ = split_sides(rows, tokenizer, ties="use")
    table = table.select(sorted(range(len(table)), key=lambda index: not table["tie"][index])[:8])
    assert set(table["tie"][:]) == {True, False}
    weights = []
    for batch, steps in ((8, 1), (2, 4)):
        torch.manual_seed(3)
        model = load_model(base, scalar=True)
        args = RewardConfig(
            output_dir=str(tmp_path), report_to="none", bf16=False, use_cpu=True, activation_checkpointing=False,
            max_length=None, disable_tqdm=True, max_steps=1, per_device_train_batch_size=batch, logging_steps=1,
            gradient_accumulation_steps=steps, center_rewards_coefficient=0.1, save_strategy="no",
            optim="sgd", learning_rate=1.0, max_grad_norm=0.0,
        )  # fmt: skip
        trainer = PreferenceTrainer(
            model=model, args=args, train_dataset=table, data_collator=PairCollator(tokenizer.pad_token_id),
            processing_class=tokenizer,
        )  # fmt: skip
        trainer.nu = 0.7
        with torch.no_grad():
            before = [float(model(torch.tensor([ids])).logits) for row in table for ids in
                      (row["chosen_ids"], row["rejected_ids"])]  # fmt: skip
        trainer.train()
        by_hand = 0.0
        for index, tie in enumerate(table["tie"][:]):
            better, worse = before[2 * index], before[2 * index + 1]
            half = (better - worse) / 2
            total = math.exp(half) + math.exp(-half) + 0.7
            by_hand += math.log(total / (0.7 if tie else math.exp(half))) + 0.1 * (better + worse) ** 2
        logged = next(line["loss"] for line in trainer.state.log_history if "loss" in line)
        assert logged == pytest.approx(by_hand / 8, abs=2e-5)
        weights.append(trainer.model.score.weight.detach().clone())
    assert torch.allclose(weights[0], weights[1], atol=1e-5)


def split_sides(rankings, tokenizer, **values):
    """Divide rankings; all in training if nothing is said."""
    reward_settings = RewardSettings(
        model="m", out=Path("o"), data=[], **{"held_out": 0.0, "max_length": 256, **values}
    )
    training, kept = split_rankings([LoadedRankings("s", rankings, len(rankings))], reward_settings, tokenizer)
    return training["s"], kept["s"], training["s"].to_dataset(), training["s"].flat_ids


# --- the split -------------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(share=st.floats(0.05, 0.6))
def test_no_prompt_stands_on_two_sides(tokenizer, share):
    rankings = read_rankings(RankingSource(path=RANKINGS)).rankings[:60]
    # The same question, later in its consultation.
    later = [
        Ranking("l", [*ranking.prompt, doctor("多久了？"), user("三天")], ranking.answers, ranking.utilities)
        for ranking in rankings
    ]
    training, kept, *_ = split_sides(rankings + later, tokenizer, held_out=share)
    training_openings, held_out_openings = (
        {extract_opening(ranking.prompt) for ranking in side.rankings} for side in (training, kept)
    )
    assert not training_openings & held_out_openings
    assert len(training.rankings) + len(kept.rankings) == 120
    extended_training, *_ = split_sides(rankings + later, tokenizer, held_out=share)
    assert extended_training.ids == training.ids


def test_sides_without_pairs_are_refused(tokenizer):
    tied = [
        Ranking(str(number), [user(f"第{number}次头痛，该怎么办")], [[doctor("好")], [doctor("行")]], [1, 1])
        for number in range(9)
    ]
    with pytest.raises(UsageError, match=r"no pair is left to train on in 9 rankings: 9 ties .*set ties=use"):
        split_sides(tied, tokenizer)
    assert len(split_sides(tied, tokenizer, ties="use")[2]) == 9
    with pytest.raises(UsageError, match=r"held_out 0.5 of 9 .*without a pair in which one answer is better"):
        split_sides(tied, tokenizer, held_out=0.5, ties="use")
    clear = [Ranking("1", [user("头痛三天了，该怎么办")], [[doctor("好")], [doctor("行")]], [2, 1])]
    with pytest.raises(UsageError, match=r"held_out 1e-06 of 1 rankings keeps 0"):
        split_sides(clear, tokenizer, held_out=1e-6)
    with pytest.raises(UsageError, match=r"held_out 0.99\d* takes all 1 rankings"):
        split_sides(clear, tokenizer, held_out=0.999999)
    close = [Ranking("1", [user("头痛三天了，该怎么办")], [[doctor("好")], [doctor("行")]], [2, 1], 3)]
    with pytest.raises(UsageError, match=r"1 pairs are too close"):
        split_sides(close, tokenizer)


# --- runs ------------------------------------------------------------------------------------------------------


def compute_rewards_of(run, answers=12):
    """Score the first answers of the examples one by one, as somebody would who has only the run."""
    model = load_model(str(run), scalar=True).eval()
    tokenizer = load_tokenizer(str(run))
    rewards = []
    for ranking in read_rankings(RankingSource(path=RANKINGS)).rankings:
        for answer in ranking.answers:
            ids = encode_answer(tokenizer, ranking.prompt, answer, 256).ids
            with torch.no_grad():
                rewards.append(float(model(torch.tensor([ids])).logits))
        if answers and len(rewards) >= answers:
            break
    return rewards


@pytest.mark.parametrize("name", ["full", "adapter"])
def test_a_plain_load_gives_centred_rewards(runs, name):
    model = load_model(str(runs / name), scalar=True).eval()
    reward_settings = RewardSettings(model="m", out=Path("o"), data=[], held_out=0.1, max_length=256)
    tokenizer = load_tokenizer(str(runs / name))
    training, kept = split_rankings([read_rankings(RankingSource(path=RANKINGS))], reward_settings, tokenizer)
    (answers,) = training.values()
    collator = PairCollator(tokenizer.pad_token_id)
    with torch.no_grad():
        batch_rewards = [
            model(**collator.pad(answers.flat_ids[start : start + 32])).logits
            for start in range(0, len(answers.flat_ids), 32)
        ]
    assert float(torch.cat(batch_rewards).mean()) == pytest.approx(0, abs=1e-5)
    assert abs(Run.open(runs / name).record.offset) > 1e-4
    (encoded,) = kept.values()
    (report,) = Run.open(runs / name).record.held_out.values()
    correct = start = 0
    with torch.no_grad():
        rewards = [float(model(torch.tensor([ids])).logits) for ids in encoded.flat_ids]
    for ids, pairs in zip(encoded.ids, encoded.pairs, strict=True):
        correct += sum(rewards[start + pair.chosen] > rewards[start + pair.rejected] for pair in pairs if not pair.tie)
        start += len(ids)
    assert report["accuracy"] == pytest.approx(correct / report["pairs"], abs=1.5 / report["pairs"])
    assert Run.open(runs / name).record.metrics["eval_accuracy"] == pytest.approx(report["accuracy"])


def test_a_merged_copy_and_a_further_run_give_the_same_rewards(runs, tmp_path):
    first = compute_rewards_of(runs / "adapter")
    assert len({round(value, 4) for value in first}) > 1
    model = load_model(str(runs / "adapter"), scalar=True)
    model.save_pretrained(str(tmp_path / "merged"))
    load_tokenizer(str(runs / "adapter")).save_pretrained(str(tmp_path / "merged"))
    assert compute_rewards_of(tmp_path / "merged") == pytest.approx(first, abs=1e-6)
    # Learnt at a rate of zero, the run that goes on from it is centred again on the same answers: it is the same.
    assert compute_rewards_of(runs / "again") == pytest.approx(first, abs=1e-5)


def test_the_adapter_of_an_sft_run_lies_under_the_scalar_model(runs, base):
    causal = load_model(str(runs / "sft"))
    scalar = load_model(str(runs / "sft"), scalar=True)
    plain = load_model(base, scalar=True)
    assert set(scalar.state_dict()) == set(plain.state_dict()) >= {"score.weight", "score.bias"}
    for name, weight in causal.model.state_dict().items():
        assert torch.equal(scalar.model.state_dict()[name], weight), name
    changed = [n for n, w in plain.model.state_dict().items() if not torch.equal(w, scalar.model.state_dict()[n])]
    assert any("proj" in name for name in changed)


def test_a_reward_run_writes_no_text(runs):
    with pytest.raises(UsageError, match="is a reward model: it outputs scores, not text"):
        load_model(str(runs / "full"))


def test_what_a_run_says(runs):
    record = Run.open(runs / "full").record
    (counts,) = record.counts
    assert counts["rows"] == counts["rows_read"] == counts["rankings"] == 150
    assert counts["training"]["rankings"] + counts["held_out"]["rankings"] == 150
    (report,) = record.held_out.values()
    assert set(report["aspects"]) == {"safety", "professionalism", "fluency"}
    assert sum(row["pairs"] for row in report["reliability"]) == report["pairs"] == counts["held_out"]["better"]
    assert report["ties"] == counts["held_out"]["ties"]
    logged = {name for line in metrics.read_metrics(runs / "full") for name in line}
    assert {"loss", "accuracy", "margin", "reward", "eval_accuracy", "eval_calibration_error"} <= logged
    assert {path.name for path in runs.joinpath("full").glob("*.png")} >= {"training_loss.png", "eval_accuracy.png"}
    text = (runs / "full" / "run.json").read_text() + (runs / "full" / "metrics.jsonl").read_text()
    assert "头痛" not in text


def test_a_resumed_run_is_the_uninterrupted_one(runs, base, tmp_path, monkeypatch):
    from transformers import Trainer

    class StoppedError(Exception):
        pass

    training_step = Trainer.training_step

    def breaks(self, *args, **kwargs):
        if self.state.global_step == 6:
            raise StoppedError
        return training_step(self, *args, **kwargs)

    words = (f"model={base}", f"out={tmp_path / 'full'}", "lora=null", "ties=use", *STEPS)
    monkeypatch.setattr(Trainer, "training_step", breaks)
    with pytest.raises(StoppedError):
        train("reward", *words)
    monkeypatch.setattr(Trainer, "training_step", training_step)
    assert Run.open(tmp_path / "full").find_checkpoint().name == "checkpoint-4"
    train("reward", *words)
    kept = ("step", "loss", "accuracy", "margin", "reward", "learning_rate", "grad_norm", "eval_loss", "eval_accuracy")
    uninterrupted, resumed = (
        [{name: line[name] for name in kept if name in line} for line in metrics.read_metrics(path)]
        for path in (runs / "full", tmp_path / "full")
    )
    assert resumed == uninterrupted
    assert compute_rewards_of(tmp_path / "full") == compute_rewards_of(runs / "full")
    records = (Run.open(path / "full").record for path in (runs, tmp_path))
    assert len({json.dumps([record.held_out, record.offset], sort_keys=True) for record in records}) == 1


def test_the_padding_token_of_a_run_without_one_of_its_own(base, tmp_path):
    """Where the end of text pads too, the end is found in the same place in training and afterwards."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.pad_token = None
    model = AutoModelForCausalLM.from_pretrained(base)
    model.config.pad_token_id = None
    for saved in (tokenizer, model):
        saved.save_pretrained(str(tmp_path / "base"))
    words = [f"model={tmp_path / 'base'}", f"out={tmp_path / 'run'}", "lora={r: 2}", *STEPS, "training.max_steps=1"]
    train("reward", *words)
    run = Run.open(tmp_path / "run")
    loaded = load_model(str(tmp_path / "run"), scalar=True).eval()
    assert loaded.config.pad_token_id == run.record.pad_token_id == tokenizer.eos_token_id
    ids = encode_answer(load_tokenizer(str(tmp_path / "run")), [user("头痛")], [doctor("多久了？")], 99).ids
    padded = PairCollator(tokenizer.eos_token_id).pad([ids, [*ids, *ids]])
    with torch.no_grad():
        single, together = loaded(torch.tensor([ids])).logits[0], loaded(**padded).logits[0]
    assert float(single) == pytest.approx(float(together), abs=1e-6)


def test_a_head_without_a_bias_is_said(caplog):
    from torch import nn

    model = nn.ModuleDict({"score": nn.Linear(2, 1, bias=False)})
    assert center_rewards(model, [1.0, 2.0]) == 0.0
    assert "no bias, so its rewards cannot be centred; their mean is 1.5" in caplog.text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["max_length=4096"], "length 4096 is more than the model's context of 1024"),
        (["ties=maybe"], "ties: Input should be 'drop' or 'use'"),
        (["data.0.rank=order"], "unknown key"),
        (["training.max_length=5", "training.warmup=1"], "unknown key 'warmup'"),
        (["data.0.format=tsv", "data.0.ranks=auto"], "auto cannot tell; set one of the two"),
        (["data.0.path=missing.jsonl"], "'missing.jsonl' does not exist"),
        (["min_diffrence=1"], "did you mean 'min_difference'"),
        (["held_out=1"], "held_out"),
    ],
)
def test_bad_settings(base, tmp_path, words, message):
    with pytest.raises(CmtmedError, match=message):
        train("reward", f"model={base}", f"out={tmp_path / 'run'}", "lora=null", *STEPS, *words)


def test_a_view_of_the_wrong_kind(base, tmp_path):
    view = write_sft_view(tmp_path / "sft")
    with pytest.raises(UsageError, match=r"holds the view 'sft', but the reward trainer reads ranking files"):
        train("reward", f"model={base}", f"out={tmp_path / 'run'}", "lora=null", *STEPS, f"data.0.path={view}")


def test_sources_are_mixed_and_measured_apart(base, tmp_path):
    rows = [
        {"question": f"第{number}次头痛，该怎么办？", "response_chosen": "血压多少？", "response_rejected": "不用管。"}
        for number in range(40)
    ]
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    tied = {"prompt": "咳嗽一周，该怎么办？", "answers": [{"text": "好"}, {"text": "行"}], "ranks": [1, 1]}
    (tmp_path / "tied.jsonl").write_text(json.dumps(tied), encoding="utf-8")
    words = [f"model={base}", f"out={tmp_path / 'run'}", "lora=null", *STEPS, "training.max_steps=2", "held_out=0.3",
             f"data.1.path={path}", "data.1.weight=0.5", "data.1.name=pairs",
             f"data.2.path={tmp_path / 'tied.jsonl'}"]  # fmt: skip
    train("reward", *words)
    record = Run.open(tmp_path / "run").record
    assert list(record.held_out)[:2] == ["examples/rankings.jsonl", "pairs"]
    assert [entry["rows"] for entry in record.counts] == [150, 40, 1]
    assert record.counts[2]["training"]["ties"] + record.counts[2]["held_out"]["ties"] == 1
    before = (tmp_path / "run" / "run.json").read_bytes()
    train("reward", *words)  # finished: nothing happens
    assert (tmp_path / "run" / "run.json").read_bytes() == before
