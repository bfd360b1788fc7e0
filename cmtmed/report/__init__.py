"""One self-contained HTML page about a finished build: ``cmtmed.report("out/")``.

The package itself can be called, because Python puts a submodule's name where a function of the same name would
stand: whichever of ``import cmtmed`` and ``import cmtmed.report`` comes first, ``cmtmed.report(...)`` makes the page.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType


class _Callable(ModuleType):
    def __call__(
        self, out: str | Path, page: str | Path | None = None, *, sample: int = 300, text: bool = True
    ) -> Path:
        """Write the page; see `cmtmed.report.corpus.report`."""
        from cmtmed.report.corpus import report

        return report(out, page, sample=sample, text=text)


sys.modules[__name__].__class__ = _Callable
