"""What a run logs: ``metrics.jsonl`` and TensorBoard, one row of numbers per step, continuous across interruptions.

An interrupted run resumes from its last checkpoint, which may lie before the last row that was written; later rows are
cut off, so that every step occurs once. Numbers only: no text of a dialogue is ever logged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cmtmed.artifacts import write_text
from cmtmed.training.run.checkpoints import checkpoint_step, seal_checkpoint

if TYPE_CHECKING:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

METRICS_FILE: Final = "metrics.jsonl"

MetricsRow = dict[str, float | None]
"""Metrics of a step, and ``step`` itself; None for a number that is not finite."""


class MetricsLog:
    """The log of one run.

    Args:
        root: the run directory.
        step: the step that the run resumes from; 0 for a new one.
    """

    def __init__(self, root: Path, step: int = 0) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._path = root / METRICS_FILE
        write_text(self._path, "".join(map(_to_line, _rows_until(root, step))))
        self._board = SummaryWriter(str(root / "tensorboard"), purge_step=step + 1 if step else None)

    def log(self, step: int, values: Mapping[str, object]) -> None:
        """Write the numbers of a step; anything but a number is left out, what is not finite becomes null."""
        numbers = {
            name: float(value) if math.isfinite(value) else None
            for name, value in values.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool) and name != "step"
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_to_line({"step": step, **numbers}))
        for name, value in numbers.items():
            if value is not None:
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush everything to disk."""
        self._board.close()


def read_metrics(root: Path) -> list[MetricsRow]:
    """Return the rows of a run's log, in order; a line cut short at the end is left out."""
    return list(_iter_rows(root / METRICS_FILE))


def _iter_rows(path: Path) -> Iterator[MetricsRow]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def _rows_until(root: Path, step: int) -> list[MetricsRow]:
    return [row for row in read_metrics(root) if (row["step"] or 0) <= step]


def _to_line(row: MetricsRow) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def build_callback(root: Path, step: int = 0) -> TrainerCallback:
    """Build the callback that makes a ``transformers.Trainer`` log to a run, and seal its checkpoints.

    Args:
        root: the run directory.
        step: the step that the run resumes from; 0 for a new one.
    """
    from torch import distributed
    from transformers import TrainerCallback

    class MetricsCallback(TrainerCallback):
        def __init__(self) -> None:
            self.metrics: MetricsLog | None = None

        def on_train_begin(
            self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: object
        ) -> None:
            if state.is_world_process_zero:
                self.metrics = MetricsLog(root, step)

        def on_step_end(
            self, _args: TrainingArguments, _state: TrainerState, control: TrainerControl, **_: object
        ) -> None:
            # Losses are logged as means since the last log, so none may reach back over a checkpoint.
            if control.should_save:
                control.should_log = True

        def on_log(
            self,
            _args: TrainingArguments,
            state: TrainerState,
            _control: TrainerControl,
            logs: Mapping[str, object] | None = None,
            **_: object,
        ) -> None:
            if self.metrics is not None and state.is_world_process_zero:
                self.metrics.log(state.global_step, logs or {})

        def on_save(self, args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: object) -> None:
            if distributed.is_available() and distributed.is_initialized():
                distributed.barrier()  # each process writes files of its own
            if state.is_world_process_zero:
                seal_checkpoint(Path(args.output_dir) / f"checkpoint-{state.global_step}")

        def on_train_end(
            self, _args: TrainingArguments, _state: TrainerState, _control: TrainerControl, **_: object
        ) -> None:
            if self.metrics is not None:
                self.metrics.close()

    return MetricsCallback()


def read_count(root: Path, checkpoint: Path | None, name: str) -> int:
    """Return a running count as it was last logged before a checkpoint; 0 for None.

    Counts go on after an interruption, as losses do.
    """
    rows = _rows_until(root, checkpoint_step(checkpoint))
    values = [value for row in rows if (value := row.get(name)) is not None]
    return int(values[-1]) if values else 0


def summarize_metrics(root: Path, name: str = "loss") -> dict[str, float]:
    """Return the mean of a metric over the first and the last tenth of the rows that have it.

    Returns:
        ``{"loss_first": …, "loss_last": …}``; empty if nothing was logged. Single steps are too noisy to compare.
    """
    values = [value for row in read_metrics(root) if (value := row.get(name)) is not None]
    count = max(1, len(values) // 10)
    if not values:
        return {}
    return {f"{name}_first": sum(values[:count]) / count, f"{name}_last": sum(values[-count:]) / count}
