"""Every field of drift once on real podman: changed by hand, reported as that, replaced, none.

podman's inspect of one that runs shows other ports, networks and mounts than before its start.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.integration.podman.conftest import RealLane
from tests.support.sandbox.podman_sandbox import DEMO_IMAGE, Sandbox

from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.rest.engine import PodmanSocket
from lanekit.api import Lanes
from lanekit.core.domain.containers import WORKER_PATH
from lanekit.core.domain.errors import or_raise
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.plan import Plan
from lanekit.core.domain.podman_create.args import create_args
from lanekit.core.ports.engine import ContainerEngine

pytestmark = [pytest.mark.podman, pytest.mark.every_podman]

Args = list[str]
Change = Callable[[Args], Args]


def _add(*options: str) -> Change:
    return lambda args: [*args[:-1], *options, args[-1]]


def _swap(old: str, new: str) -> Change:
    def change(args: Args) -> Args:
        assert any(old in arg for arg in args), old
        return [arg.replace(old, new) for arg in args]

    return change


def _set(option: str, value: str) -> Change:
    def change(args: Args) -> Args:
        at = args.index(option) + 1
        return [*args[:at], value, *args[at + 1 :]]

    return change


def _instead(option: str, *others: str) -> Change:
    def change(args: Args) -> Args:
        at = args.index(option)
        return [*args[:at], *others, *args[at + 2 :]]

    return change


BY_HAND: dict[str, tuple[Change, list[str]]] = {
    "privileged": (_add("--privileged"), ["privileged"]),
    "rw worker": (_swap("lane-worker:z,ro", "lane-worker:z"), ["mount./usr/local/bin/lane-worker"]),
    "rw inbox": (_swap("inbox:z,ro", "inbox:z"), ["mount./usr/local/bin/inbox"]),
    "extra mount": (_add("-v", "/etc:/host-etc:ro"), ["mount./host-etc"]),
    "mount over home": (_add("-v", "/etc:/root:ro"), ["mount./root"]),
    "mount in the config": (_add("-v", "/etc:/root/config/x:ro"), ["mount./root/config/x"]),
    "all of the host": (_add("-v", "/:/host"), ["mount./host"]),
    "mounts of another container": (_add("--volumes-from", "h-donor"), ["mount.volumes-from"]),
    "volume": (_add("-v", "/scratch"), ["mount./scratch"]),
    "an image as a mount": (
        _add("--mount", f"type=image,src={DEMO_IMAGE},dst=/image"),
        ["mount./image"],
    ),
    "another worktree": (_swap("tree:/workspace", "home:/workspace"), ["mount./workspace"]),
    "tmpfs": (_add("--tmpfs", "/scratch"), ["mount./scratch"]),
    "user": (_set("--user", "0:5"), ["user"]),
    "workdir": (_set("-w", "/tmp"), ["workdir"]),
    "entrypoint": (_set("--entrypoint", "/bin/sh"), ["entrypoint"]),
    "entrypoint with an argument": (lambda args: [*args, "--verbose"], ["entrypoint"]),
    "entrypoint as a list with one": (
        _set("--entrypoint", f'["{WORKER_PATH}", "-v"]'),
        ["entrypoint"],
    ),
    "an init": (_add("--init"), ["entrypoint"]),
    "no writing": (
        _add("--read-only"),
        ["mount./run", "mount./tmp", "mount./var/tmp", "read_only"],
    ),
    "whose lane": (_swap("LANE_ID=", "LANE_ID=b"), ["env.INBOX_LANE_ID"]),
    "home": (_swap("HOME=/root", "HOME=/home"), ["env.HOME"]),
    "api url": (_swap("internal:8080", "internal:9090"), ["env.INBOX_API_URL"]),
    "fingerprint": (_swap("CODEX_SHA=", "CODEX_SHA=0"), ["env.INBOX_RUNTIME_CODEX_SHA"]),
    "extra port": (_add("-p", "127.0.0.1::22"), ["port.22/tcp"]),
    "all addresses": (_swap("127.0.0.1::31417", "31417"), ["port.31417/tcp"]),
    "a port on all addresses": (_add("-p", "22"), ["port.22/tcp"]),
    "a second way to the worker": (_add("-p", "31417"), ["port.31417/tcp"]),
    "an udp port": (_add("-p", "127.0.0.1::31417/udp"), ["port.31417/udp"]),
    "capabilities": (_add("--cap-add", "NET_ADMIN"), ["cap_add"]),
    "less capabilities": (_add("--cap-drop", "CHOWN"), ["cap_drop"]),
    "device": (_add("--device", "/dev/null:/dev/zero2"), ["devices"]),
    "security": (_add("--security-opt", "seccomp=unconfined"), ["security_opt"]),
    "namespace": (_add("--pid", "host"), ["host_namespaces"]),
    "restart policy": (_add("--restart", "always"), ["restart_policy"]),
    "restart when it fails": (_add("--restart", "on-failure:3"), ["restart_policy"]),
    "removed when it ends": (_add("--rm"), ["auto_remove"]),
    "memory": (_add("--memory", "64m"), ["memory"]),
    "cpus": (_add("--cpus", "0.5"), ["cpus"]),
    "pids": (_add("--pids-limit", "77"), ["pids_limit"]),
    "host network": (_add("--network", "host"), ["port.31417/tcp", "network"]),
    "another container's network": (
        _add("--network", "container:h-donor"),
        ["port.31417/tcp", "network"],
    ),
    "no network": (_add("--network", "none"), ["port.31417/tcp", "network"]),
    "worker digest": (_swap("lanekit.worker=", "lanekit.worker=0"), ["worker.digest"]),
    "inbox digest": (_swap("lanekit.inbox=", "lanekit.inbox=0"), ["inbox.digest"]),
    "config digest": (_swap("lanekit.config=", "lanekit.config=0"), ["config.digest"]),
    "label": (_add("--label", "made.by=hand"), ["label.made.by"]),
}


OTHER_WORDS: dict[str, Change] = {
    "user 0": _set("--user", "0"),
    "user 0:0": _set("--user", "0:0"),
    "user root:root": _set("--user", "root:root"),
    "user 0:root": _set("--user", "0:root"),
    "workdir with a slash": _set("-w", "/workspace/"),
    "workdir with a dot": _set("-w", "/./workspace/."),
    "targets with a slash": _swap(":/workspace:z", ":/workspace/:z"),
    "sources with a slash": _swap("tree:/workspace:z", "tree/:/workspace:z"),
    "read-only first": _swap(":z,ro", ":ro,z"),
    "entrypoint as a list": _set("--entrypoint", f'["{WORKER_PATH}"]'),
    "short image name": lambda args: [*args[:-1], args[-1].removeprefix("localhost/")],
    "port with its protocol": _swap("127.0.0.1::31417", "127.0.0.1::31417/tcp"),
    "the default network by its name": _add("--network", "podman"),
    "a capability it has anyway": _add("--cap-add", "CAP_CHOWN"),
    "podman's own limit of processes": _add("--pids-limit", "2048"),
    "no restart": _add("--restart", "no"),
}
LIMITS: dict[str, Change] = {
    "memory in kibibytes": _set("--memory", "65536k"),
    "memory as a number": _set("--memory", "67108864"),
    "cpus with a zero more": _set("--cpus", "0.50"),
    "cpus as a quota": _instead("--cpus", "--cpu-quota", "50000"),
    "cpus as a part of another period": _instead(
        "--cpus", "--cpu-period", "50000", "--cpu-quota", "25000"
    ),
}
# Those that are looked at once more when they run.
STARTED = (
    *("privileged", "rw worker", "extra mount", "mount over home", "mount in the config"),
    *("all of the host", "tmpfs", "no writing", "an init", "extra port", "all addresses"),
    *("a second way to the worker", "capabilities", "security", "namespace", "restart policy"),
    *("memory", "host network", "no network"),
)
STARTED_WORDS = (
    *("user 0:0", "workdir with a dot", "targets with a slash", "sources with a slash"),
    *("entrypoint as a list", "short image name", "port with its protocol"),
    *("the default network by its name", "a capability it has anyway"),
    *("memory as a number", "cpus as a part of another period"),
)
_LIMITED: dict[str, Any] = {"memory": 64 << 20, "cpus": 0.5, "pids_limit": 100}


@dataclass
class HandMade:
    """Lanes whose containers were made by hand, all of them planned at once by both engines."""

    podman: Sandbox
    folder: Path
    engines: tuple[ContainerEngine, ...]
    profile: Profile
    lanes: dict[str, Lane] = field(default_factory=lambda: {})
    created: dict[str, list[str]] = field(default_factory=lambda: {})
    """By the container's name, how it was made."""

    def make(self, what: str, change: Change, **limits: Any) -> None:
        """A container of this name, as lanekit would make it but for the change."""
        number = len(self.lanes)
        profile = replace(self.profile, **limits)
        lane = Lane("by-hand", str(number), str(self.folder / "tree"), f"h{number}", profile)
        spec = or_raise(Lanes(self.engines[0]).spec(lane))
        self.created[lane.container_name] = change(list(create_args(spec)))
        _ = self.podman.run(*self.created[lane.container_name])
        self.lanes[what] = lane

    def start(self, what: Sequence[str]) -> None:
        """Let these run."""
        names = {self.lanes[each].container_name for each in what}
        for name in names:
            self._start(name)
        running = self.podman.run("ps", "--format", "{{.Names}}").split()
        assert names <= set(running)

    def _start(self, name: str) -> None:
        try:
            _ = self.podman.run("start", name)
        except RuntimeError as error:
            # podman chose its host port when it was made; anybody may have taken it since.
            if "address already in use" not in str(error):
                raise
            _ = self.podman.run("rm", "-f", name)
            _ = self.podman.run(*self.created[name])
            _ = self.podman.run("start", name)

    def plans(self) -> dict[str, list[Plan]]:
        """The plan of each, by each engine."""
        lanes = list(self.lanes.values())
        by_engine = [Lanes(engine).plan_all(lanes) for engine in self.engines]
        return {
            what: [or_raise(planned[number][1]) for planned in by_engine]
            for number, what in enumerate(self.lanes)
        }


