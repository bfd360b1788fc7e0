"""The part of a dataset card that no build can know: how the dialogues were collected, and what the sources are."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from cmtmed.hub.details import Details, Text


class SourceDetails(BaseModel):
    """A source of the build, as readers of the card should know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text = Field(default="", description="A readable name.")
    url: HttpUrl | None = Field(default=None, description="Where it can be found.")
    about: Text = Field(default="", description="One sentence: what it holds, how it was taken.")


class DatasetDetails(Details):
    """The part of a dataset card that people write."""

    required: ClassVar[tuple[str, ...]] = ("pretty_name", "collected", "authors", "contact")

    collected: Text = Field(
        default="",
        description="How and when the dialogues were collected, and on what legal ground they are published. Required.",
    )
    collected_zh: Text = Field(default="", description="The same in Chinese.")
    sources: dict[str, SourceDetails] = Field(default={}, description="By the name of the source in the pipeline.")
    example_id: str | None = Field(
        default=None,
        description="Id of a dialogue to show as the example row, word for word; an invented one is shown by default.",
    )
