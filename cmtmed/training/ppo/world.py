"""The processes of a PPO run, and sums over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

import torch

from cmtmed.errors import UsageError
from cmtmed.training.run.processes import leave_together

if TYPE_CHECKING:
    from torch import Tensor

_BUCKET_SIZE: Final = 25_000_000
"""Numbers of gradients that are summed in one operation."""


class World:
    """The processes of a run, as started by ``torchrun`` or ``accelerate launch``.

    Attributes:
        rank: of this process.
        size: number of processes.
        device: what this process computes on.

    Raises:
        UsageError: they are configured to shard one model between them.
    """

    def __init__(self) -> None:
        from accelerate import Accelerator

        self._accelerator = Accelerator(cpu=not torch.cuda.is_available())
        if str(self._accelerator.distributed_type.value) not in {"NO", "MULTI_GPU", "MULTI_CPU"}:
            raise UsageError(
                f"PPO does not run with {self._accelerator.distributed_type.value}, because every process samples from "
                "a whole model; start it with torchrun, and set lora so that a GPU holds one base only"
            )
        self.rank: int = self._accelerator.process_index
        self.size: int = self._accelerator.num_processes
        self.device: torch.device = self._accelerator.device

    def select_own(self, indices: Sequence[int]) -> list[int]:
        """Return the indices that this process works on."""
        return list(indices[self.rank :: self.size])

    def sum(self, values: Tensor) -> Tensor:
        """Sum a tensor over all processes, in float64 so that the number of processes makes next to no difference."""
        total: Tensor = self._accelerator.reduce(values.detach().double(), reduction="sum")
        return total

    def sum_numbers(self, numbers: Mapping[str, float | Tensor]) -> dict[str, float]:
        """Sum each number over all processes."""
        stacked = torch.stack(
            [torch.as_tensor(number, dtype=torch.float64, device=self.device) for number in numbers.values()]
        )
        return dict(zip(numbers, self.sum(stacked).tolist(), strict=True))

    def choose_precision(self, setting: str) -> torch.dtype:
        """Choose the precision of the computation: bfloat16 if requested, or by default on a GPU that supports it."""
        auto = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        return torch.bfloat16 if setting == "bfloat16" or (setting == "auto" and auto) else torch.float32

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Sum gradients over all processes, many parameters at a time; losses are shares of the whole already."""
        if self.size == 1:
            return
        bucket: list[Tensor] = []
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            bucket.append(parameter.grad)
            if sum(gradient.numel() for gradient in bucket) >= _BUCKET_SIZE:
                self._sum_in_place(bucket)
                bucket = []
        if bucket:
            self._sum_in_place(bucket)

    def _sum_in_place(self, gradients: list[Tensor]) -> None:
        flat: Tensor = self._accelerator.reduce(
            torch.cat([gradient.flatten() for gradient in gradients]), reduction="sum"
        )
        for gradient, total in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(total.view_as(gradient))

    def run_first(self) -> AbstractContextManager[None]:
        """Return a context that the first process runs through before the others."""
        context: AbstractContextManager[None] = self._accelerator.main_process_first()
        return context

    def wait(self) -> None:
        """Wait for all processes."""
        self._accelerator.wait_for_everyone()

    def shut_down(self) -> None:
        """Wait for all processes for the last time, and leave the process group."""
        leave_together(self._accelerator)
