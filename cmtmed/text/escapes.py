r"""Escapes that a program should have resolved: literal ``\n``, ``\u533b``, ``%u533b``, ``\xe5\x8c\xbb``, ``\/``."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.text.han import is_han

SUSPECT_ESCAPE: Final = r"\\[nrtuUx/\x22]|%u[0-9A-Fa-f]{4}"
"""Pattern for Polars that every text matches that `resolve_escapes` changes."""
ESCAPE_SIGNS: Final = ("\\", "%u")
"""Every text that matches it holds one of these."""

# Not \nu and \times, which are formulas, not C:\new, which is a path, and not "\n", which is a program.
_BREAK: Final = re.compile(r"(?<![A-Za-z]:)\\+r\\+n|(?<![A-Za-z]:)\\+[nr](?![a-z\"'])")
_TAB: Final = re.compile(r"(?<![A-Za-z]:)\\+t(?![a-z\"'])")
_UNICODE: Final = re.compile(r"(?:\\+u[0-9A-Fa-f]{4})+|\\+U000[0-9A-Fa-f]{5}|(?:%u[0-9A-Fa-f]{4})+")
_BYTES: Final = re.compile(r"(?:\\+x[0-9A-Fa-f]{2}){2,}")
_QUOTED: Final = re.compile(r"\\+(\")|(?<=[\w)）])\\+(/)(?=\w)")
_CODE: Final = re.compile(r"[0-9A-Fa-f]{4,8}")


def resolve_escapes(text: str) -> str:
    r"""Resolve the escapes of a text that can mean nothing else.

    >>> resolve_escapes(r"发烧三天\n\u533b\u751f，120\/80")
    '发烧三天\n医生，120/80'
    """
    text = _UNICODE.sub(_resolve_unicode, text)
    text = _BYTES.sub(_resolve_bytes, text)
    text = _TAB.sub("\t", _BREAK.sub("\n", text))
    return _QUOTED.sub(lambda match: match[1] or match[2], text)


def _resolve_unicode(match: re.Match[str]) -> str:
    codes = [int(code, 16) for code in _CODE.findall(match[0])]
    units = b"".join(chr(code).encode("utf-16-le", errors="surrogatepass") for code in codes if code <= 0x10FFFF)
    try:
        resolved = units.decode("utf-16-le")
    except UnicodeDecodeError:
        return match[0]
    # 100%u1234 is no escape; %u is certain only where Chinese comes out.
    return resolved if match[0][0] == "\\" or all(map(_is_chinese, resolved)) else match[0]


def _resolve_bytes(match: re.Match[str]) -> str:
    raw = bytes.fromhex(re.sub(r"\\+x", "", match[0]))
    for encoding in ("utf-8", "gb18030"):
        try:
            resolved = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(map(_is_chinese, resolved)):
            return resolved
    return match[0]


def _is_chinese(character: str) -> bool:
    return is_han(character) or "\u3000" <= character <= "\u303f" or "\uff00" <= character <= "\uffef"
