"""Model files in a directory, and local paths in their configurations."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from cmtmed.artifacts import read_json
from cmtmed.errors import DatasetError

_MODEL_FILE: Final = re.compile(
    r"(?:model|adapter_model)(?:-\d{5}-of-\d{5})?\.safetensors|(?:model|adapter_model)\.safetensors\.index\.json"
    r"|(?:adapter_|generation_|tokenizer_|)config\.json|tokenizer\.(?:json|model)|special_tokens_map\.json"
    r"|added_tokens\.json|vocab\.(?:json|txt)|merges\.txt|spiece\.model|sentencepiece\.bpe\.model|tekken\.json"
    r"|[\w-][\w.-]*\.tiktoken|chat_template\.jinja"
)
"""Names that transformers and peft load; no pickles, code or optimizer states."""
_BASE_KEYS: Final = frozenset(("base_model_name_or_path", "_name_or_path", "name_or_path"))
"""Keys under which configurations name their base model: often a local path."""
_PATH: Final = re.compile(r"(?:~|\.\.?)?/.*|[A-Za-z]:[\\/].*|file:.*", re.DOTALL)
_TOKEN_KEYS: Final = re.compile(r"(?:^|_)tokens?(?:_|$)")
"""Keys of tokens, which may look like a path: /think."""
_REMOVED: Final = object()


def is_model_file(name: str) -> bool:
    """Return whether a file belongs to a model.

    >>> is_model_file("model-00001-of-00002.safetensors"), is_model_file("optimizer.pt"), is_model_file("a/config.json")
    (True, False, False)
    """
    return _MODEL_FILE.fullmatch(name) is not None


def strip_local_paths(file: Path, base: str) -> bytes | None:
    """Return a configuration without local paths; None if it has none.

    The path of the base model is replaced by its name on the Hub; other paths are removed.

    Args:
        file: a file of the model.
        base: the base model's name on the Hub, empty if it has none.

    Raises:
        DatasetError: it is not JSON.
    """
    if not file.name.endswith("config.json"):
        return None
    try:
        content = read_json(file)
    except (OSError, ValueError):
        raise DatasetError(f"{str(file)!r} is damaged; train again, or merge the run again") from None
    stripped = _strip_value(content, base)
    return None if stripped == content else (json.dumps(stripped, indent=2, ensure_ascii=False) + "\n").encode()


def _strip_value(value: Any, base: str) -> Any:
    if isinstance(value, dict):
        items = {key: _strip_item(key, item, base) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not _REMOVED}
    if isinstance(value, list):
        return [item for item in (_strip_value(item, base) for item in value) if item is not _REMOVED]
    return _REMOVED if isinstance(value, str) and _PATH.fullmatch(value) else value


def _strip_item(key: str, value: Any, base: str) -> Any:
    if key in _BASE_KEYS and value is not None:
        return base
    return value if _TOKEN_KEYS.search(key) else _strip_value(value, base)
