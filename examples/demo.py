"""Clean the example crawl and inspect the result: ``python examples/demo.py [OUT]``.

Looks at a file of ``examples/crawl`` as ``cmtmed inspect`` does. Then builds the six messy files there with the pipeline ``examples/demo.yaml``, prints what each stage did, and
explains a dialogue that was dropped and one that was redacted. Needs the base install only.
"""

from __future__ import annotations

import sys
from pathlib import Path

from datasets import load_from_disk

import cmtmed
from cmtmed.cli.build import show as show_report
from cmtmed.cli.explain import show as show_explanation
from cmtmed.cli.inspect import show as show_inspection


def main() -> None:
    """Run the demo."""
    if sys.argv[1:2] and sys.argv[1].startswith("-"):
        print(__doc__)
        return
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "build/demo")
    out.parent.mkdir(parents=True, exist_ok=True)
    print("What is in a file, and how can it be read? (cmtmed inspect)\n")
    show_inspection(cmtmed.inspect(cmtmed.bundled("examples/crawl/clinic_qa.csv")), examples=False)

    print("The whole crawl, stage by stage:\n")
    report = cmtmed.build(cmtmed.bundled("examples/demo.yaml"), [cmtmed.bundled("examples/crawl")], out)
    show_report(report)

    sft = cmtmed.load(out, view="sft")
    print(f"\ndatasets.load_from_disk({str(out / 'sft')!r}) gives\n{sft}")

    dropped = load_from_disk(str(out / "dropped"))
    duplicate = next(row for row in dropped if row["drop_reason"] == "near_duplicate")
    print("\nWhy was this one dropped?")
    show_explanation(cmtmed.explain(out, id=duplicate["id"]))

    dialogues = load_from_disk(str(out / "dialogues"))["train"]
    redacted = max(dialogues, key=lambda row: (len(row["identifiers"]), row["id"]))
    print("\nAnd what happened to this one?")
    show_explanation(cmtmed.explain(out, id=redacted["id"]))


if __name__ == "__main__":
    main()
