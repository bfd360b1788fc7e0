"""Policy, reference, value and reward over one base model.

=========  ==========================================  ==================================
role       with ``lora``                               without
=========  ==========================================  ==================================
policy     the base with the adapter ``default``       all weights
reference  the base with every adapter off             a frozen copy, made once
value      a head on the policy's last hidden states   the same
           or, by option, on those of an adapter of
           its own
reward     an adapter and head of its own (by option)  the same, over the frozen copy
=========  ==========================================  ==================================

The reference is what the stage began with: adapters of earlier stages are merged into the base when it is loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from cmtmed.errors import UsageError
from cmtmed.training.model.adapters import build_lora_config
from cmtmed.training.ppo.rollout import left_padded, positions

if TYPE_CHECKING:
    from torch import Tensor

    from cmtmed.training.ppo.settings import PpoSettings

log = logging.getLogger("cmtmed.training")

POLICY: Final = "default"
VALUE: Final = "value"


class AnswerOutputs(NamedTuple):
    """The outputs of one pass over answers; float32 of shape (rows, longest answer), padded on the right.

    Attributes:
        logprobs: log-probability of each token of the answers.
        entropy: of the distribution that it was drawn from, in nats; zeros where it was not asked for.
        values: expected return before each token; zeros if they come from a pass of their own.
    """

    logprobs: Tensor
    entropy: Tensor
    values: Tensor


class Roles:
    """All roles over one base.

    Args:
        base: the model that the stage begins with.
        settings: of the run.
        device: where it goes.
        dtype: what is computed in.
        pad: token that pads.

    Attributes:
        model: what is trained: the base or, with LoRA, the PEFT model around it.
        base: the causal language model inside; adapters are inside its layers.
        head: of the value, which starts at 0 (Huang et al. 2024).
        own_value: whether the value has an adapter of its own.
        trained: name to parameter, all that the optimizer moves.
    """

    def __init__(self, base: Any, settings: PpoSettings, device: torch.device, dtype: torch.dtype, pad: int) -> None:
        from peft import get_peft_model

        self.device, self.dtype, self.source, self._pad = device, dtype, settings.model, pad
        self._temperature = settings.temperature
        torch.manual_seed(settings.seed)  # a fresh adapter is the same in every process
        base.to(device)
        self._frozen: Any = None  # the reference, if all weights are trained
        self._host: Any = None  # the PEFT model that adapters are switched in
        lora = build_lora_config(settings.lora, "CAUSAL_LM", base)
        if lora is None:
            self._frozen = deepcopy(base).eval().requires_grad_(requires_grad=False)
            self.model = base
            log.info("reference: a frozen copy of the model, since all weights are trained")
        else:
            self.model = get_peft_model(base, lora)
            self._host = self.model
            log.info("reference: the base with the adapter off")
        self.base: Any = base
        self._below: Any = base if self._frozen is None else self._frozen
        self._decoder: Any = base.get_decoder()
        self.trained: dict[str, nn.Parameter] = _trainable_parameters(self.model)
        self.own_value = settings.value_adapter
        if self.own_value:
            value_lora = build_lora_config({**(settings.lora or {}), "modules_to_save": None}, "CAUSAL_LM")
            self.model.add_adapter(VALUE, value_lora)
            for name, parameter in self.model.named_parameters():
                if f".{VALUE}." in name:
                    parameter.data = parameter.data.float()
                    self.trained[name] = parameter
        width = base.config.get_text_config().hidden_size
        self.head = nn.Linear(width, 1, device=device, dtype=torch.float32)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.trained |= {f"value_head.{name}": parameter for name, parameter in self.head.named_parameters()}
        _disable_dropout(self.model)
        setting = settings.gradient_checkpointing
        self._checkpointing = device.type == "cuda" if setting == "auto" else setting
        if self._checkpointing:
            base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.set_training(training=False)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which models run."""
        context: Any = torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)
        return context  # type: ignore[no-any-return]

    def set_training(self, *, training: bool) -> None:
        """Switch between training and inference mode; there is no dropout, so only checkpointing differs."""
        self.model.train(training and self._checkpointing)
        for parameter in self.trained.values():
            parameter.requires_grad = True

    @contextmanager
    def use_adapter(self, adapter: str | None) -> Iterator[Any]:
        """Temporarily activate an adapter, or disable all of them (None).

        PEFT marks parameters of adapters that are off as frozen; they are marked as trained again.
        """
        training = self.model.training
        host = self._host
        try:
            if adapter is None and host is not None:
                with host.disable_adapter():
                    yield self._below
            else:
                if adapter is not None:
                    host.set_adapter(adapter)
                yield self._below
        finally:
            if self._frozen is None:
                host.set_adapter(POLICY)
            self.set_training(training=training)

    def add_adapter(self, name: str, folder: Path, weights: Mapping[str, Tensor]) -> None:
        """Add a frozen adapter next to the policy's, or on the frozen copy if all weights are trained.

        Args:
            name: what it is called from now on.
            folder: where its ``adapter_config.json`` is.
            weights: its tensors, as PEFT saves them, without any head.

        Raises:
            UsageError: it does not fit the base.
        """
        from peft import LoraConfig, PeftConfig, TaskType, get_peft_model, set_peft_model_state_dict

        config: Any = PeftConfig.from_pretrained(str(folder))
        if not isinstance(config, LoraConfig):
            raise UsageError(f"the adapter in {str(folder)!r} is no LoRA; use kind: model")
        config.modules_to_save, config.task_type, config.inference_mode = None, TaskType.CAUSAL_LM, True
        if self._host is None:
            self._host = get_peft_model(self._frozen, config, adapter_name=name)
        else:
            self._host.add_adapter(name, config)
        load_result = set_peft_model_state_dict(self._host, dict(weights), adapter_name=name)
        missing = [key for key in load_result.missing_keys if f".{name}." in key]
        if missing or load_result.unexpected_keys:
            key_name = (missing or load_result.unexpected_keys)[0]
            raise UsageError(f"the adapter in {str(folder)!r} does not fit the policy's base at {key_name}")
        for key, parameter in self._host.named_parameters():
            if f".{name}." in key:
                parameter.requires_grad = False
        self._host.eval()
        self.set_training(training=False)

    @torch.no_grad()
    def hidden(self, adapter: str, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the last hidden states under an adapter, shape (rows, tokens, width); rows are padded on the right."""
        with self.use_adapter(adapter) as base, self.autocast():
            states: Tensor = base.get_decoder()(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        return states

    def read(
        self,
        model: Any,
        prompts: Sequence[Sequence[int]],
        answers: Sequence[Sequence[int]],
        *,
        entropy: bool = False,
        values: bool = False,
    ) -> AnswerOutputs:
        """Run one pass over answers: log-probabilities, and by option entropy and values from the same pass.

        Rows end in the same column, so padding is as long as the rows differ in whole, and the head of the vocabulary
        runs over the columns of answers alone. Rows of logits become float32 one at a time.

        Args:
            model: the base as `use_adapter` gives it.
            prompts: tokens of each.
            answers: tokens of each.
            entropy: whether it is wanted.
            values: whether they come from this pass.
        """
        rows = [[*prompt, *answer[:-1]] for prompt, answer in zip(prompts, answers, strict=True)]
        ids, mask = left_padded(rows, self._pad, self.device)
        longest = max(map(len, answers))
        head_inputs: list[Tensor] = []
        # What the head of the vocabulary reads is what the head of the value reads.
        hook = model.get_output_embeddings().register_forward_pre_hook(lambda _, args: head_inputs.append(args[0]))
        with self.autocast():
            logits = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions(mask),
                use_cache=False,
                logits_to_keep=longest,
            ).logits
        hook.remove()
        row_outputs = []
        for row, answer in zip(logits, answers, strict=True):
            args = (row[longest - len(answer) :], torch.tensor(answer, device=self.device), self._temperature, entropy)
            # Recomputed in the backward pass, the float32 copy of a row does not outlive it.
            recompute = torch.is_grad_enabled() and row.dtype != torch.float32
            row_outputs.append(checkpoint(_row, *args, use_reentrant=False) if recompute else _row(*args))
        logprobs, entropies = (_pad_rows(list(tensors)) for tensors in zip(*row_outputs, strict=True))
        return AnswerOutputs(
            logprobs,
            entropies,
            self._apply_value_head(head_inputs[0], answers) if values else torch.zeros_like(logprobs),
        )

    def value(self, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]) -> Tensor:
        """Return the values by their own adapter, as `AnswerOutputs.values`; called inside ``use_adapter(VALUE)``."""
        rows = [[*prompt, *answer[:-1]] for prompt, answer in zip(prompts, answers, strict=True)]
        ids, mask = left_padded(rows, self._pad, self.device)
        with self.autocast():
            states = self._decoder(
                input_ids=ids, attention_mask=mask, position_ids=positions(mask), use_cache=False
            ).last_hidden_state
        return self._apply_value_head(states, answers)

    def _apply_value_head(self, states: Tensor, answers: Sequence[Sequence[int]]) -> Tensor:
        longest = max(map(len, answers))
        values = self.head(states[:, -longest:].float()).squeeze(-1)
        return _pad_rows([row[longest - len(answer) :] for row, answer in zip(values, answers, strict=True)])

    def policy(self) -> Any:
        """Return what is saved at the end: the model with the policy's adapter and no other."""
        if self._frozen is None:
            for name in [name for name in self.model.peft_config if name != POLICY]:
                self.model.delete_adapter(name)
        return self.model


def _row(logits: Tensor, tokens: Tensor, temperature: float, entropy: bool) -> tuple[Tensor, Tensor]:  # noqa: FBT001
    """Return log-probability and entropy of each token, shape (tokens,); logits of shape (tokens, vocabulary)."""
    scaled = logits.float()
    if temperature != 1:
        scaled = scaled / temperature
    norm = scaled.logsumexp(-1)
    logprobs = scaled.gather(-1, tokens[:, None]).squeeze(-1) - norm
    spread = norm - (scaled.softmax(-1) * scaled).sum(-1) if entropy else torch.zeros_like(norm)
    return logprobs, spread


def _pad_rows(rows: list[Tensor]) -> Tensor:
    return nn.utils.rnn.pad_sequence(rows, batch_first=True)


def _trainable_parameters(model: Any) -> dict[str, nn.Parameter]:
    """Return the parameters to train; in float32, because steps of Adam are lost in less."""
    trainable = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    for parameter in trainable.values():
        parameter.data = parameter.data.float()
    return trainable


def _disable_dropout(model: Any) -> None:
    """Disable dropout: with it a ratio of probabilities would not be 1 where the policy has not changed."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.0
