"""Turn F1 of the bundled source and of unedited proposals: ``python benchmarks/inspection.py [NAME]``.

Gold are readings by hand (``inspection_gold.py``) of the files of ``../shared/data`` and of the reading cases, and the
crawls of ``tests/support/crawls.py`` and ``more_crawls.py``. A turn is right if its place, role and text (without white
space) are.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from figures import record  # noqa: E402
from inspection_gold import Dialogue, read_gold  # noqa: E402

import cmtmed  # noqa: E402
from cmtmed.io.read import read_file  # noqa: E402
from cmtmed.pipeline import Pipeline  # noqa: E402
from cmtmed.source import Source  # noqa: E402
from tests.support.crawls import make_crawls  # noqa: E402
from tests.support.more_crawls import make_more_crawls  # noqa: E402

SHARED = ROOT.parent / "shared"
FIGURES = ("auto_f1", "auto_lost", "proposal_f1", "proposal_lost")


def iter_cases(folder: Path) -> Iterator[tuple[str, Path, list[Dialogue]]]:
    """Yield name, file and gold dialogues of every case."""
    for name, (text, gold) in (make_crawls() | make_more_crawls()).items():
        (folder / name).write_text(text, encoding="utf-8")
        yield f"crawls/{name}", folder / name, gold
    for root in (SHARED / "data", SHARED / "cases" / "reading"):
        for path in sorted(root.rglob("*")):
            if path.is_file() and (gold := read_gold(path)) is not None:
                yield "/".join(path.parts[-2:]), path, gold


def read_dialogues(path: Path, sources: Sequence[Source]) -> list[Dialogue]:
    """Return the dialogues that sources read from a file."""
    return [
        [(message["role"], message["content"]) for message in messages]
        for batch in read_file(path, sources)
        for messages in batch.dialogues["messages"].to_list()
    ]


def count_turns(dialogues: Sequence[Dialogue]) -> Counter[tuple[int, str, str]]:
    """Return the number of each turn: its place, role and text without white space."""
    return Counter(
        (place, role, "".join(text.split()))
        for dialogue in dialogues
        for place, (role, text) in enumerate(dialogue)
        if text and text.strip()
    )


def score(gold: Sequence[Dialogue], dialogues: Sequence[Dialogue]) -> tuple[float, float]:
    """Return the turn F1, and the share of gold characters that stand in no turn of their role."""
    expected, actual = count_turns(gold), count_turns(dialogues)
    f1 = 2 * (expected & actual).total() / max(1, expected.total() + actual.total())
    sizes = [Counter[str](), Counter[str]()]
    for counts, size in zip((expected, actual), sizes, strict=True):
        for (_, role, text), number in counts.items():
            size[role] += len(text) * number
    lost = sum((sizes[0] - sizes[1]).values())
    return f1, lost / max(1, sizes[0].total())


def main() -> None:
    """Print the scores of every case and their means."""
    totals = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, path, gold in iter_cases(folder):
            if sys.argv[1:] and sys.argv[1] not in name:
                continue
            start = time.perf_counter()
            pipeline = folder / "proposed.yaml"
            pipeline.write_text(cmtmed.inspect(path).pipeline, encoding="utf-8")
            seconds = time.perf_counter() - start
            auto = score(gold, read_dialogues(path, [Source(name="crawl")]))
            proposed = score(gold, read_dialogues(path, Pipeline.load(pipeline).sources))
            totals.append((*auto, *proposed))
            print(
                f"{name:52} auto F1 {auto[0]:.3f} lost {auto[1]:6.2%}   proposal F1 {proposed[0]:.3f} "
                f"lost {proposed[1]:6.2%}   {seconds:.1f} s"
            )
    if totals:
        means = [sum(column) / len(totals) for column in zip(*totals, strict=True)]
        print(
            f"\nmean of {len(totals)}: auto F1 {means[0]:.3f}, lost {means[1]:.2%}; "
            f"proposal F1 {means[2]:.3f}, lost {means[3]:.2%}"
        )
        if not sys.argv[1:]:
            for name, value, better in zip(FIGURES, means, ("higher", "lower") * 2, strict=True):
                record(f"inspection.{name}", value, better=better, slack=0.001)


if __name__ == "__main__":
    main()
