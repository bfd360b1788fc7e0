"""Kill builds at random moments and run the same command again, until as many kills were survived as were asked for.

``python tests/durability/kills.py --dialogues 5000 --kills 300`` kills the process group, one worker, or the build's own
process with SIGKILL, in turn, and compares every finished build with an uninterrupted one byte for byte. After a kill of
the build's own process its workers have to end by themselves, and nothing may be left in /dev/shm or among temporary files.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from tests.durability.crashes import fingerprint

COMPLAINTS = ("头痛", "咳嗽", "胃胀", "膝盖疼", "皮疹", "失眠", "心慌", "腰酸", "鼻塞", "耳鸣", "口苦", "乏力")
HABITS = ("平时爱喝浓茶", "经常熬夜", "最近出差比较多", "刚换了工作", "一直在吃降压药", "对青霉素过敏", "去年做过体检")
ADVICE = ("先多喝温水", "清淡饮食", "早点休息", "查一个血常规", "做个腹部彩超", "一周后来复查", "记录每天的血压")
TARGETS = ("group", "worker", "parent")
SECONDS_TO_END = 15


def write_crawl(folder: Path, dialogues: int, seed: int = 0) -> None:
    """Write dialogues of several turns to three files; some occur twice, some cannot be read."""
    draw = random.Random(seed)
    folder.mkdir()
    for part in range(3):
        with (folder / f"part{part}.jsonl").open("w", encoding="utf-8") as stream:
            for number in range(part, dialogues, 3):
                turns = []
                for _ in range(draw.randint(1, 5)):
                    complaint, habit = draw.choice(COMPLAINTS), draw.choice(HABITS)
                    turns.append(
                        f"医生，我{complaint}{draw.randint(2, 90)}天了，{habit}，体重{draw.randint(40, 99)}公斤，要紧吗？"
                    )
                    turns.append(
                        f"{complaint}以前有过吗？{draw.choice(ADVICE)}，{draw.choice(ADVICE)}，每天{draw.randint(1, 9)}次。"
                    )
                record = {"id": number, "history": [turns[index : index + 2] for index in range(0, len(turns), 2)]}
                line = json.dumps(record, ensure_ascii=False)
                stream.write(line[: len(line) // 2 if draw.random() < 0.01 else None] + "\n")


def list_names(folder: Path | str) -> set[str]:
    return {path.name for path in Path(folder).iterdir()}


class Siege:
    """Builds that are killed.

    Args:
        folder: new or empty.
        dialogues: size of the crawl.
        workers: number of worker processes.
    """

    def __init__(self, folder: Path, dialogues: int, workers: int) -> None:
        self.folder, self.temporary = folder, folder / "tmp"
        self.temporary.mkdir()
        write_crawl(folder / "crawl", dialogues)
        command = [sys.executable, "-m", "cmtmed.cli", "build", "cmtmedqa", folder / "crawl", "--quiet"]
        self.command = [*map(str, command), "--workers", str(workers), "--out"]
        started = time.perf_counter()
        assert self.start("expected").wait() == 0
        self.seconds = time.perf_counter() - started
        self.expected = fingerprint(folder / "expected")
        self.kills: Counter[str] = Counter()
        self.phases: Counter[str] = Counter()
        self.failures: list[str] = []
        self.builds = 0

    def start(self, out: str) -> subprocess.Popen:
        log = (self.folder / "log").open("wb")
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        command = [*self.command, str(self.folder / out)]
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)

    def name_phase(self, out: Path) -> str:
        """Say how far a build has come, by what is in its workspace."""
        root = out.parent / f".{out.name}.building"
        for name in ("result", "segment3", "segment2", "segment1", "segment0", "read", "plan.json"):
            if (root / name).exists():
                return name
        return "after publishing" if out.exists() else "before the plan"

    def kill(self, process: subprocess.Popen, target: str, out: Path) -> None:
        """Kill a part of a running build, and check what it leaves."""
        shared = list_names(Path("/dev/shm"))
        try:
            children = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        if target == "worker" and not children:
            target = "parent"
        phase = self.name_phase(out)
        if target == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif target == "parent":
            process.kill()
        else:
            random.choice(children).kill()
        code = process.wait()
        if code == 0:
            return
        self.kills[target] += 1
        self.phases[phase] += 1
        if code != (1 if target == "worker" else -signal.SIGKILL):
            self.failures.append(f"{target} in {phase}: exit code {code}")
        _, alive = psutil.wait_procs(children, timeout=SECONDS_TO_END)
        if alive:
            self.failures.append(f"{target} in {phase}: {len(alive)} processes go on")
        # Another program may use it at the same time; what loky, joblib or Python put there has these names.
        new = [
            name
            for name in list_names(Path("/dev/shm")) - shared
            if name.startswith(("sem.", "psm_", "joblib", "loky"))
        ]
        temporary = list_names(self.temporary)
        if new or temporary:
            self.failures.append(f"{target} in {phase}: left {[*new, *temporary]}")

    def run(self, kills: int, draw: random.Random) -> None:
        """Build, killing as often as asked for in total; the last build is left to finish."""
        out = self.folder / "out"
        while True:
            process = self.start("out")
            if self.kills.total() < kills:
                try:
                    # Beyond the end too, so that some builds finish.
                    process.wait(timeout=draw.uniform(0, 1.15 * self.seconds))
                except subprocess.TimeoutExpired:
                    self.kill(process, TARGETS[self.kills.total() % 3], out)
            code = process.wait()
            if code == 0 or out.exists():
                # Also of a build that was killed at its very end: what has the name is whole.
                self.builds += 1
                if fingerprint(out) != self.expected:
                    self.failures.append(f"build {self.builds}: other bytes")
                leftovers = list_names(self.folder) - {"crawl", "expected", "out", "tmp", "log"}
                if leftovers and code == 0:
                    self.failures.append(f"build {self.builds}: left {leftovers}")
                shutil.rmtree(out)
                if self.kills.total() >= kills:
                    return
            elif code == 2:
                self.failures.append((self.folder / "log").read_text(encoding="utf-8")[-300:])
                return
            print(f"{self.kills.total()} kills, {self.builds} builds, {len(self.failures)} failures", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dialogues", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to build; a temporary folder by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-", dir=options.folder) as name:
        siege = Siege(Path(name).resolve(), options.dialogues, options.workers)
        siege.run(options.kills, random.Random(options.seed))
        result = {
            "dialogues": options.dialogues,
            "seconds of an uninterrupted build": round(siege.seconds, 1),
            "kills": dict(siege.kills),
            "phases": dict(siege.phases),
            "builds finished": siege.builds,
            "failed": siege.failures,
        }
        print(json.dumps(result, ensure_ascii=False, indent=1))
        sys.exit(bool(siege.failures))


if __name__ == "__main__":
    main()
