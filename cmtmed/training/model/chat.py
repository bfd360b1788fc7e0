"""Chatting with a trained model, through its own template and stop token."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from cmtmed.errors import UsageError
from cmtmed.training.model.loading import load_model, load_tokenizer
from cmtmed.training.model.templates import find_stop_token

if TYPE_CHECKING:
    from torch import Tensor

_QUEUE_SECONDS: Final = 600.0


class Chat:
    """A conversation with a model; the user is the patient.

    Args:
        source: a model's directory or name, or a run.
        system: a system turn to begin with; empty for none.
        max_new_tokens: of the longest answer.
        temperature: of sampling; 0 for the likeliest token each time.
        top_p: probability mass of the tokens that are sampled from.
        seed: of sampling.

    Attributes:
        messages: the conversation so far.
    """

    def __init__(
        self,
        source: str,
        *,
        system: str = "",
        max_new_tokens: int = 512,
        temperature: float = 0.7,
        top_p: float = 0.9,
        seed: int | None = None,
    ) -> None:
        import torch

        self._tokenizer = load_tokenizer(source)
        if not self._tokenizer.chat_template:
            raise UsageError(f"the tokenizer of {source!r} has no chat template; chat with a model that was fine-tuned")
        self._model = load_model(source).eval().to("cuda" if torch.cuda.is_available() else "cpu")
        self._system, self._length, self._temperature, self._top_p = system, max_new_tokens, temperature, top_p
        if seed is not None:
            torch.manual_seed(seed)
        self.messages: list[dict[str, str]] = []
        self.clear()

    def clear(self) -> None:
        """Forget the conversation."""
        self.messages = [{"role": "system", "content": self._system}] if self._system else []

    def say(self, text: str) -> Iterator[str]:
        """Say something as the patient, and stream the doctor's answer.

        The oldest exchanges are left out of what the model reads where its context has no room for them.

        Raises:
            UsageError: the last turn alone leaves no room for an answer.
        """
        from transformers import TextIteratorStreamer

        self.messages.append({"role": "user", "content": text})
        ids = self._encode_prompt()
        streamer = TextIteratorStreamer(
            self._tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=_QUEUE_SECONDS
        )
        sampling = {"do_sample": True, "temperature": self._temperature, "top_p": self._top_p}
        options: dict[str, Any] = {
            "input_ids": ids,
            "attention_mask": ids.new_ones(ids.shape),
            "max_new_tokens": self._length,
            "eos_token_id": [find_stop_token(self._tokenizer), self._tokenizer.eos_token_id],
            "pad_token_id": self._tokenizer.pad_token_id,
            "streamer": streamer,
            **(sampling if self._temperature > 0 else {"do_sample": False}),
        }
        worker = Thread(target=self._model.generate, kwargs=options, daemon=True)
        worker.start()
        answer = ""
        for chunk in streamer:
            answer += chunk
            yield chunk
        worker.join()
        self.messages.append({"role": "assistant", "content": answer.strip()})

    def _encode_prompt(self) -> Tensor:
        """Return the tokens of the newest turns that leave room for an answer, of shape (1, tokens)."""
        context = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        head = self.messages[:1] if self._system else []
        turns = self.messages[len(head) :]
        while True:
            encoding = self._tokenizer.apply_chat_template(
                [*head, *turns], add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
            ids: Tensor = encoding["input_ids"].to(self._model.device)
            if context is None or ids.shape[1] + self._length <= context:
                return ids
            if len(turns) <= 1:
                raise UsageError(
                    f"the conversation takes {ids.shape[1]} tokens and an answer up to {self._length}, but the model "
                    f"has room for {context}; write less, or lower --max-new-tokens"
                )
            turns = turns[2:]
