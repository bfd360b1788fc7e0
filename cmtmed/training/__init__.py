"""What the bundled trainers share: settings, models and adapters, data, the loops that are our own, and curves.

The trainers read Arrow datasets and nothing else of this library. Nothing heavy is imported here: ``torch`` and the
libraries above it are imported where they are used, because loading them takes seconds.
"""

from __future__ import annotations

import os

# Before any of these libraries is imported: none of them is to tell anybody that it was used.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DISABLE_TELEMETRY", "1")
# Tokenizers run their own threads; forked data loaders would warn about them in every run.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
