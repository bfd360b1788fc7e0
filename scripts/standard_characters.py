"""Derive ``cmtmed/text/data/*.txt`` from the Unihan database of Unicode (Unicode License v3).

The database is read as files ``Unihan_*.txt``, from Unicode's site or from any package that ships them:

    python scripts/standard_characters.py FOLDER

- ``standard_characters.txt``: the 8,105 characters of 通用规范汉字表 (State Council, 2013) in its order, one level
  a line, by the field ``kTGH``.
- ``variants.txt``: characters that the mainland gave up for a character of that table without being traditional script
  (荳, 蔴), each with that character. They are those that 现代汉语词典 prints in brackets behind one head character
  (``kXHC1983``) and OpenCC leaves as they are, less `KEPT`, plus `MORE`.
- ``unsimplified.txt``: traditional characters whose simplified form is outside the basic block of Unicode (頔), by
  OpenCC.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from opencc import OpenCC

LEVELS = (3500, 6500, 8105)
FOLDER = Path(__file__).parent.parent / "cmtmed" / "text" / "data"

KEPT = frozenset(
    "叡勗昺昞濬珮珎晳麐廸弻彜姸埜嵒瑯瑠瑉蕅蘐凃芶訦柟楳犂夀懽徧"  # common in names, or a surname
    "佢嘅咵偪氹槑儅逩郳"  # a word of its own: Cantonese, a place, slang
    "瘉疎煗弌剨煠庽恉胮菢僊屃駮"  # the dictionary's position is another character's
)
"""Variants that stay: a person is called so, or the word is another one."""

MORE = {"菓": "果", "筭": "算", "煖": "暖", "疎": "疏", "瘉": "愈", "蘂": "蕊", "欬": "咳"}
"""Variants with an entry of their own in the dictionary."""


def read_field(folder: Path, field: str) -> dict[str, str]:
    """Read one field of the database: character to value."""
    values = {}
    for path in sorted(folder.glob("Unihan_*.txt")):
        for line in path.read_text("utf-8").splitlines():
            code, name, value = (*line.split("\t"), "", "")[:3]
            if name == field and code.startswith("U+"):
                values[chr(int(code.removeprefix("U+"), 16))] = value
    return values


def order_standard(positions: Mapping[str, str]) -> list[str]:
    """Return the characters of the table in its order."""
    numbers = {int(value.removeprefix("2013:")): character for character, value in positions.items()}
    if sorted(numbers) != list(range(1, LEVELS[-1] + 1)):
        raise SystemExit(f"kTGH names {len(numbers)} positions, not {LEVELS[-1]}; is the database complete?")
    return [numbers[number] for number in sorted(numbers)]


def find_variants(entries: Mapping[str, str], standard: Iterable[str]) -> dict[str, str]:
    """Return characters outside the table that the dictionary prints in brackets, with their head character."""
    simplify = OpenCC("t2s").convert
    table = set(standard)
    heads: dict[str, str] = {}
    brackets = defaultdict(set)
    for character, value in entries.items():
        # 0263.091:dòu is the first form in brackets behind the head character 0263.090.
        for position, index in re.findall(r"(\d{4}\.\d{2})(\d)", value):
            if index == "0":
                heads[position] = character
            else:
                brackets[character].add(position)
    variants = {}
    for character, positions in brackets.items():
        targets = {simplify(heads[position]) for position in positions if position in heads}
        is_undecided = "\u4e00" <= character <= "\u9fff" and character not in table and simplify(character) == character
        is_variant = is_undecided and character not in KEPT and character not in heads.values()
        if is_variant and len(targets) == 1 and "\u4e00" <= (target := targets.pop()) <= "\u9fff" and target in table:
            variants[character] = target
    return dict(sorted({**variants, **MORE}.items()))


def find_unsimplified() -> list[str]:
    """Return traditional characters of the basic block whose simplified form is outside of it."""
    characters = list(map(chr, range(0x4E00, 0xA000)))
    simplified = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return [old for old, new in zip(characters, simplified, strict=True) if not "\u4e00" <= new <= "\u9fff"]


def main() -> None:
    """Write the files."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    source = Path(sys.argv[1])
    standard = order_standard(read_field(source, "kTGH"))
    levels = [standard[start:end] for start, end in zip((0, *LEVELS), LEVELS, strict=False)]
    variants = find_variants(read_field(source, "kXHC1983"), standard)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "standard_characters.txt").write_text("\n".join(map("".join, levels)) + "\n", "utf-8")
    (FOLDER / "unsimplified.txt").write_text("".join(find_unsimplified()) + "\n", "utf-8")
    pairs = [old + new for old, new in variants.items()]
    lines = [" ".join(pairs[start : start + 25]) for start in range(0, len(pairs), 25)]
    (FOLDER / "variants.txt").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
