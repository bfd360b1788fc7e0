"""Names of speakers in the formats of other projects, and the chat roles that they stand for."""

from __future__ import annotations

from typing import Final

CHAT_ROLES: Final = {
    "human": "user",
    "user": "user",
    "patient": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "doctor": "assistant",
    "bot": "assistant",
    "system": "system",
}
