"""Which files of a directory are the model, and what of them is of this machine only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import DatasetError

_MODEL: Final = re.compile(
    r"(?:model|adapter_model)(?:-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json|config\.json"
    r"|adapter_config\.json|generation_config\.json|tokenizer\.(?:json|model)|tokenizer_config\.json"
    r"|special_tokens_map\.json|added_tokens\.json|vocab\.(?:json|txt)|merges\.txt|[\w.-]+\.tiktoken|chat_template\.jinja"
)
"""What transformers and peft load. Pickles, code and states of optimizers are none of it."""
_BASES: Final = ("base_model_name_or_path", "_name_or_path", "name_or_path")
"""Keys under which configurations name the model that they came from: often a path of this machine."""


def is_model_file(name: str) -> bool:
    """Say whether a file is a part of a model.

    >>> is_model_file("model-00001-of-00002.safetensors"), is_model_file("optimizer.pt"), is_model_file("a/config.json")
    (True, False, False)
    """
    return _MODEL.fullmatch(name) is not None


def portable(file: Path, base: str) -> bytes | None:
    """Return a configuration in which the base has its name on the Hub in place of a path; None if nothing changes.

    Args:
        file: a file of the model.
        base: the base's name on the Hub, empty if it has none.

    Raises:
        DatasetError: it is no JSON.
    """
    if not file.name.endswith("config.json"):
        return None
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DatasetError(f"{str(file)!r} is damaged; train again, or merge the run again") from None
    found = [key for key in _BASES if isinstance(content, dict) and content.get(key) not in {None, base}]
    if not found:
        return None
    for key in found:
        content[key] = base
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
