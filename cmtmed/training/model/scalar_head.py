"""Sequence classifiers whose head has a bias."""

from __future__ import annotations

from typing import Any, Final

from cmtmed.errors import UsageError


def add_bias(config: Any) -> Any:
    """Return the class of a configuration's sequence classifiers, with a bias in the head."""
    from torch import nn
    from transformers import AutoModelForSequenceClassification

    try:
        kind: Any = AutoModelForSequenceClassification._model_mapping[type(config)]  # noqa: SLF001 (no public way)
    except KeyError:
        raise UsageError(
            f"models of type {config.model_type!r} have no form that gives numbers; take another"
        ) from None

    class Biased(kind):
        # A fresh head and an unused language head are what is asked for, and need no warning.
        _keys_to_ignore_on_load_missing: Final = [*(kind._keys_to_ignore_on_load_missing or []), r"^score\."]  # noqa: SLF001
        _keys_to_ignore_on_load_unexpected: Final = [*(kind._keys_to_ignore_on_load_unexpected or []), r"^lm_head\."]  # noqa: SLF001

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            head = getattr(self, "score", None)
            if isinstance(head, nn.Linear) and head.bias is None:
                self.score = nn.Linear(head.in_features, head.out_features)

    Biased.__name__ = Biased.__qualname__ = kind.__name__  # what is written into config.json
    return Biased