@pytest.fixture(scope="module")
def hand_made(
    podman: Sandbox, podman_service: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HandMade]:
    """All of them, none of which was started yet."""
    folder = tmp_path_factory.mktemp("by-hand")
    for name in ("tree", "home", "config"):
        (folder / name).mkdir()
    for name in ("worker", "inbox"):
        _ = (folder / name).write_text("#!/bin/sh\nexec sleep 999\n")
        (folder / name).chmod(0o755)
    profile = Profile(
        str(folder / "worker"), str(folder / "inbox"), DEMO_IMAGE, config_dir=str(folder / "config")
    )
    engines = (PodmanCli(podman.argv, env=podman.env), PodmanSocket(str(podman_service)))
    made = HandMade(podman, folder, engines, profile)
    _ = podman.run("create", "--name", "h-donor", "-v", "/etc:/host-etc", DEMO_IMAGE, "true")
    for what, (change, _fields) in BY_HAND.items():
        made.make(what, change)
    for what, change in OTHER_WORDS.items():
        made.make(what, change)
    for what, change in LIMITS.items():
        made.make(what, change, **_LIMITED)
    yield made
    names = [lane.container_name for lane in made.lanes.values()]
    _ = podman.run("rm", "-f", "-v", "-t", "0", *names)
    _ = podman.run("rm", "h-donor")


