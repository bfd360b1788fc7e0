"""The secret key: read from the environment, used, never written down.

Whoever has the key can check a guess (is 李志明 the surrogate of 王建国?); without it the guess costs the search of all
keys. So it stays out of the pipeline file, the manifest, every file of a build, and every message.
"""

from __future__ import annotations

import hmac
import os
from typing import Final

from cmtmed.errors import UsageError

LEAST: Final = 16
"""Characters of the shortest key."""
_CHECKED: Final = b"cmtmed: is this the same key"


def secret(variable: str, needed: str = "pseudonyms and shifted dates need") -> bytes:
    """Read the key.

    Args:
        variable: name of the environment variable that holds it.
        needed: what it is for, in errors.

    Raises:
        UsageError: it is not set, or shorter than `LEAST` characters.
    """
    value = os.environ.get(variable, "")
    if len(value) < LEAST:
        found = f"holds {len(value)} characters" if value else "is not set"
        raise UsageError(
            f"{needed} a secret key, and the environment variable {variable} {found}; "
            f"set it to {LEAST} random characters or more, for example: export {variable}=$(openssl rand -hex 32)"
        )
    return value.encode("utf-8", "surrogateescape")


def mark(key: bytes) -> str:
    """Return 16 hex digits by which two keys are told apart and from which neither can be computed."""
    return hmac.digest(key, _CHECKED, "sha256").hex()[:16]
