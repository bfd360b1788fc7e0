"""The bundled trainers: one folder per stage, with what they share in ``run`` and ``model``.

``pretrain``, ``sft``, ``reward`` and ``ppo`` have the same shape (``settings``, ``data``, ``trainer``). ``run`` holds
settings, run directories, provenance, data sources, metrics and batches; ``model`` loads, adapts, saves and merges
models; ``memory`` estimates what they take on a GPU.

The trainers read Arrow datasets and nothing else of this library. Nothing heavy is imported here: ``torch`` and the
libraries on top of it are imported where they are used, because loading them takes seconds.
"""

from __future__ import annotations

import os

# Set before any of these libraries is imported: they must not report that they are used.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DISABLE_TELEMETRY", "1")
# Tokenizers run their own threads; forked data loaders would warn about them in every run.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
