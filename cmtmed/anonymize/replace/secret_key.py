"""The secret key of pseudonyms: read from the environment, used, and never written down.

With the key, a guess can be checked (is 李志明 the surrogate of 王建国?); without it, a guess means searching all keys.
So the key stays out of the pipeline file, the manifest, every file of a build, and every message.
"""

from __future__ import annotations

import hmac
import os
from typing import Final

from cmtmed.errors import UsageError

MIN_LENGTH: Final = 16
"""Characters that a key must have at least."""
_PURPOSE: Final = b"cmtmed: is this the same key"


def read_key(variable: str, purpose: str = "pseudonyms and shifted dates need") -> bytes:
    """Read the key from the environment.

    Args:
        variable: name of the environment variable that holds it.
        purpose: what needs the key, as the beginning of the error message.

    Raises:
        UsageError: it is not set, or shorter than `MIN_LENGTH` characters.
    """
    value = os.environ.get(variable, "")
    if len(value) < MIN_LENGTH:
        problem = f"holds {len(value)} characters" if value else "is not set"
        raise UsageError(
            f"{purpose} a secret key, but the environment variable {variable} {problem}; "
            f"set it to {MIN_LENGTH} random characters or more, for example: export {variable}=$(openssl rand -hex 32)"
        )
    return value.encode("utf-8", "surrogateescape")


def fingerprint_key(key: bytes) -> str:
    """Return 16 hex digits that tell two keys apart and reveal neither."""
    return hmac.digest(key, _PURPOSE, "sha256").hex()[:16]
