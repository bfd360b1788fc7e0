"""What a PPO run writes while it trains: metrics, and on request answers with their texts."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from cmtmed.artifacts import write_text
from cmtmed.training.ppo.world import World
from cmtmed.training.run.directory import Run
from cmtmed.training.run.metrics import MetricsLog

log = logging.getLogger("cmtmed.training")

_SAMPLES_FILE: Final = "samples.jsonl"


class Journal:
    """Writes ``metrics.jsonl`` and ``samples.jsonl``; only the first process writes.

    Args:
        run: where to write.
        world: the processes.
        step: the step that the run resumes from; later lines are removed.
        samples: answers per update in ``samples.jsonl``; 0 writes none.
    """

    def __init__(self, run: Run, world: World, step: int, samples: int) -> None:
        self._path, self._samples = run.root / _SAMPLES_FILE, samples
        self._metrics = MetricsLog(run.root, step) if world.rank == 0 else None
        if self._metrics is not None and self._path.exists():
            # Not splitlines(): an answer may hold a line separator of Unicode.
            lines = [line for line in self._path.read_text(encoding="utf-8").split("\n") if line.endswith("}")]
            write_text(self._path, "".join(f"{line}\n" for line in lines if json.loads(line)["step"] <= step))

    def write(self, step: int, metrics: Mapping[str, float], samples: Sequence[Mapping[str, object]]) -> None:
        """Write the metrics of an update, and its first samples."""
        if self._metrics is None:
            return
        self._metrics.log(step, metrics)
        if self._samples:
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(
                    json.dumps(dict(sample), ensure_ascii=False) + "\n" for sample in samples[: self._samples]
                )
        summary = [f"{name} {metrics[name]:.4g}" for name in ("reward", "kl", "length", "tokens_per_second")]
        log.info("update %d: %s", step, ", ".join(summary))

    def close(self) -> None:
        """Flush and close all files."""
        if self._metrics is not None:
            self._metrics.close()
