"""Configs of a published dataset: the tables of a build, and what each is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cmtmed.hub.staging import PublishedFile

CONFIGS: Final = {
    "sft": "supervised fine-tuning: `messages` (role, content), and `weights`, one per message: 0 for turns that are "
    "not to be learnt.",
    "pretrain": "continued pretraining: `text`, one turn per line after its speaker's name.",
    "prompts": "reinforcement learning: `prompt`, the messages before a doctor's turn, whose index is `message`.",
    "dialogues": "the full table: `messages`, the doctors' questions (`inquiries`: message, start, end, slot), "
    "redacted spans (`identifiers`: message, start, end, type, action), department, source, licence, and what every "
    "stage did (`trace`).",
}
"""What each table is for, in the order in which cards list them."""


def default_config(files: Sequence[PublishedFile]) -> str:
    """Return the config that is loaded when none is named: the first of `CONFIGS` that was published."""
    configs = {file.config for file in files}
    return next(name for name in CONFIGS if name in configs)
