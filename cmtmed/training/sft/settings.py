"""Settings of supervised fine-tuning."""

from __future__ import annotations

from pydantic import Field

from cmtmed.training.run.settings import DataSource, Settings


class SftSettings(Settings):
    """Settings of supervised fine-tuning."""

    data: list[DataSource] = Field(description="Builds or sft views, and files of conversations, mixed by weight.")
    validation: list[DataSource] = Field(
        default=[], description="Data for the evaluation; by default the validation splits of the builds in data."
    )
    max_length: int = Field(
        default=1024, ge=8, description="Maximum length in tokens; longer dialogues are truncated after an answer."
    )
    weights: bool = Field(default=True, description="Whether to use the weights of messages; otherwise all are 1.")
