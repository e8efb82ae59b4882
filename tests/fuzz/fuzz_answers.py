"""Fuzz what reads podman's answers, guided by coverage: `python -m tests.fuzz.fuzz_answers`.

Needs atheris (`pip install atheris`), which nothing else here does. Its inputs are texts; the
first byte says which target reads the rest. It starts from the recorded answers, ends at the first
input that raises, which it leaves in the corpus as crash-*, and says how many inputs it tried,
and of which target (in CORPUS.counts; at the end when there is no --corpus).
"""

import argparse
import importlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

_MOST = 1 << 16
_SECONDS_AN_INPUT = 20
_MEGABYTES = 2048
# libFuzzer ends the process by itself: what is counted is written down now and then.
_COUNTED = 10_000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    _ = parser.add_argument("--seconds", type=int, default=3600, help="how long in all")
    _ = parser.add_argument(
        "--corpus", type=Path, help="the inputs worth keeping; else a temporary folder"
    )
    return parser.parse_args()


class Fuzzer:
    """What libFuzzer calls: one input after the other, and where the next ones come from."""

    def __init__(self, atheris: Any, corpus: Path) -> None:
        with atheris.instrument_imports(include=["lanekit.adapters"]):
            targets = importlib.import_module("tests.fuzz.targets")
        mutations = importlib.import_module("tests.fuzz.mutations")
        self._atheris = atheris
        self._targets = list(targets.TARGETS.values())
        self._names = list(targets.TARGETS)
        self._begun = mutations.begun
        self._mutated = mutations.mutated
        self._corpus = corpus
        self._counts: Counter[str] = Counter()

    def write_seeds(self) -> None:
        """A file for each target and recorded answer."""
        for number, name in enumerate(self._names):
            for seed, text in self._begun(name).items():
                before = "Error: no such container p5-b\n" if name == "command" else ""
                content = bytes([number]) + (before + text).encode()
                _ = (self._corpus / f"seed-{name}-{seed}").write_bytes(content)

    def one(self, data: bytes) -> None:
        """One input; what it raises ends the run."""
        if not data:
            return
        number = data[0] % len(self._targets)
        self._counts[self._names[number]] += 1
        if not self._counts.total() % _COUNTED:
            _ = counts_of(self._corpus).write_text(json.dumps(self._counts))
        _ = self._targets[number](data[1:].decode(errors="surrogateescape"))

    def mutate(self, data: bytes, most: int, seed: int) -> bytes:
        """Half of the time a fault that JSON can have; else whatever libFuzzer likes."""
        luck = random.Random(seed)
        if not data or luck.random() < 0.5:
            return bytes(self._atheris.Mutate(data, most))
        text = data[1:].decode(errors="surrogateescape")
        before, line, rest = ("", "", text)
        if self._names[data[0] % len(self._names)] == "command":
            before, line, rest = text.partition("\n")
        changed = self._mutated(rest, luck)
        whole = f"{before}{line}{changed}".encode("utf-8", "surrogatepass")
        return (data[:1] + whole)[:most]


def counts_of(corpus: Path) -> Path:
    """Beside the corpus: all that is inside it is an input."""
    return corpus.with_name(f"{corpus.name}.counts")


def _in_a_temporary_folder(seconds: int) -> int:
    """As a child, for libFuzzer ends its process by itself. What it found stays."""
    corpus = Path(tempfile.mkdtemp(prefix="lanekit-fuzz-"))
    options = ["--seconds", str(seconds), "--corpus", str(corpus)]
    done = subprocess.run([sys.executable, "-m", "tests.fuzz.fuzz_answers", *options], check=False)
    counts = counts_of(corpus)
    if counts.exists():
        _ = sys.stdout.write(f"inputs by target (to {_COUNTED} in all): {counts.read_text()}\n")
        counts.unlink()
    if done.returncode == 0:
        shutil.rmtree(corpus)
    return done.returncode


def main() -> None:
    """Run for the time that was asked for."""
    asked = _arguments()
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris")
    if asked.corpus is None:
        sys.exit(_in_a_temporary_folder(asked.seconds))
    asked.corpus.mkdir(parents=True, exist_ok=True)
    fuzzer = Fuzzer(atheris, asked.corpus)
    fuzzer.write_seeds()
    options = {
        "max_total_time": asked.seconds,
        "max_len": _MOST,
        "rss_limit_mb": _MEGABYTES,
        "timeout": _SECONDS_AN_INPUT,
        "artifact_prefix": f"{asked.corpus}/",
        "print_final_stats": 1,
    }
    flags = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup(
        [sys.argv[0], *flags, str(asked.corpus)], fuzzer.one, custom_mutator=fuzzer.mutate
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
