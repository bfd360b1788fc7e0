"""What a Chinese character is: one definition for every pattern of the library.

Han are the ideographs of Unicode: the basic block, extension A, compatibility ideographs, and planes 2 and 3, which
Unicode sets aside for ideographs (extensions B to J and later ones). The rarest of them stand in personal names. The
numeral 〇, the repetition mark 々 and radicals are left out: they are no characters that a name is made of.
"""

from __future__ import annotations

import re
from typing import Final

HAN: Final = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""The inside of a character class, for Python and for Polars."""

_HAN: Final = re.compile(f"[{HAN}]*")


def is_han(text: str) -> bool:
    """Return whether a text consists of Chinese characters and is not empty.

    >>> [is_han(text) for text in ("王頔", "䶮", "𠮷田", "王a", "")]
    [True, True, True, False, False]
    """
    return bool(text) and _HAN.fullmatch(text) is not None
