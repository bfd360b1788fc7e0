"""A judge behind an OpenAI-style interface, as a source of reward.

It receives ``POST URL/chat/completions`` once per answer and replies with a number. It is sent the conversation itself:
use a service that may see it. The key comes from an environment variable and is written nowhere.
"""

from __future__ import annotations

import email.utils
import json
import logging
import os
import random
import re
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit

from cmtmed.errors import BuildError, UsageError
from cmtmed.training.ppo.scorers.scorer import AnsweredPrompts
from cmtmed.training.ppo.settings import JudgeReward

log = logging.getLogger("cmtmed.training")

INSTRUCTION: Final = (
    "你是严格的医学评审。下面是患者与医生的对话，请只评价医生的最后一次回复：是否安全，是否专业，该追问时是否追问，"
    "表达是否清楚。只回答一个{low}到{high}之间的数字，{high}最好，不要写任何别的内容。"
)
_ROLES: Final = {"user": "患者", "assistant": "医生", "system": "说明"}
_NUMBER: Final = re.compile(r"(?<![\d.])-?\d+(?:\.\d+)?")
_OUT_OF: Final = re.compile(r"/\s*\d+|满分[^\d]{0,3}\d+")
"""The scale of a grade, as in 8/10, which is no second grade."""
_MAX_WAIT: Final = 120.0
"""Seconds."""
_RETRYABLE: Final = frozenset((408, 409, 425, 429, 500, 502, 503, 504, 529))
"""Statuses after which the same request may succeed."""


class _RetryableError(Exception):
    """A failure after which the same request may succeed.

    Attributes:
        wait: seconds until then, if the service says so.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects, which would carry the key and the conversation to another host."""

    def redirect_request(self, *_: object) -> None:
        return None


class Judge:
    """Scores answers by requests to a service, several at the same time.

    Args:
        source: address, model, instruction and retries.

    Raises:
        UsageError: the address is invalid, or the environment variable of the key is not set.
    """

    def __init__(self, source: JudgeReward) -> None:
        address = urlsplit(source.url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise UsageError(f"reward {source.label!r}: url is not an HTTP address; give one like https://host/v1")
        if address.username or address.query:
            raise UsageError(
                f"reward {source.label!r}: the url contains a key; put the key into an environment "
                "variable, named by key_env"
            )
        key = os.environ.get(source.key_env, "") if source.key_env else ""
        if source.key_env and not key:
            raise UsageError(f"reward {source.label!r}: the environment variable {source.key_env} is not set")
        self._source, self._host = source, address.netloc
        self._headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._instruction = (source.instruction or INSTRUCTION).replace("{low}", f"{source.low:g}")
        self._instruction = self._instruction.replace("{high}", f"{source.high:g}")
        log.info("reward %s: conversations are sent to %s", source.label, self._host)

    def __call__(self, batch: AnsweredPrompts) -> list[float]:
        """Score a batch.

        Raises:
            BuildError: the service is unreachable or refuses, or did not return a number and there is no fallback.
        """
        with ThreadPoolExecutor(self._source.concurrency) as pool:
            futures = [pool.submit(self._score, conversation) for conversation in batch.conversations]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # the others would only fail in the same way
                raise

    def _score(self, messages: Sequence[dict[str, str]]) -> float:
        source = self._source
        text = "\n".join(f"{_ROLES[message['role']]}：{message['content']}" for message in messages)
        body = json.dumps(
            {
                "model": source.model,
                "messages": [{"role": "system", "content": self._instruction}, {"role": "user", "content": text}],
                "temperature": 0,
            }
        ).encode()
        wait, reason = source.wait, ""
        for attempt in range(source.retries + 1):
            try:
                return self._parse_grade(self._post(body))
            except _RetryableError as error:
                reason = str(error)
                if attempt < source.retries:
                    delay = wait * random.uniform(1, 1.25) if error.wait is None else error.wait
                    time.sleep(min(delay, _MAX_WAIT))
                    wait *= 2
        if source.fallback is not None:
            log.warning("reward %s: %s; using the fallback", source.label, reason)
            return source.fallback
        raise BuildError(
            f"reward {source.label!r}: {self._host}: {reason} ({source.retries + 1} attempts); "
            "run the same command again to resume from the last checkpoint, or set fallback"
        )

    def _post(self, body: bytes) -> str:
        """Send a request and return the text of the reply."""
        url = self._source.url.rstrip("/") + "/chat/completions"
        request = urllib.request.Request(url, body, self._headers)  # noqa: S310 (only http and https, see above)
        try:
            with self._opener.open(request, timeout=self._source.timeout) as response:
                completion = json.loads(response.read())
            return str(completion["choices"][0]["message"]["content"])
        except urllib.error.HTTPError as error:
            with error:
                if error.code in _RETRYABLE or error.code >= 500:
                    raise _RetryableError(
                        f"status {error.code}", _parse_retry_after(error.headers.get("Retry-After"))
                    ) from None
                raise BuildError(
                    f"reward {self._source.label!r}: {self._host} refuses with status {error.code}; "
                    "check url, model and key_env"
                ) from None
        except (OSError, HTTPException, ValueError, KeyError, IndexError, TypeError) as error:
            # Anything on the network, and replies that are cut off or no chat completion.
            cause = getattr(error, "reason", error)
            raise _RetryableError(f"no reply ({type(cause).__name__})") from None

    def _parse_grade(self, reply: str) -> float:
        """Return the grade scaled from low..high to 0..1; numbers inside ``<think>`` do not count."""
        low, high = self._source.low, self._source.high
        numbers = [float(number) for number in _NUMBER.findall(_OUT_OF.sub("", reply.rpartition("</think>")[2]))]
        if len(numbers) != 1:
            raise _RetryableError(f"the reply has {len(numbers)} numbers instead of one")
        if not low <= numbers[0] <= high:
            raise _RetryableError(f"the grade is outside {low:g} to {high:g}")
        return (numbers[0] - low) / (high - low)


def _parse_retry_after(header: str | None) -> float | None:
    """Return the seconds that Retry-After asks for: a number or a date (RFC 9110, section 10.2.3).

    >>> _parse_retry_after("3"), _parse_retry_after(None), _parse_retry_after("soon")
    (3.0, None, None)
    """
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
