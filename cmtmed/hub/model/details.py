"""The part of a model card that no run can know."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from cmtmed.hub.details import Details, Text, is_filled_in

HubName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")]


class ModelDetails(Details):
    """The part of a model card that people write."""

    required: ClassVar[tuple[str, ...]] = ("pretty_name", "authors", "contact", "license")

    example: ClassVar[str] = "examples/model_card.yaml"

    license: str | None = Field(default=None, description="Licence of the weights. Required.")
    base_model: HubName | None = Field(
        default=None,
        description="The base model's name on the Hub, such as Qwen/Qwen3-0.6B. Required unless the run names it.",
    )
    base_license: str | None = Field(default=None, description="The base model's licence. Required.")
    from_scratch: bool = Field(default=False, description="Whether training began with random weights.")
    datasets: tuple[HubName, ...] = Field(
        default=(), description="Names on the Hub of the datasets that it was trained on."
    )
    evaluation: Text = Field(default="", description="How it was evaluated, and the results.")

    def list_missing(self, *, base_known: bool) -> list[str]:
        """Return the required fields that are empty; ``base_known``: whether the run names the base model."""
        empty = self.empty_fields()
        if not self.from_scratch:
            empty += [] if base_known or self.base_model else ["base_model"]
            empty += [] if is_filled_in(self.base_license or "") else ["base_license"]
        return empty
