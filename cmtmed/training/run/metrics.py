"""What a run logs: ``metrics.jsonl`` and TensorBoard, one line of numbers a step, continuous across interruptions.

After an interruption a run goes on from its last checkpoint, which may lie before the last line that was written; lines
behind it are cut off, so that every step stands once. Numbers only: no text of a dialogue is ever logged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cmtmed.training.run.directory import seal_checkpoint

if TYPE_CHECKING:
    from transformers import TrainerCallback

FILE: Final = "metrics.jsonl"


class MetricsLog:
    """The log of one run.

    Args:
        root: the run directory.
        step: the step that the run goes on from; 0 for a new one.
    """

    def __init__(self, root: Path, step: int = 0) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._path = root / FILE
        kept = [line for line in read_metrics(root) if line["step"] <= step]
        partial = self._path.with_suffix(".partial")
        partial.write_text("".join(_line(line) for line in kept), encoding="utf-8")
        partial.replace(self._path)
        self._board = SummaryWriter(str(root / "tensorboard"), purge_step=step + 1 if step else None)

    def log(self, step: int, values: Mapping[str, Any]) -> None:
        """Write the numbers of a step; what is no number is left out, what is not finite becomes null."""
        numbers = {
            name: float(value) if math.isfinite(value) else None
            for name, value in values.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool) and name != "step"
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_line({"step": step, **numbers}))
        for name, value in numbers.items():
            if value is not None:
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Write everything out."""
        self._board.close()


def read_metrics(root: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's log, in order; a line cut short at the end is left out."""
    return list(_lines(root / FILE))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), ensure_ascii=False) + "\n"


def build_callback(root: Path, step: int = 0) -> TrainerCallback:
    """Return what makes a ``transformers.Trainer`` log here, and seal its checkpoints."""
    from torch import distributed
    from transformers import TrainerCallback

    class Writer(TrainerCallback):
        def __init__(self) -> None:
            self.metrics: MetricsLog | None = None

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                self.metrics = MetricsLog(root, step)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            # Losses are logged as means since the last log, so none may reach back over a checkpoint.
            if control.should_save:
                control.should_log = True

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if self.metrics is not None and state.is_world_process_zero:
                self.metrics.log(state.global_step, logs or {})

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if distributed.is_available() and distributed.is_initialized():
                distributed.barrier()  # each process writes files of its own
            if state.is_world_process_zero:
                seal_checkpoint(Path(args.output_dir) / f"checkpoint-{state.global_step}")

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.metrics is not None:
                self.metrics.close()

    return Writer()


def checkpoint_step(checkpoint: Path | None) -> int:
    """Return the step that a checkpoint was written at, 0 for None."""
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0


def read_count(root: Path, checkpoint: Path | None, name: str) -> int:
    """Return a running count as it was logged last before a checkpoint, 0 for None: counts go on as losses do."""
    step = checkpoint_step(checkpoint)
    told = [line[name] for line in read_metrics(root) if line["step"] <= step and line.get(name) is not None]
    return int(told[-1]) if told else 0


def summarize_metrics(root: Path, name: str = "loss") -> dict[str, float]:
    """Return the mean of a metric over the first and the last tenth of the lines that have it.

    Returns:
        ``{"loss_first": …, "loss_last": …}``; empty if nothing was logged. Single steps are too noisy to compare.
    """
    values = [line[name] for line in read_metrics(root) if line.get(name) is not None]
    few = max(1, len(values) // 10)
    if not values:
        return {}
    return {f"{name}_first": sum(values[:few]) / few, f"{name}_last": sum(values[-few:]) / few}
