"""Sequence classifiers whose head has a bias, as reward models need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import UsageError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


def classifier_with_bias(config: PretrainedConfig) -> type[PreTrainedModel]:
    """Return the sequence classifier of a configuration, with a bias in its head.

    Raises:
        UsageError: models of this type have no sequence classifier.
    """
    from torch import nn
    from transformers import AutoModelForSequenceClassification

    try:
        base_class: Any = AutoModelForSequenceClassification._model_mapping[type(config)]  # noqa: SLF001 (no public way)
    except KeyError:
        raise UsageError(
            f"models of type {config.model_type!r} have no variant that outputs a score; choose another"
        ) from None

    class Biased(base_class):
        # A fresh head and an unused language head are intended, and need no warning.
        _keys_to_ignore_on_load_missing: Final = [*(base_class._keys_to_ignore_on_load_missing or []), r"^score\."]  # noqa: SLF001
        _keys_to_ignore_on_load_unexpected: Final = [
            *(base_class._keys_to_ignore_on_load_unexpected or []),  # noqa: SLF001
            r"^lm_head\.",
        ]

        def __init__(self, config: PretrainedConfig) -> None:
            super().__init__(config)
            head = getattr(self, "score", None)
            if isinstance(head, nn.Linear) and head.bias is None:
                self.score = nn.Linear(head.in_features, head.out_features)

    Biased.__name__ = Biased.__qualname__ = base_class.__name__  # what is written into config.json
    return Biased
