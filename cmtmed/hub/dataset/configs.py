"""Configs of a published dataset: the tables of a build, and what each is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from cmtmed.hub.staging import PublishedFile


class Purpose(NamedTuple):
    """What a table is for, in one phrase of each language."""

    english: str
    chinese: str


CONFIGS: Final = {
    "sft": Purpose(
        "supervised fine-tuning: `messages` (`role`, `content`) and `weights`, one per message, 0 for turns that are "
        "not to be learnt",
        "监督微调：`messages` 与逐条的 `weights`，0 表示不学习该轮",
    ),
    "pretrain": Purpose(
        "continued pretraining: `text`, one turn per line after its speaker's name",
        "继续预训练：`text`，每行一轮，以说话人开头",
    ),
    "prompts": Purpose(
        "reinforcement learning: `prompt`, the messages before a doctor's turn, whose index is `message`",
        "强化学习：`prompt` 为医生轮次之前的消息，`message` 为该轮序号",
    ),
    "dialogues": Purpose("the full table, whose fields are listed above", "完整的对话表，字段见上"),
}
"""What each table is for, in the order in which cards list them."""


def default_config(files: Sequence[PublishedFile]) -> str:
    """Return the config that is loaded when none is named: the first of `CONFIGS` that was published."""
    configs = {file.config for file in files}
    return next(name for name in CONFIGS if name in configs)
