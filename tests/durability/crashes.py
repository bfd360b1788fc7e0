"""Kill a small build before every file system call, or cut its power at every sync; run it again, and compare all bytes.

``python tests/durability/crashes.py kill|power [--step N] [--offset N] [--over EARLIER]`` prints what was tried and what
failed. It needs a C compiler and Linux: `disk.c`, preloaded, counts the calls and records what is on the disk.

Every build runs in a process forked from one that has imported everything, so that a point costs a second.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import cmtmed
from cmtmed import Pipeline
from cmtmed.artifacts import sync_tree
from cmtmed.dedup.warmup import load_kernels
from cmtmed.engine import local

HERE = Path(__file__).parent
PIPELINE = {
    "name": "durability",
    "views": {"names": ["sft"]},
    "sources": [{"name": "crawl", "fields": {"question": "question", "answer": "answer"}}],
    "stages": ["normalize_text", "merge_turns", "tag_inquiries", {"drop_duplicates": {"ngram": 3}}, "assign_split"],
}
COMPLAINTS = ("头痛", "咳嗽", "胃胀", "膝盖疼", "皮疹", "失眠", "心慌")


def compile_disk(folder: Path) -> Path:
    """Compile `disk.c`; raises if there is no compiler."""
    library = folder / "disk.so"
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if compiler is None or sys.platform != "linux":
        raise RuntimeError("no C compiler for Linux")
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", library, HERE / "disk.c", "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return library


def write_crawl(folder: Path, first: int = 0) -> None:
    """Write three small files: dialogues, a duplicate, and a record that cannot be read."""
    folder.mkdir()
    for number in range(2):
        records = []
        for index in range(first + number * 7, first + number * 7 + 7):
            complaint = COMPLAINTS[index % 7]
            question = f"医生您好，我{complaint}已经{index + 2}天了，吃了{index + 1}片药还不见好，怎么办？"
            answer = f"您好，{complaint}之前有没有受凉？体温最高多少度？先多喝水，{index + 3}天后来复查。"
            records.append(json.dumps({"id": index, "question": question, "answer": answer}, ensure_ascii=False))
        lines = [*records, records[0].replace('"id": ', '"id": 9'), "{broken"]
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def fingerprint(out: Path) -> dict[str, str]:
    """Return a hash of every file; of the report without times and its own place."""
    hashes = {}
    for path in sorted(out.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if path.name == "report.json":
                report = json.loads(content)
                del report["seconds"], report["out"]
                for stage in report["stages"]:
                    del stage["seconds"]
                content = json.dumps(report, sort_keys=True).encode()
            hashes[path.relative_to(out).as_posix()] = hashlib.sha256(content).hexdigest()
    return hashes


class Laboratory:
    """A folder in which one small build is run over and over.

    Args:
        folder: new or empty.
        over: whether the build replaces an earlier one.
    """

    def __init__(self, folder: Path, *, over: bool) -> None:
        local.SHARD_ROWS, local.GROUP_BYTES = 8, 1
        self.folder, self.over = folder, over
        self.disk = ctypes.CDLL(None)
        self.pipeline = Pipeline.parse(PIPELINE)
        self.crawl, self.earlier = folder / "crawl", folder / "earlier"
        write_crawl(self.crawl)
        write_crawl(folder / "earlier_crawl", first=50)
        self.warm_up()
        self.run(lambda: self.build(self.earlier / "out", folder / "earlier_crawl"))
        self.run(lambda: self.build(folder / "expected" / "out"))
        self.expected = fingerprint(folder / "expected" / "out")
        self.replaced = fingerprint(self.earlier / "out")
        self.failures: list[str] = []
        self.tried: Counter[str] = Counter()

    def build(self, out: Path, crawl: Path | None = None, *, sync: bool = True) -> None:
        cmtmed.build(self.pipeline, [crawl or self.crawl], out, workers=1, sync=sync)

    def warm_up(self) -> None:
        """Import what a build imports and load its kernels, without any thread that a fork would lose."""
        load_kernels()
        names = self.folder / "modules"

        def list_modules():
            self.build(self.folder / "warm" / "out")
            names.write_text("\n".join(list(sys.modules)), encoding="utf-8")

        self.run(list_modules)
        for name in names.read_text(encoding="utf-8").splitlines():
            if name not in sys.modules and not name.startswith("_"):
                with contextlib.suppress(Exception):
                    importlib.import_module(name)

    def run(self, work, log: Path | None = None) -> int:
        """Run a function in a child process; return its status as `subprocess` gives it."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if log is not None:
                    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                    os.dup2(descriptor, 2)
                work()
                code = 0
            finally:
                if code:
                    traceback.print_exc()
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def prepare(self, name: str) -> Path:
        """Return a new directory in which ``out`` is to be built."""
        root = self.folder / name
        if self.over:
            shutil.copytree(self.earlier, root)
        else:
            root.mkdir()
        return root

    def check_target(self, root: Path, point: str) -> None:
        """Whatever happened, the target is nothing, the earlier build, or the new one."""
        out = root / "out"
        if out.exists() and fingerprint(out) not in ([self.expected, self.replaced] if self.over else [self.expected]):
            self.failures.append(f"{point}: the target is a mixture")

    def check_rerun(self, root: Path, point: str) -> None:
        """The same command again gives the same bytes and leaves nothing else."""
        log = self.folder / "rerun.log"
        status = self.run(lambda: self.build(root / "out"), log)
        if status != 0:
            last = log.read_text(encoding="utf-8").strip().splitlines()[-1:]
            self.failures.append(f"{point}: the same command again ends with {status}: {last}")
            return
        if fingerprint(root / "out") != self.expected:
            self.failures.append(f"{point}: other bytes")
        leftovers = [path.name for path in root.iterdir() if path.name != "out"]
        if leftovers:
            self.failures.append(f"{point}: {leftovers} left")

    def arm(self, root: Path, call: int, log: Path) -> None:
        os.environ["DISK_ROOT"] = str(root)
        self.disk.disk_arm(ctypes.c_long(call), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))

    def list_calls(self) -> list[str]:
        """Return the file system calls of an uninterrupted build, in order."""
        root, log = self.prepare("calls"), self.folder / "calls.log"

        def count():
            self.arm(root, 0, log)
            self.build(root / "out")

        assert self.run(count) == 0
        return log.read_text(encoding="utf-8").splitlines()

    def kill_before(self, call: int) -> bool:
        """Kill the build before a call, then check; return False if the build makes fewer calls."""
        root, log = self.prepare(f"kill{call}"), self.folder / "kill.log"

        def crash():
            self.arm(root, call, log)
            self.build(root / "out")

        status = self.run(crash, self.folder / "crash.log")
        if status == 0:
            return False
        point = log.read_text(encoding="utf-8").splitlines()[-1]
        self.tried[point.split()[1]] += 1
        if status != -9:
            self.failures.append(f"{point}: the build ended with {status}")
        self.check_target(root, point)
        self.check_rerun(root, point)
        shutil.rmtree(root)
        return True

    def record_power(self, *, sync: bool = True) -> tuple[list[tuple[str, str, str]], int]:
        """Run the build on a disk that records what is synced.

        Returns:
            Kind, identity and path of what each sync wrote; and how many of them were there before the build.
        """
        root, synced = self.prepare("power"), self.folder / "synced"
        synced.mkdir()

        def record():
            os.environ |= {"DISK_ROOT": str(root), "DISK_SYNCED": str(synced)}
            sync_tree(root)
            (self.folder / "begin").write_text(str(len(list(synced.iterdir())) - 1), encoding="utf-8")
            self.build(root / "out", sync=sync)

        assert self.run(record) == 0
        log = (synced / "log").read_text(encoding="utf-8").splitlines()
        syncs = [tuple(line.split(" ", 3)[1:]) for line in log]
        return syncs, int((self.folder / "begin").read_text(encoding="utf-8"))

    def restore(self, syncs: list[tuple[str, str, str]], point: int) -> Path:
        """Make the directory as a power cut after some syncs leaves it."""
        contents = {identity: number for number, (_, identity, _) in enumerate(syncs[:point], start=1)}
        root = self.folder / f"cut{point}"

        def write(path: Path, kind: str, identity: str) -> None:
            number = contents.get(identity)
            stored = self.folder / "synced" / f"{number:06d}" if number else None
            if kind == "f":
                path.write_bytes(stored.read_bytes() if stored else b"")
                return
            path.mkdir()
            for line in stored.read_text(encoding="utf-8").splitlines() if stored else ():
                member_kind, member, name = line.split(" ", 2)
                write(path / name, member_kind, member)

        top = next(identity for kind, identity, path in syncs if kind == "d" and path == str(self.folder / "power"))
        write(root, "d", top)
        return root

    def cut_power(self, syncs: list[tuple[str, str, str]], point: int) -> None:
        """Keep what the first syncs wrote, then check."""
        name = f"power cut after sync {point} of {len(syncs)} ({syncs[point - 1][2].partition('/power')[2]})"
        root = self.restore(syncs, point)
        self.tried["power cut"] += 1
        self.check_target(root, name)
        if point == len(syncs) and not (root / "out").exists():
            self.failures.append(f"{name}: the finished build is lost")
        self.check_rerun(root, name)
        shutil.rmtree(root)


