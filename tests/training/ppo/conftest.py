"""Fixtures of the tests of PPO: a tiny model, a view of prompts, rules of reward, and a way to run the trainer."""

from __future__ import annotations

import sys

import pytest

from cmtmed.training.model.loading import load_tokenizer
from tests.support.ppo import (
    MARKS,
    RULES,
    TINY,
    read_log,
    write_reward_run,
)
from tests.support.training import make_messages, save_tiny_model, train


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "model", hidden=64)


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    from datasets import Dataset, DatasetDict

    rows = [
        {"id": f"d{index}", "message": 1 + 2 * (index % 2), "prompt": make_messages(index)[: 1 + 2 * (index % 2)]}
        for index in range(12)
    ]
    folder = tmp_path_factory.mktemp("view") / "prompts"
    DatasetDict(train=Dataset.from_list(rows)).save_to_disk(str(folder))
    return str(folder)


@pytest.fixture(scope="module")
def tokenizer(base):
    return load_tokenizer(base, "auto")


@pytest.fixture
def rules(tmp_path, monkeypatch):
    (tmp_path / "ppo_rules.py").write_text(RULES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("ppo_rules", None)
    yield tmp_path
    sys.modules.pop("ppo_rules", None)


@pytest.fixture
def ppo(base, view, rules):
    """Run the trainer and return its log without what depends on the clock."""

    def run(out, *words, **kwargs):
        train("ppo", f"model={base}", f"data=[{{path: {view}}}]", f"out={rules / out}", *TINY, MARKS, *words, **kwargs)
        return read_log(rules / out)

    return run


@pytest.fixture(scope="module")
def rewarding(tmp_path_factory, base, tokenizer):
    return write_reward_run(tmp_path_factory.mktemp("reward") / "run", base, tokenizer)