@pytest.fixture(scope="module")
def plans(hand_made: HandMade) -> dict[str, list[Plan]]:
    """One look at all of them: a look at each costs ten times as much."""
    return hand_made.plans()


@pytest.fixture(scope="module")
def plans_of_started(hand_made: HandMade, plans: object) -> dict[str, list[Plan]]:
    """The same of those that run now."""
    _ = plans
    hand_made.start([*STARTED, *STARTED_WORDS])
    return hand_made.plans()


def _are_reported(plans: list[Plan], what: str) -> None:
    for plan in plans:
        fields = [difference.field for difference in plan.drift]
        if what == "no writing":
            # Since 5.x podman does not show the folders in memory that come with it.
            assert fields in (BY_HAND[what][1], ["read_only"])
        else:
            assert fields == BY_HAND[what][1]
        mildest = {difference.remedy for difference in plan.drift} == {"adjust"}
        assert plan.action == ("adjusted" if mildest else "replaced")


@pytest.mark.parametrize("what", BY_HAND)
def test_changed_container_reports_exactly_the_changed_fields(
    plans: dict[str, list[Plan]], what: str
) -> None:
    _are_reported(plans[what], what)


@pytest.mark.parametrize("what", STARTED)
def test_changed_running_container_reports_the_changed_fields(
    plans_of_started: dict[str, list[Plan]], what: str
) -> None:
    _are_reported(plans_of_started[what], what)


