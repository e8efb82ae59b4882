"""Two engines that get the same operations: what each answers and shows has to be the same."""

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from returns.result import Failure

from lanekit.contract.base import NO_SUCH_ID, kind
from lanekit.contract.harness import Entry, Harness, make_tar
from lanekit.core.domain.containers import ContainerSpec, Mount
from lanekit.core.domain.errors import Outcome, or_raise
from lanekit.core.domain.observed import ObservedContainer
from lanekit.core.ports.engine import ContainerEngine

FILE, OTHER = Entry("file", 0o640, b"one"), Entry("file", 0o600, b"another")
ARCHIVES: dict[str, bytes] = {
    "tree": make_tar({"/root/.codex": Entry("folder", 0o700), "/root/.codex/a": FILE}),
    "over it": make_tar({"/root/.codex/a": OTHER, "/root/.codex/l": Entry("link", 0o777, b"a")}),
    "folder over a file": make_tar({"/root/.codex/a": Entry("folder", 0o755)}),
    "garbage": b"garbage" * 300,
    "nothing": b"",
    "only an end": bytes(1024),
}
WORKERS = (
    "plain",
    "plain",
    "plain",
    "crashing",
    "unstartable",
    "rich image",
    "missing image",
    "missing source",
)
_SOON = 20.0


@dataclass
class Side:
    """One of the two, and the ids of its containers in the order in which they were made."""

    harness: Harness
    ids: list[str] = field(default_factory=lambda: [])

    @property
    def engine(self) -> ContainerEngine:
        """Its engine."""
        return self.harness.engine

    def id_of(self, target: int) -> str:
        """The id of a container, 0 the newest, also of one that is gone; below 0 one nobody has."""
        if target < 0 or not self.ids:
            return NO_SUCH_ID
        return self.ids[-1 - target % len(self.ids)]

    def spec(self, name: str, worker: str) -> ContainerSpec:
        """What is asked for; the same on both sides, but for the host's paths."""
        match worker:
            case "crashing":
                return self.harness.crashing(name)
            case "unstartable":
                return self.harness.unstartable(name)
            case "rich image":
                return self.harness.spec(name, image=self.harness.rich_image)
            case "missing image":
                return self.harness.spec(name, image="localhost/lanekit-none:1")
            case "missing source":
                plain = self.harness.spec(name)
                missing = Mount(self.harness.missing_path, "/x")
                return replace(plain, mounts=(*plain.mounts, missing))
            case _:
                return self.harness.spec(name)

    def by_hand(self, verb: str, name: str) -> str:
        """ "done", or "refused" when the podman command would refuse."""
        try:
            getattr(self.harness, verb)(name)
        except Exception:  # each harness has its own
            return "refused"
        return "done"

    def settle(self, target: int) -> None:
        """Until a process that was just started listens to SIGTERM, or ended as it has to."""
        deadline = time.monotonic() + _SOON
        while time.monotonic() < deadline:
            seen = or_raise(self.engine.inspect([self.id_of(target)])).get(self.id_of(target))
            crashes = seen is not None and "crashing" in seen.labels.get("lanekit.lane", "")
            if seen is None or seen.state != "running" or (not crashes and _listens(seen.pid)):
                return
            time.sleep(0.01)
        raise AssertionError(f"{self.engine.description}: container {target} does not settle")

    def shown(self, names: Sequence[str]) -> dict[str, ObservedContainer]:
        """What inspect shows of all these names and of all containers, less what is its own."""
        keys = [*names, *self.ids, NO_SUCH_ID]
        found = or_raise(self.engine.inspect(keys))
        deadline = time.monotonic() + _SOON
        # podman's own cleanup comes after a kill: until then the container is "stopped".
        while any(seen.state == "stopped" for seen in found.values()):
            assert time.monotonic() < deadline, "a killed container is not cleaned up"
            time.sleep(0.02)
            found = or_raise(self.engine.inspect(keys))
        return {self._anonymous(key): self.comparable(seen) for key, seen in found.items()}

    def comparable(self, seen: ObservedContainer) -> ObservedContainer:
        """Less ids, times, numbers of ports, the host's paths and what podman's image brings."""
        # podman's own variables differ with its version; HOSTNAME is the id.
        env = {k: v for k, v in seen.env.items() if k not in ("PATH", "TERM", "container")}
        env = {key: self._anonymous(text) for key, text in env.items()}
        return replace(
            seen,
            id=str(self.ids.index(seen.id)),
            image={self.harness.image: "plain", self.harness.rich_image: "rich"}[seen.image],
            config_image="",
            image_id="",
            # How one cannot be started is no matter: by its path here, by a fault there.
            path="" if "unstartable" in seen.labels["lanekit.lane"] else seen.path,
            env=env,
            mounts=tuple(replace(mount, source="") for mount in seen.mounts),
            ports=tuple(replace(port, host_port=port.host_port and 1) for port in seen.ports),
            started_at="started" if seen.started_at else "",
            pid=0,
            updatable=False,
            error="",
        )

    def _anonymous(self, text: str) -> str:
        for number, identifier in enumerate(self.ids):
            text = re.sub(f"{identifier}|{identifier[:12]}", f"container {number}", text)
        return text


