"""What format readers yield: records, as yet without meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Value = Any
"""A value as JSON holds it: a text, a number, a truth value, a list of values, an object of values, or nothing."""


@dataclass(slots=True)
class Record:
    """A record of a crawl file.

    Attributes:
        position: ``line N`` or ``record N``, from 1.
        value: an object with named fields, a list, or a text.
        left_out: characters that the format reader itself left out, by reason.
        follows_blank: whether blank lines stand above it, between one record a line.
    """

    position: str
    value: Value
    left_out: Mapping[str, int] = field(default_factory=dict)
    follows_blank: bool = False
