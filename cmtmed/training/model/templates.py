"""Chat templates: which one a run uses, and what must hold of it.

A template says how turns become one text. For training it must mark what the doctor says with ``{% generation %}``,
because only that is learnt; a template without the marks would train the model to be the patient too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import UsageError, did_you_mean
from cmtmed.resources import bundled

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FOLDER: Final = "trainers/templates"
_PROBE: Final = [
    {"role": "user", "content": "头痛"},
    {"role": "assistant", "content": "多久了？"},
    {"role": "user", "content": "三天"},
    {"role": "assistant", "content": "先量体温。"},
]


def list_templates() -> list[str]:
    """Return the names of the bundled templates."""
    return sorted(path.stem for path in bundled(FOLDER).glob("*.jinja"))


def set_chat_template(tokenizer: PreTrainedTokenizerBase, wanted: str) -> str:
    """Set the chat template of a tokenizer and hold it to what training needs.

    Args:
        tokenizer: whose template is set.
        wanted: ``auto`` for its own (a known one without marks is replaced by TRL's version with them), the name of a
            bundled template, or a file.

    Returns:
        What was chosen, in words.

    Raises:
        UsageError: there is none, it has no generation marks, or the tokenizer lacks its special tokens.
    """
    from trl.chat_template_utils import get_training_chat_template, has_generation_markers

    said = "the model's own chat template"
    if wanted == "auto":
        own = tokenizer.chat_template
        if not own:
            raise UsageError(
                "the tokenizer has no chat template; choose one with template=: "
                f"{', '.join(list_templates())}, or a file"
            )
        if not has_generation_markers(own):
            try:
                tokenizer.chat_template = get_training_chat_template(tokenizer)
                said = "the model's own chat template, with generation marks from TRL"
            except ValueError:
                raise UsageError(
                    "the tokenizer's chat template has no {% generation %} marks, so nobody can tell what the doctor "
                    f"says; choose one with template=: {', '.join(list_templates())}, or a file with the marks"
                ) from None
    else:
        tokenizer.chat_template = _text(wanted)
        said = f"chat template {wanted}"
        if not has_generation_markers(tokenizer.chat_template):
            raise UsageError(f"{said} has no {{% generation %}} marks around what the assistant says; add them")
    _probe(tokenizer, said)
    return said


def find_stop_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the id of the token that ends an answer: the last one inside the generation marks."""
    ids, mask = _encoded(tokenizer)
    return int(next(token for token, inside in zip(reversed(ids), reversed(mask), strict=True) if inside))


def _text(wanted: str) -> str:
    path = Path(wanted)
    if wanted not in list_templates() and path.suffix != ".jinja" and not path.is_file():
        raise UsageError(f"no chat template is called {wanted!r}; {did_you_mean(wanted, list_templates())}")
    if wanted in list_templates():
        path = bundled(f"{FOLDER}/{wanted}.jinja")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the chat template {wanted!r}: {error}") from error


def _encoded(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    told: Any = tokenizer.apply_chat_template(_PROBE, return_dict=True, return_assistant_tokens_mask=True)
    return list(told["input_ids"]), list(told["assistant_masks"])


def _probe(tokenizer: PreTrainedTokenizerBase, said: str) -> None:
    """Render two exchanges and look at what would be learnt."""
    try:
        ids, mask = _encoded(tokenizer)
    except Exception as error:  # a template may fail in any way
        raise UsageError(f"{said} cannot be rendered with this tokenizer: {type(error).__name__}: {error}") from error
    learnt = tokenizer.decode([token for token, inside in zip(ids, mask, strict=True) if inside])
    if any((turn["content"] in learnt) != (turn["role"] == "assistant") for turn in _PROBE):
        raise UsageError(f"{said} marks something else than the assistant's answers; put the marks around each answer")
    runs = sum(inside and not before for before, inside in zip([0, *mask], mask, strict=False))
    if runs != 2:
        raise UsageError(f"{said} marks {runs} answers of a dialogue that has 2; put the marks around each answer")
    last = find_stop_token(tokenizer)
    special = {tokenizer.eos_token_id, *tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    if last not in special:
        raise UsageError(
            f"{said} ends an answer with {tokenizer.convert_ids_to_tokens(last)!r}, which is no special token of this "
            "tokenizer, so the model would never learn to stop; use a template that ends answers with eos_token, "
            "such as plain"
        )
