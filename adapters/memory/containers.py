"""One pretended container: what inspect shows of it, and how its worker fares over time."""

from dataclasses import field, replace
from datetime import datetime, timedelta

from lanekit.adapters.memory.workers import CopiedFile, Worker
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import Port
from lanekit.core.domain.observed import ObservedContainer, State

KILLED = 137
"""The exit code of a process that SIGKILL ended."""
_EPOCH = datetime(2001, 1, 1)
_ANYWHERE = ("", "0.0.0.0", "::")


@dataclass
class Container:
    """A container. `now` in its methods is the engine's clock, in seconds.

    `passes_at`: when somebody else will be done stopping or removing it.
    """

    seen: ObservedContainer
    worker: Worker
    files: dict[str, CopiedFile] = field(default_factory=lambda: {})
    lines: list[str] = field(default_factory=lambda: [])
    volumes: tuple[str, ...] = ()
    deleted: set[str] = field(default_factory=set[str])
    probes: int = 0
    passes_at: float | None = None
    _ran: float = 0.0
    _since: float = 0.0

    @property
    def state(self) -> State:
        """podman's word for what it is doing."""
        return self.seen.state

    @state.setter
    def state(self, state: State) -> None:
        self.seen = replace(self.seen, state=state)

    def rename(self, name: str) -> None:
        """It has another name."""
        self.seen = replace(self.seen, name=name)

    def prepare(self) -> None:
        """podman adds these to its environment at the first start, also one that then fails."""
        env = {"HOME": "/root", **self.seen.env, "HOSTNAME": self.seen.id[:12]}
        self.seen = replace(self.seen, env=env)

    def run(self, now: float, starts: int) -> None:
        """Its process begins; `starts` tells this start from all others."""
        moment = _EPOCH + timedelta(seconds=now, microseconds=starts)
        self.seen = replace(
            self.seen,
            state="running",
            exit_code=0,
            oom_killed=False,
            started_at=f"{moment.isoformat(timespec='microseconds')}Z",
        )
        self.lines.extend(self.worker.output)
        self.probes, self._ran, self._since = 0, 0.0, now

    def exit(self, code: int, lines: tuple[str, ...] = (), *, oom_killed: bool = False) -> None:
        """Its process ended."""
        self.seen = replace(self.seen, state="exited", exit_code=code, oom_killed=oom_killed)
        self.lines.extend(lines)

    def pause(self, now: float) -> None:
        """Freeze it; its worker's time stands still."""
        self._ran += now - self._since
        self.state = "paused"

    def unpause(self, now: float) -> None:
        """Let it run on."""
        self._since = now
        self.state = "running"

    def age(self, now: float) -> float:
        """For how many seconds it has run since its start."""
        return self._ran + (now - self._since if self.state == "running" else 0.0)

    def is_over(self, now: float) -> bool:
        """Return whether its worker has exited by now, or somebody else is done with it."""
        limit = self.worker.exits_after
        if self.state == "running" and limit is not None and self.age(now) >= limit:
            return True
        return self.passes_at is not None and now >= self.passes_at


def clash(one: Port, other: Port) -> bool:
    """Return whether only one of the two can be bound."""
    same = (one.protocol, one.host_port) == (other.protocol, other.host_port)
    anywhere = one.host_ip in _ANYWHERE or other.host_ip in _ANYWHERE
    return same and one.host_port is not None and (anywhere or one.host_ip == other.host_ip)
