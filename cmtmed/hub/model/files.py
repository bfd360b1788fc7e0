"""Which files of a directory are the model, and what of them is of this machine only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from cmtmed.errors import DatasetError

_MODEL: Final = re.compile(
    r"(?:model|adapter_model)(?:-\d{5}-of-\d{5})?\.safetensors|(?:model|adapter_model)\.safetensors\.index\.json"
    r"|(?:adapter_|generation_|tokenizer_|)config\.json|tokenizer\.(?:json|model)|special_tokens_map\.json"
    r"|added_tokens\.json|vocab\.(?:json|txt)|merges\.txt|spiece\.model|sentencepiece\.bpe\.model|tekken\.json"
    r"|[\w-][\w.-]*\.tiktoken|chat_template\.jinja"
)
"""What transformers and peft load. Pickles, code and states of optimizers are none of it."""
_BASES: Final = frozenset(("base_model_name_or_path", "_name_or_path", "name_or_path"))
"""Keys under which configurations name the model that they came from: often a path of this machine."""
_PATH: Final = re.compile(r"(?:~|\.\.?)?/.*|[A-Za-z]:[\\/].*|file:.*", re.DOTALL)
_TOKENS: Final = re.compile(r"(?:^|_)tokens?(?:_|$)")
"""Keys of tokens, which may begin as a path does: /think."""
_GONE: Final = object()


def is_model_file(name: str) -> bool:
    """Say whether a file is a part of a model.

    >>> is_model_file("model-00001-of-00002.safetensors"), is_model_file("optimizer.pt"), is_model_file("a/config.json")
    (True, False, False)
    """
    return _MODEL.fullmatch(name) is not None


def portable(file: Path, base: str) -> bytes | None:
    """Return a configuration without paths of this machine; None if it has none.

    Where it names the model that it came from, the base's name on the Hub stands then; other paths are left out.

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
    except (OSError, ValueError, RecursionError):
        raise DatasetError(f"{str(file)!r} is damaged; train again, or merge the run again") from None
    mended = _mended(content, base)
    return None if mended == content else (json.dumps(mended, indent=2, ensure_ascii=False) + "\n").encode()


def _mended(value: Any, base: str) -> Any:
    if isinstance(value, dict):
        kept = {}
        for key, one in value.items():
            mended = base if key in _BASES and one is not None else one if _TOKENS.search(key) else _mended(one, base)
            if mended is not _GONE:
                kept[key] = mended
        return kept
    if isinstance(value, list):
        return [mended for one in value if (mended := _mended(one, base)) is not _GONE]
    return _GONE if isinstance(value, str) and _PATH.fullmatch(value) else value
