"""Settings of continued pretraining."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from cmtmed.training.pretrain.corpus import FORMATS
from cmtmed.training.run.settings import DataSource, Settings

Packing = Literal["grouped", "wrapped", "padding-free"]
_FIXED: Final = {
    "max_length": "max_length",
    "packing": "packing",
    "packing_strategy": "packing",
    "padding_free": "packing",
    "train_sampling_strategy": "packing",
}
"""Fields of TRL's configuration to the settings that decide them."""


class PretrainSettings(Settings):
    """Settings of continued pretraining."""

    data: list[DataSource] = Field(
        description="Builds or pretrain views, files and folders of text, mixed by weight. Formats: auto, "
        + ", ".join(FORMATS)
    )
    template: str = Field(default="", description="Chat template for the stages that follow; not used by this one.")
    triples: str = Field(default="", description="Sentence patterns of triples; by default trainers/triples.yaml.")
    max_length: int = Field(default=1024, ge=8, description="Maximum tokens of a row; longer documents are split.")
    document: int = Field(
        default=4096, ge=64, description="Maximum characters of a document from a book or from one head's triples."
    )
    packing: Literal["auto", "grouped", "wrapped", "padding-free"] = Field(
        default="auto", description="auto: padding-free on a GPU with flash attention, otherwise grouped."
    )
    held_out: float = Field(
        default=0.01,
        ge=0,
        lt=1,
        description="Share of documents for the evaluation, by hash of text; the validation split of a view takes "
        "precedence. 0 for no evaluation.",
    )

    @model_validator(mode="after")
    def _reject_packing_fields(self) -> Self:
        for field, setting in _FIXED.items():
            if field in self.training:
                raise ValueError(f"training.{field} is set by {setting}; set that")
        return self
