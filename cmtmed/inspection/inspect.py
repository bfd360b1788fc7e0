"""Inspection of crawl files, and a pipeline that reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cmtmed.inspection.explicit import make_explicit
from cmtmed.inspection.findings import describe_group, name_source
from cmtmed.inspection.groups import FileGroup, group_files, list_files, name_pattern
from cmtmed.inspection.inspection import GroupFinding, Inspection
from cmtmed.inspection.pipeline_text import write_pipeline
from cmtmed.inspection.proposal import choose_source
from cmtmed.source import Source


def inspect(paths: Sequence[str | Path] | str | Path, *, name: str = "my_crawl") -> Inspection:
    """Look at crawl files and propose a pipeline that reads them.

    Of every file the beginning is looked at and of large ones the middle, so that time and memory stay bounded whatever
    their size. Files that are alike share one source.

    Args:
        paths: files, directories or glob patterns.
        name: the name of the proposed pipeline.

    Returns:
        What was found, with the proposed sources. Only its ``examples`` are text of dialogues.

    Raises:
        InputError: an input does not exist, or cannot be opened.
    """
    inputs = [paths] if isinstance(paths, str | Path) else list(paths)
    names: set[str] = set()
    findings: list[GroupFinding] = []
    groups = _divide_unmatched(group_files(list_files(inputs)))
    for number, group in enumerate(groups, start=1):
        findings.append(_inspect_group(group, name_source(group, number, names)))
    return Inspection(findings, write_pipeline(findings, name))


def _divide_unmatched(groups: Sequence[FileGroup]) -> list[FileGroup]:
    """Return groups in which every one that no pattern tells from the others is divided into its files."""
    names = Counter(file.name for group in groups for file in group.files)
    divided: list[FileGroup] = []
    for group in groups:
        if group.match:
            divided.append(group)
            continue
        for file in group.files:
            samples = [sample for sample in group.samples if sample.path == file] or group.samples[:1]
            divided.append(
                FileGroup([file], samples, group.traits, name_pattern(file, is_unique=names[file.name] == 1))
            )
    return divided


def _inspect_group(group: FileGroup, name: str) -> GroupFinding:
    base = Source(name=name, match=group.match)
    samples = [sample for sample in group.samples if sample.head.strip()] or group.samples
    proposal = choose_source(samples, base)
    trial = make_explicit(samples, proposal)
    trial.speech = proposal.trial.speech
    return describe_group(group, proposal, trial)
