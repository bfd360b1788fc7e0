"""Policy, reference policy, value function and reward model over one base model.

=========  ==========================================  ==================================
role       with ``lora``                               without
=========  ==========================================  ==================================
policy     the base with the adapter ``default``       all weights
reference  the base with all adapters disabled         a frozen copy, made once
value      a head on the policy's last hidden states,  a head on the policy's last hidden
           or (option) on those of an adapter of its   states
           own
reward     an adapter and head of its own (option)     the same, over the frozen copy
=========  ==========================================  ==================================

The reference policy is the model that the stage began with: adapters of earlier stages are merged into the base when it
is loaded. The passes through these models are in `cmtmed.training.ppo.forward`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn

from cmtmed.errors import UsageError
from cmtmed.training.model.adapters import build_lora_config

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

    from cmtmed.training.ppo.settings import PpoSettings

log = logging.getLogger("cmtmed.training")

POLICY: Final = "default"
VALUE: Final = "value"


class Roles:
    """All roles over one base model.

    Args:
        base: the model that the stage begins with.
        settings: of the run.
        device: where the model goes.
        dtype: precision of the computation.
        pad: the padding token.

    Attributes:
        model: what is trained: the base or, with LoRA, the PEFT model around it.
        base: the causal language model inside; adapters are inside its layers.
        head: of the value function; starts at 0 (Huang et al. 2024).
        separate_value: whether the value function has an adapter of its own.
        trained: name to parameter, everything that the optimizer updates.
        source: the model's path or name in the settings.
        temperature: divides the logits.
    """

    def __init__(
        self, base: PreTrainedModel, settings: PpoSettings, device: torch.device, dtype: torch.dtype, pad: int
    ) -> None:
        from peft import get_peft_model

        self.device, self.dtype, self.source, self.pad = device, dtype, settings.model, pad
        self.temperature = settings.temperature
        torch.manual_seed(settings.seed)  # so that a new adapter is the same in every process
        base.to(device)
        self._frozen: PreTrainedModel | None = None  # the reference policy, if all weights are trained
        self._host: PeftModel | None = None  # the PEFT model whose adapters are switched
        lora = build_lora_config(settings.lora, "CAUSAL_LM", base)
        if lora is None:
            self._frozen = deepcopy(base).eval().requires_grad_(requires_grad=False)
            self.model: PreTrainedModel | PeftModel = base
            log.info("reference: a frozen copy of the model, because all weights are trained")
        else:
            self.model = get_peft_model(base, lora)
            self._host = self.model
            log.info("reference: the base with its adapter disabled")
        self.base = base
        self._reference_base: PreTrainedModel = base if self._frozen is None else self._frozen
        self.trained: dict[str, nn.Parameter] = _prepare_trainable(self.model)
        self.separate_value = settings.value_adapter
        if self.separate_value:
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

    def autocast(self) -> AbstractContextManager[object]:
        """Return the autocast context that models run in."""
        context: AbstractContextManager[object] = torch.autocast(
            self.device.type, self.dtype, enabled=self.dtype != torch.float32
        )
        return context

    def set_training(self, *, training: bool) -> None:
        """Switch between training and inference mode; there is no dropout, so only checkpointing differs."""
        self.model.train(training and self._checkpointing)
        for parameter in self.trained.values():
            parameter.requires_grad = True

    @contextmanager
    def use_adapter(self, adapter: str | None) -> Iterator[PreTrainedModel]:
        """Temporarily activate an adapter, or disable all of them (None).

        PEFT marks the parameters of inactive adapters as frozen; they are marked as trainable again afterwards.
        """
        training, host = self.model.training, self._host
        try:
            if adapter is not None:
                if host is None:
                    raise ValueError(f"no adapter {adapter!r} was added")
                host.set_adapter(adapter)
            with nullcontext() if adapter is not None or host is None else host.disable_adapter():
                yield self._reference_base
        finally:
            if self._frozen is None and host is not None:
                host.set_adapter(POLICY)
            self.set_training(training=training)

    def add_adapter(self, name: str, folder: Path, weights: Mapping[str, Tensor]) -> None:
        """Add a frozen adapter next to the policy's, or to the frozen copy if all weights are trained.

        Args:
            name: the name to give to it.
            folder: the directory of its ``adapter_config.json``.
            weights: its tensors as PEFT saves them, without any head.

        Raises:
            UsageError: it is no LoRA, or does not fit the base.
        """
        from peft import LoraConfig, PeftConfig, TaskType, get_peft_model, set_peft_model_state_dict

        config: Any = PeftConfig.from_pretrained(str(folder))
        if not isinstance(config, LoraConfig):
            raise UsageError(f"the adapter in {str(folder)!r} is not a LoRA adapter; use kind: model")
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

    def extract_policy(self) -> PreTrainedModel | PeftModel:
        """Delete every adapter but the policy's, and return the model to save at the end."""
        if self._frozen is None:
            for name in [name for name in self.model.peft_config if name != POLICY]:
                self.model.delete_adapter(name)
        return self.model


def _prepare_trainable(model: PreTrainedModel | PeftModel) -> dict[str, nn.Parameter]:
    """Convert the trainable parameters to float32, because less precision would lose Adam's steps; return them."""
    trainable = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    for parameter in trainable.values():
        parameter.data = parameter.data.float()
    return trainable


def _disable_dropout(model: PreTrainedModel | PeftModel) -> None:
    """Disable dropout: with it, probability ratios would differ from 1 before the policy has changed."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.0
