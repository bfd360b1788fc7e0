"""Chat templates: which one a run uses, and what must hold of it.

A template says how turns become one text. For training it must mark what the doctor says with ``{% generation %}``,
because only that is learnt; a template without the marks would train the model to be the patient too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

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


def set_chat_template(tokenizer: PreTrainedTokenizerBase, template: str) -> str:
    """Set the chat template of a tokenizer, and check that it can be trained with.

    Args:
        tokenizer: whose template is set.
        template: ``auto`` for its own (a well-known one without marks is replaced by TRL's version with them), the name
            of a bundled template, or a file.

    Returns:
        A description of the template.

    Raises:
        UsageError: there is none, it has no generation marks, or the tokenizer lacks its special tokens.
    """
    from trl.chat_template_utils import get_training_chat_template, has_generation_markers

    if template == "auto":
        description = "the model's own chat template"
        options = ", ".join(list_templates())
        if not tokenizer.chat_template:
            raise UsageError(f"the tokenizer has no chat template; choose one with template=: {options}, or a file")
        if not has_generation_markers(tokenizer.chat_template):
            try:
                tokenizer.chat_template = get_training_chat_template(tokenizer)
            except ValueError:
                raise UsageError(
                    "the tokenizer's chat template has no {% generation %} marks, so it does not show what the doctor "
                    f"says; choose one with template=: {options}, or a file with the marks"
                ) from None
            description = "the model's own chat template, with generation marks from TRL"
    else:
        description = f"chat template {template}"
        tokenizer.chat_template = _read_template(template)
        if not has_generation_markers(tokenizer.chat_template):
            raise UsageError(f"{description} has no {{% generation %}} marks around what the assistant says; add them")
    _check_template(tokenizer, description)
    return description


def find_stop_token(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the id of the token that ends an answer: the last one inside the generation marks."""
    ids, mask = _encode_probe(tokenizer)
    return int(next(token for token, marked in zip(reversed(ids), reversed(mask), strict=True) if marked))


def list_rendered_turns(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Mapping[str, str]]) -> list[int]:
    """Return the indices of the turns that a chat template renders.

    A dialogue may begin with a question of the doctor. Templates that demand the patient's turn first, as those of
    Llama 2, Gemma and Mistral do, get the dialogue without that question; all others get every turn.

    Args:
        tokenizer: with a chat template.
        turns: ``role`` and ``content`` of each turn.
    """
    head = [index for index, turn in enumerate(turns[:1]) if turn["role"] == "system"]
    patient = next((index for index, turn in enumerate(turns) if turn["role"] == "user"), len(turns))
    opens = len(head) < patient < len(turns)
    if opens and not _renders(tokenizer, _PROBE[1:]):
        return [*head, *range(patient, len(turns))]
    return list(range(len(turns)))


def _renders(tokenizer: PreTrainedTokenizerBase, turns: list[dict[str, str]]) -> bool:
    from jinja2.exceptions import TemplateError

    try:
        tokenizer.apply_chat_template(turns, tokenize=False)
    except TemplateError:
        return False
    return True


def _read_template(template: str) -> str:
    path = Path(template)
    names = list_templates()
    if template not in names and path.suffix != ".jinja" and not path.is_file():
        raise UsageError(f"no chat template is called {template!r}; {did_you_mean(template, names)}")
    if template in names:
        path = bundled(f"{FOLDER}/{template}.jinja")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the chat template {template!r}: {error}") from error


def _encode_probe(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    encoding = tokenizer.apply_chat_template(_PROBE, return_dict=True, return_assistant_tokens_mask=True)
    return list(encoding["input_ids"]), list(encoding["assistant_masks"])


def _check_template(tokenizer: PreTrainedTokenizerBase, description: str) -> None:
    """Render two exchanges, and check what would be learnt."""
    try:
        ids, mask = _encode_probe(tokenizer)
    except Exception as error:  # a template may fail in any way
        raise UsageError(
            f"{description} cannot be rendered with this tokenizer: {type(error).__name__}: {error}"
        ) from error
    marked_text = tokenizer.decode([token for token, marked in zip(ids, mask, strict=True) if marked])
    if any((turn["content"] in marked_text) != (turn["role"] == "assistant") for turn in _PROBE):
        raise UsageError(
            f"{description} marks something other than the assistant's answers; put the marks around each answer"
        )
    spans = sum(marked and not previous for previous, marked in zip([0, *mask], mask, strict=False))
    if spans != 2:
        raise UsageError(
            f"{description} marks {spans} answers of a dialogue that has 2; put the marks around each answer"
        )
    stop = find_stop_token(tokenizer)
    special = {tokenizer.eos_token_id, *tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    if stop not in special:
        raise UsageError(
            f"{description} ends an answer with {tokenizer.convert_ids_to_tokens(stop)!r}, which is not a special "
            "token of this tokenizer, so the model would never learn to stop; use a template that ends answers with "
            "eos_token, such as plain"
        )