def _listens(pid: int) -> bool:
    """Whether a process catches SIGTERM; the in-memory engine has none, and needs none."""
    if not pid:
        return True
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            caught = re.search(r"SigCgt:\s*([0-9a-f]+)", status.read())
    except OSError:
        return False
    return caught is not None and bool(int(caught[1], 16) & (1 << 14))


class Twins:
    """The two sides; every method does one thing to both and compares."""

    done: ClassVar[Counter[str]] = Counter()
    """What all of them did together, and how often each."""

    def __init__(self, one: Side, other: Side, names: Sequence[str]) -> None:
        self._sides = (one, other)
        self._names = tuple(names)

    def _both(self, act: Callable[[Side], Any], what: str) -> Any:
        Twins.done[what.split(maxsplit=1)[0]] += 1
        one, other = (act(side) for side in self._sides)
        first, second = (side.engine.description for side in self._sides)
        assert one == other, f"{what}:\n{first}: {one}\n{second}: {other}"
        return one

    def compare(self) -> None:
        """What both show now."""
        one, other = (side.shown(self._names) for side in self._sides)
        assert one == other, "\n".join(_different(one, other))

    def create(self, name: str, worker: str) -> None:
        """A new container, when both make it."""

        def act(side: Side) -> str:
            made = side.engine.create(side.spec(f"{self._names[0]}-{worker}", worker), name)
            if not isinstance(made, Failure):
                side.ids.append(made.unwrap())
            return kind(made)

        self._both(act, f"create {name} ({worker})")

    def change(self, verb: str, target: int, *more: Any) -> None:
        """A method of the port that takes an id."""

        def act(side: Side) -> str:
            outcome: Outcome[None] = getattr(side.engine, verb)(side.id_of(target), *more)
            if verb == "start":
                side.settle(target)
            return kind(outcome)

        self._both(act, f"{verb} {target} {more if verb != 'put_archive' else ''}")

    def by_hand(self, verb: str, target: int) -> None:
        """The podman command by somebody else; by name, for that is what the harness takes."""

        def act(side: Side) -> str:
            found = or_raise(side.engine.inspect([side.id_of(target)]))
            names = [seen.name for seen in found.values()]
            return side.by_hand(verb, names[0] if names else "lanekit-nobody")

        self._both(act, f"{verb} {target} by hand")

    def logs(self, target: int, tail: int) -> None:
        """The last lines."""

        def act(side: Side) -> object:
            outcome = side.engine.logs(side.id_of(target), tail)
            return kind(outcome) if isinstance(outcome, Failure) else outcome.unwrap()

        self._both(act, f"logs {target} {tail}")

    def list_by_labels(self, labels: dict[str, str]) -> None:
        """Which of the containers made here carry the labels."""

        def act(side: Side) -> object:
            found = or_raise(side.engine.list_by_labels(labels))
            return [side.ids.index(seen.id) for seen in found if seen.id in side.ids]

        self._both(act, f"list_by_labels {labels}")

    def files(self, target: int) -> None:
        """What was copied in."""

        def act(side: Side) -> object:
            found = or_raise(side.engine.inspect([side.id_of(target)]))
            return [_tree(side.harness, seen.name) for seen in found.values()]

        self._both(act, f"files of {target}")


def _tree(harness: Harness, name: str) -> object:
    try:
        return harness.tree(name, "/root/.codex") or "none"
    except Exception:  # podman cp fails where there is nothing
        return "none"


def _different(one: dict[str, ObservedContainer], other: dict[str, ObservedContainer]) -> list[str]:
    lines: list[str] = []
    for key in sorted({*one, *other}):
        first, second = one.get(key), other.get(key)
        if first is None or second is None:
            lines.append(f"{key}: {'missing' if first is None else 'there'} in the first only")
            continue
        names = [n for n in vars(first) if getattr(first, n) != getattr(second, n)]
        lines += [f"{key}.{n}: {getattr(first, n)} and {getattr(second, n)}" for n in names]
    return lines