def test_volumes_from_drift_names_the_source_container(plans: dict[str, list[Plan]]) -> None:
    # podman's inspect does not list these mounts.
    for plan in plans["mounts of another container"]:
        assert str(plan.drift[0]) == "mount.volumes-from: expected absent, actual from h-donor"


@pytest.mark.parametrize("words", [*OTHER_WORDS, *LIMITS])
def test_equivalent_options_are_no_drift(plans: dict[str, list[Plan]], words: str) -> None:
    for plan in plans[words]:
        assert plan.drift == ()


@pytest.mark.parametrize("words", STARTED_WORDS)
def test_equivalent_running_container_reports_only_config(
    plans_of_started: dict[str, list[Plan]], words: str
) -> None:
    for plan in plans_of_started[words]:
        # Nobody copied a config into it, which is seen when it runs.
        assert [difference.field for difference in plan.drift] == ["config"]


def test_short_image_name_causes_no_drift(real_lane: RealLane) -> None:
    image = real_lane.profile.image.removeprefix("localhost/")
    real_lane.profile = replace(real_lane.profile, image=image)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "created"
    assert or_raise(real_lane.lanes().plan(real_lane.lane)).action == "none"


@pytest.mark.parametrize("state", ["created", "running"])
def test_privileged_container_is_replaced_once(real_lane: RealLane, state: str) -> None:
    change, fields = BY_HAND["privileged"]
    lanes, lane = real_lane.lanes(), real_lane.lane
    spec = or_raise(lanes.spec(lane))
    _ = real_lane.sandbox.run(*change(list(create_args(spec))))
    if state == "running":
        _ = real_lane.sandbox.run("start", lane.container_name)
    replaced = or_raise(lanes.ensure(lane))
    assert (replaced.action, [d.field for d in replaced.drift]) == ("replaced", fields)
    assert or_raise(lanes.ensure(lane)).action == "none"
    assert len(real_lane.containers()) == 1


def test_rebuilt_image_replaces_the_container(real_lane: RealLane) -> None:
    lanes, lane, image = real_lane.lanes(), real_lane.lane, real_lane.profile.image
    _ = or_raise(lanes.ensure(lane))
    podman = real_lane.sandbox.run
    old = podman("image", "inspect", image, "--format", "{{.Id}}")
    _ = podman("commit", "-q", "-c", "LABEL=rebuilt=yes", lane.container_name, image)
    try:
        plan = or_raise(lanes.plan(lane))
        assert [difference.field for difference in plan.drift] == ["image.id"]
        assert or_raise(lanes.ensure(lane)).action == "replaced"
        assert or_raise(lanes.plan(lane)).action == "none"
    finally:
        _ = podman("tag", old, image)
    (made,) = real_lane.containers()
    assert made.image_id != old
    assert or_raise(lanes.plan(lane)).drift[0].field == "image.id"


def test_requested_limits_are_no_drift(real_lane: RealLane) -> None:
    real_lane.profile = replace(real_lane.profile, **_LIMITED)
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "created"
    assert or_raise(real_lane.lanes().ensure(real_lane.lane)).action == "none"


def test_changed_config_mode_and_inbox_cause_a_replace(real_lane: RealLane) -> None:
    lanes, lane = real_lane.lanes(), real_lane.lane
    _ = or_raise(lanes.ensure(lane))
    (Path(real_lane.profile.config_dir) / "config.toml").chmod(0o600)
    assert [d.field for d in or_raise(lanes.plan(lane)).drift] == ["config.digest"]
    _ = Path(real_lane.profile.inbox).write_text("#!/bin/sh\necho other\n")
    fields = [d.field for d in or_raise(lanes.plan(lane)).drift]
    assert fields == ["config.digest", "inbox.digest"]
    assert or_raise(lanes.ensure(lane)).action == "replaced"
    assert or_raise(lanes.ensure(lane)).action == "none"
    look = "stat -c %a /root/.codex/config.toml && cat /usr/local/bin/inbox"
    seen = real_lane.sandbox.run("exec", lane.container_name, "sh", "-c", look)
    assert seen == "600\n#!/bin/sh\necho other"
