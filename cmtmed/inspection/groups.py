"""Files that are alike: they share one source, which a pattern of their names tells from the others."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cmtmed.errors import InputError
from cmtmed.inspection.labels import collect_labelled
from cmtmed.inspection.samples import Sample, sample_file
from cmtmed.inspection.texts import decode_sample
from cmtmed.io.record_flattening import flatten
from cmtmed.io.records import Record
from cmtmed.source import Source

_ANY: Final = Source(name="crawl")
_ALIKE: Final = 0.5
"""Share of fields, labels or classes that alike files have in common."""
SAMPLED_FILES: Final = 20
"""Files of a group that are looked at for the choice of its source."""
_PROBED_FILES: Final = 300
"""Files that are looked at for the division into groups."""
_MEMBERS: Final = 5
_CLASSES: Final = re.compile(rb"class=[\"']?([^\"'>]+)")
_OTHERS: Final = frozenset({"license", "readme", "copying", "notice"})


@dataclass
class FileGroup:
    """Files that are alike.

    Attributes:
        files: their paths, in order.
        samples: samples of the first of them.
        traits: format and the fields, labels or classes that they have.
        match: the pattern that matches them and no other.
    """

    files: list[Path] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    traits: frozenset[str] = frozenset()
    match: str = "*"


def list_files(inputs: Sequence[str | Path]) -> list[Path]:
    """Expand files, directories and patterns into files, each once, in order of path.

    Raises:
        InputError: an input does not exist, or there is no file.
    """
    files: set[Path] = set()
    for pattern in inputs:
        path = Path(pattern)
        if path.is_dir():
            files.update(f for f in path.rglob("*") if f.is_file() and not is_aside(f.relative_to(path)))
        elif path.is_file():
            files.add(path)
        elif glob.has_magic(str(pattern)):
            # Path.glob does not accept absolute patterns.
            files.update(Path(f) for f in glob.glob(str(pattern), recursive=True) if Path(f).is_file())  # noqa: PTH207
        else:
            raise InputError(f"input {str(pattern)!r} does not exist; pass files, directories or glob patterns")
    if not files:
        raise InputError(f"no file in {', '.join(map(repr, map(str, inputs)))}; pass files of a crawl")
    return sorted(files)


def is_aside(path: Path) -> bool:
    """Return whether a file is hidden or tells about the others, as a licence does."""
    return any(part.startswith(".") for part in path.parts) or path.stem.lower() in _OTHERS


def group_files(files: Sequence[Path]) -> list[FileGroup]:
    """Divide files into groups of like files, each with its samples and pattern.

    Raises:
        InputError: a file cannot be opened.
    """
    groups: list[FileGroup] = []
    for number, file in enumerate(files):
        if number >= _PROBED_FILES:
            _add_unprobed(file, groups)
            continue
        try:
            samples = sample_file(file, _ANY, members=_MEMBERS)
        except PermissionError:
            raise InputError(f"input {str(file)!r} cannot be opened: permission denied") from None
        samples = [sample for sample in samples if sample.head.strip()] or samples
        traits = find_traits(samples[0]) if samples else frozenset({"format:none"})
        group = next((group for group in groups if _are_alike(group.traits, traits)), None)
        if group is None:
            group = FileGroup(traits=traits)
            groups.append(group)
        group.files.append(file)
        group.traits |= traits
        if len(group.samples) < SAMPLED_FILES:
            group.samples += samples
    name_groups(groups)
    return groups


def _add_unprobed(file: Path, groups: Sequence[FileGroup]) -> None:
    """Add a file of a large directory to the group that has most files of its suffix."""
    max(groups, key=lambda group: sum(other.suffix == file.suffix for other in group.files)).files.append(file)


def find_traits(sample: Sample) -> frozenset[str]:
    """Return what tells the form of a file: its format, and its fields, labels or classes."""
    if not sample.head.strip():
        return frozenset({"format:empty"})
    file_format = sample.detect_format(_ANY)
    traits = {f"format:{file_format}"}
    if file_format == "html":
        classes = b" ".join(_CLASSES.findall(sample.head))
        traits |= {f"class:{name}" for name in classes.decode("utf-8", "replace").split()}
    elif file_format == "transcript":
        traits |= {f"label:{name}" for name in collect_labelled([decode_sample(sample, "auto")])}
    else:
        for record in sample.read_records(_ANY)[:20]:
            if isinstance(record, Record):
                value = record.value
                traits |= {f"field:{name}" for name in flatten(value)} if isinstance(value, Mapping) else {"list"}
    return frozenset(traits)


def _are_alike(first: frozenset[str], second: frozenset[str]) -> bool:
    formats = [{t for t in traits if t.startswith("format:")} for traits in (first, second)]
    if formats[0] != formats[1]:
        return {"format:json", "format:jsonl"} >= formats[0] | formats[1] and _share(first, second) >= _ALIKE
    return _share(first, second) >= _ALIKE


def _share(first: frozenset[str], second: frozenset[str]) -> float:
    ours, theirs = ({t for t in traits if not t.startswith("format:")} for traits in (first, second))
    smaller = min(len(ours), len(theirs))
    return len(ours & theirs) / smaller if smaller else float(not ours and not theirs)


def name_groups(groups: Sequence[FileGroup]) -> None:
    """Give every group the widest pattern that matches all of its files and none of the others."""
    for group in groups:
        others = [file for other in groups if other is not group for file in other.files]
        candidates = ["*"] if len(groups) == 1 else _list_patterns(group.files)
        group.match = next(
            (
                pattern
                for pattern in candidates
                if all(_matches(file, pattern) for file in group.files)
                and not any(_matches(file, pattern) for file in others)
            ),
            "",
        )


def _matches(file: Path, pattern: str) -> bool:
    return Source(name="crawl", match=pattern).matches(file)


def _list_patterns(files: Sequence[Path]) -> list[str]:
    names = [file.name for file in files]
    suffixes = {"".join(file.suffixes[-2:]) for file in files} | {file.suffix for file in files}
    prefix = _escape(_find_prefix(names))
    patterns = [f"*{suffix}" for suffix in sorted(suffixes, key=len) if suffix]
    patterns += [f"{prefix}*{suffix}" for suffix in sorted(suffixes, key=len)] if prefix else []
    patterns += [f"{_escape(parent)}/*" for parent in dict.fromkeys(file.parent.name for file in files) if parent]
    return patterns + ([_escape(names[0])] if len(set(names)) == 1 else [])


def _find_prefix(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return next((first[:n] for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), first[: len(last)])


def _escape(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


def name_pattern(file: Path, *, is_unique: bool) -> str:
    """Return a pattern for one file: its name, or its folder and name where other files have the same name."""
    return _escape(file.name if is_unique else f"{file.parent.name}/{file.name}")
