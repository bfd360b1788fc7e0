"""Settings of supervised fine-tuning."""

from __future__ import annotations

from pydantic import Field

from cmtmed.training.run.settings import DataSource, Settings


class SftSettings(Settings):
    """Settings of supervised fine-tuning."""

    data: list[DataSource] = Field(description="Builds or sft views, and files of conversations, mixed by weight.")
    validation: list[DataSource] = Field(
        default=[], description="What the evaluation reads; by default the validation splits of the builds in data."
    )
    max_length: int = Field(
        default=1024, ge=8, description="In tokens; longer dialogues are truncated after an answer."
    )
    weights: bool = Field(default=True, description="Whether the weights of messages count; otherwise all are 1.")
