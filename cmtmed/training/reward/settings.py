"""Settings of the reward model."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, field_validator

from cmtmed.training.run.settings import DataSource, Settings

FORMATS: Final = ("ranking", "tsv", "pairs", "scores")


class RankingSource(DataSource):
    """One source of rankings."""

    format: str = Field(default="auto", description=f"{', '.join(FORMATS)}; auto detects it from name and columns.")
    ranks: Literal["order", "positions"] | None = Field(
        default=None,
        description="For a tsv: order (column rank1 holds the best answer) or positions (as written by the published "
        "tool: the column of answer i holds the answer whose number is the rank of i). The file does not say which.",
    )
    answers: str = Field(
        default="", description="For a tsv with positions: the JSON file of answers shown by the tool."
    )

    @property
    def answers_path(self) -> str:
        """The JSON file of answers; empty for none."""
        return self.answers

    @field_validator("ranks", mode="before")
    @classmethod
    def _reject_auto(cls, value: object) -> object:
        if value == "auto":
            raise ValueError(
                "no file shows whether its columns are order or positions, so auto cannot tell; set one of the two"
            )
        return value


class RewardSettings(Settings):
    """Settings of the reward model."""

    data: list[RankingSource] = Field(description="Files of rankings, pairs or scores, mixed by weight.")
    held_out: float = Field(default=0.1, ge=0, lt=1, description="Share of prompts held out for metrics, by hash.")
    ties: Literal["drop", "use"] = Field(default="drop", description="Whether to train on ties (Davidson 1970).")
    nu: float = Field(
        default=1.0, gt=0, description="Tie parameter: at equal rewards a tie has probability nu / (nu + 2)."
    )
    max_length: int = Field(
        default=1024, ge=8, description="Maximum length in tokens; longer prompts are truncated from the left."
    )
    min_difference: float = Field(
        default=0.5, gt=0, description="Smallest difference of mean scores that counts as a preference."
    )
    center: float = Field(
        default=0.01, ge=0, description="Weight of the term that keeps rewards near 0; 0 disables it."
    )
