"""Prompts: what fits, and in which order."""

from __future__ import annotations

import logging

import pytest

from cmtmed.errors import DatasetError, UsageError
from cmtmed.training.ppo.data import Prompts, encode_prompt
from tests.support.ppo import (
    make_settings,
)
from tests.support.training import make_messages

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def test_long_prompts_lose_whole_turns_in_front_and_keep_system_and_last(tokenizer):
    talk = [{"role": "system", "content": "你是医生。"}, *make_messages(0)[:3]]
    all_ids, turns = encode_prompt(tokenizer, talk, 1000)
    assert turns == [0, 1, 2, 3]
    ids, turns = encode_prompt(tokenizer, talk, len(all_ids) - 1)
    assert turns == [0, 3]
    assert tokenizer.decode(ids) == (
        "<|im_start|>system\n你是医生。<|im_end|>\n<|im_start|>user\n没有发烧<|im_end|>\n<|im_start|>assistant\n"
    )
    assert encode_prompt(tokenizer, talk, len(ids) - 1) == ([], [])
    with pytest.raises(ValueError, match="does not end with the patient"):
        encode_prompt(tokenizer, make_messages(0), 1000)


def load_prompts(base, tokenizer, folder, rows, **given_):
    from datasets import Dataset, DatasetDict

    DatasetDict(train=Dataset.from_list(rows)).save_to_disk(str(folder))
    return Prompts(make_settings(base, data=[{"path": str(folder)}], **given_), tokenizer, 64)


def test_prompts_that_do_not_fit_are_left_out_and_named(tmp_path, base, tokenizer, caplog):
    rows = [{"id": f"d{number}", "message": 3, "prompt": make_messages(0)[:3]} for number in range(3)]
    rows.append({"id": "long", "message": 1, "prompt": [{"role": "user", "content": "头痛" * 100}]})
    with caplog.at_level(logging.INFO, "cmtmed.training"):
        prompts = load_prompts(base, tokenizer, tmp_path / "view", rows, max_new_tokens=30)
    assert "1 prompts are left out, because their last turn alone has more than 34 tokens: 'long'" in caplog.text
    assert "3 prompts lose their oldest turns to fit in 34 tokens" in caplog.text
    assert len(prompts) == 3
    first, second = [sorted(prompt.id for prompt in prompts.take(range(start, start + 3))) for start in (0, 3)]
    assert first == second == ["d0", "d1", "d2"]
    assert [prompt.id for prompt in prompts.take([4, 1])] == [prompts.take([start])[0].id for start in (4, 1)]
    with pytest.raises(UsageError, match="no prompt fits in 4 tokens"):
        load_prompts(base, tokenizer, tmp_path / "none", rows, max_new_tokens=60)
    with pytest.raises(UsageError, match="max_new_tokens 64 leaves no room for prompts in the context of 64"):
        load_prompts(base, tokenizer, tmp_path / "full", rows, max_new_tokens=64)
    with pytest.raises(DatasetError, match="prompt 'd9' does not end with the patient"):
        load_prompts(
            base,
            tokenizer,
            tmp_path / "wrong",
            [{"id": "d9", "message": 1, "prompt": make_messages(0)}],
            max_new_tokens=8,
        )
