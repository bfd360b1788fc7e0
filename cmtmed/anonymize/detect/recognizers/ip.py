"""IP: IPv4 (RFC 791) and IPv6 (RFC 4291) addresses."""

from __future__ import annotations

import re
from typing import Final

from cmtmed.anonymize.detect.recognizer import (
    LIKELY,
    VALID,
    WEAK,
    Candidate,
    Context,
    Pattern,
    Recognizer,
    ignore_case,
)


def _check_octets(candidate: Candidate) -> Candidate | None:
    """Rate small octets low: without further evidence they are section or version numbers."""
    octets = [int(octet) for octet in re.split(r"[.·]", candidate.value)]
    if max(octets) > 255:
        return None
    return candidate.with_confidence(LIKELY if max(octets) >= 100 or octets[0] == 10 else WEAK)


def _check_groups(candidate: Candidate) -> Candidate | None:
    """Accept eight groups, or fewer with one ``::`` among them."""
    value = candidate.value
    groups = [group for group in value.split(":") if group]
    is_full = len(groups) == 8 and "::" not in value
    is_compressed = value.count("::") == 1 and 2 <= len(groups) <= 7
    return candidate if is_full or is_compressed else None


RECOGNIZER: Final = Recognizer(
    type="IP",
    shared_hint=r"[0-9][.·][0-9]{1,3}[.·][0-9]{1,3}[.·][0-9]|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]",
    patterns=(
        Pattern(
            re.compile(
                r"(?:(?<![0-9A-Za-z.])|(?<=[Ii][Pp]))(?:(?:\d{1,3}\.){3}|(?:\d{1,3}·){3})\d{1,3}(?![0-9A-Za-z])(?![.·]\d)"
            ),
            WEAK,
            check=_check_octets,
        ),
        Pattern(
            re.compile(r"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{1,4}:{1,2}){2,7}[0-9A-Fa-f]{1,4}(?![0-9A-Za-z:])"),
            VALID,
            check=_check_groups,
        ),
    ),
    context=(
        Context(ignore_case(r"(?<![A-Za-z])ip|地址|服务器|登录|网关|主机|来自|网段"), 0.2, before=10),
        Context(ignore_case(r"版本|version|ver|章|节|(?<![A-Za-z])v$|指南"), -0.4, before=6),
    ),
    examples=("IP：⟦192.168.10.25⟧", "⟦198·51·100·47⟧连不上", "从⟦203.0.113.7⟧登录", "⟦2001:db8::ff00:42:8329⟧"),
    lookalikes=("软件版本1.2.3.4", "见3.2.1.5", "时间12:30:45", "比值1:2:3"),
)
