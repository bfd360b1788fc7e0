"""Messages of a trainer: log lines on standard error, progress bars only on a terminal."""

from __future__ import annotations

import logging
import sys
import warnings

from cmtmed.training.run.processes import is_main_process


def set_up_logging() -> logging.Logger:
    """Set up the messages of a trainer and return its logger; of several processes only the first one speaks."""
    log = logging.getLogger("cmtmed.training")
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("cmtmed: %(message)s"))
        log.addHandler(handler)
    log.setLevel(logging.INFO if is_main_process() else logging.ERROR)
    log.propagate = False
    # Deprecation notices that the libraries address to one another.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|trl|peft|accelerate)\b")
    for name in ("transformers.trainer", "transformers.trainer_utils"):
        logging.getLogger(name).addFilter(_is_relevant)
    if not sys.stderr.isatty() or not is_main_process():
        import datasets
        from transformers.utils import logging as transformers_logging

        datasets.disable_progress_bars()
        transformers_logging.disable_progress_bar()
    return log


def _is_relevant(record: logging.LogRecord) -> bool:
    """Leave out what looks like damage when a run is resumed: tied weights are saved once, and so "missing"."""
    message = record.getMessage()
    return not (
        message.startswith("mtime may not be reliable") or message.endswith("model loaded: ['lm_head.weight'].")
    )