def select(total: int, step: int, offset: int, tail: int) -> list[int]:
    """Return the points to try: every ``step``-th from ``offset`` on, and the last ones all."""
    return sorted({*range(1 + offset, total + 1, step), *range(max(1, total - tail + 1), total + 1)})


def run_experiments(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Run the experiments that the options name; return what was tried and what failed."""
    started = time.perf_counter()
    laboratory = Laboratory(folder, over=options.over)
    if options.what == "kill":
        calls = laboratory.list_calls()
        for call in select(len(calls), options.step, options.offset, options.tail):
            if not laboratory.kill_before(call):
                break
        total = len(calls)
    else:
        syncs, begin = laboratory.record_power(sync=not options.no_sync)
        for point in select(len(syncs) - begin, options.step, options.offset, options.tail):
            laboratory.cut_power(syncs, begin + point)
        total = len(syncs) - begin
        if options.no_sync and not total:
            laboratory.cut_power(syncs, begin)
    return {
        "what": options.what,
        "over an earlier build": options.over,
        "points": total,
        "tried": dict(laboratory.tried),
        "failed": laboratory.failures,
        "seconds": round(time.perf_counter() - started),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["kill", "power"])
    parser.add_argument("--over", action="store_true", help="replace an earlier build")
    parser.add_argument("--step", type=int, default=1, help="try every N-th point")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--tail", type=int, default=0, help="try the last N points all")
    parser.add_argument("--folder", type=Path, help="where to build; a temporary folder by default")
    parser.add_argument("--no-sync", action="store_true", help="build without sync, to see the disk lose something")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="durability-", dir=options.folder) as name:
        folder = Path(name).resolve()
        if "DISK_PRELOADED" not in os.environ:
            library = compile_disk(folder)
            environment = {
                **os.environ, "LD_PRELOAD": str(library), "DISK_PRELOADED": "1", "POLARS_MAX_THREADS": "1",
                "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]),
            }  # fmt: skip
            sys.exit(subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode)

        result = run_experiments(options, folder)
        sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
        sys.exit(bool(result["failed"]))


if __name__ == "__main__":
    main()
