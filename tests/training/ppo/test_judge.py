"""The judge behind an OpenAI-style interface."""

from __future__ import annotations

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from cmtmed.errors import BuildError, UsageError
from cmtmed.training.ppo.scorers.judge import Judge
from cmtmed.training.ppo.scorers.scorer import AnsweredPrompts
from cmtmed.training.ppo.settings import JudgeReward
from tests.support.ppo import (
    ANSWERED,
)
from tests.support.training import make_messages

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


class Service(BaseHTTPRequestHandler):
    script: ClassVar = []
    asked: ClassVar = []
    lock = threading.Lock()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.lock:
            self.asked.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
            step = self.script.pop(0) if self.script else "7"
        if isinstance(step, str):
            reply = json.dumps({"choices": [{"message": {"content": step}}]}).encode()
            self.send_response(200)
        else:
            status, headers = step
            reply = b"{}"
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    Service.script, Service.asked = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def make_judge(url, **fields):
    return Judge(JudgeReward(kind="http", url=url, model="judge", **{"wait": 0.01, "concurrency": 1, **fields}))


def test_a_judge_is_asked_once_an_answer(service, monkeypatch, caplog):
    monkeypatch.setenv("CMTMED_TEST_KEY", "not-to-be-seen")
    Service.script = ["7", "<think>2 or 3</think>8/10", "0"]
    with caplog.at_level(logging.DEBUG):
        assert make_judge(service, key_env="CMTMED_TEST_KEY")(ANSWERED) == [0.7, 0.8, 0.0]
    assert [request["path"] for request in Service.asked] == ["/v1/chat/completions"] * 3
    assert {request["key"] for request in Service.asked} == {"Bearer not-to-be-seen"}
    assert "患者：头痛三天了" in Service.asked[0]["messages"][1]["content"]
    assert Service.asked[0]["messages"][1]["content"].endswith("医生：多久了？")
    assert "0到10" in Service.asked[0]["messages"][0]["content"]
    assert "not-to-be-seen" not in caplog.text
    assert "多久了" not in caplog.text
    assert "conversations are sent to 127.0.0.1" in caplog.text


def test_a_busy_judge_is_waited_for(service, monkeypatch):
    waited = []
    monkeypatch.setattr("cmtmed.training.ppo.scorers.judge.time.sleep", waited.append)
    Service.script = [
        (429, {"Retry-After": "3"}),
        (500, {}),
        "5",
        (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        "6",
    ]
    assert make_judge(service)(ANSWERED) == [0.5, 0.6, 0.7]
    assert waited[0] == 3.0
    assert 0.02 <= waited[1] <= 0.025 * 1.01
    assert waited[2] == 0.0


def test_judges_that_cannot_be_asked(service, monkeypatch):
    Service.script = [(401, {})]
    with pytest.raises(BuildError, match=r"127\.0\.0\.1:\d+ refuses with status 401; check url, model and key_env"):
        make_judge(service)(ANSWERED)
    Service.script = ["很好", "不错"]
    with pytest.raises(BuildError, match=r"the reply has 0 numbers instead of one \(2 attempts\)"):
        make_judge(service, retries=1)(ANSWERED)
    Service.script = ["很好", "11", "5", "5"]
    assert make_judge(service, retries=1, fallback=0.25)(ANSWERED) == [0.25, 0.5, 0.5]
    Service.script = [(302, {"Location": "http://127.0.0.1:1/"})]
    with pytest.raises(BuildError, match="refuses with status 302"):  # the key goes nowhere else
        make_judge(service)(ANSWERED)
    with pytest.raises(BuildError, match=r"127\.0\.0\.1:1: no reply \(ConnectionRefusedError\) \(2 attempts\)"):
        make_judge("http://127.0.0.1:1/v1", retries=1)(ANSWERED)
    with pytest.raises(UsageError, match="url is not an HTTP address"):
        make_judge("file:///etc/passwd")
    with pytest.raises(UsageError, match="the url contains a key"):
        make_judge("https://me:secret@host/v1")
    monkeypatch.delenv("CMTMED_TEST_KEY", raising=False)
    with pytest.raises(UsageError, match="environment variable CMTMED_TEST_KEY is not set"):
        make_judge(service, key_env="CMTMED_TEST_KEY")


def test_several_requests_run_at_once_and_answers_keep_their_order(service):
    batch = AnsweredPrompts([make_messages(0)[:1]] * 12, ["好"] * 12, [1] * 12)
    assert make_judge(service, concurrency=4)(batch) == [0.7] * 12
