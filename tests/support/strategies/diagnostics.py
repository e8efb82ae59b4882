"""What doctor sees of a machine."""

from typing import Literal, get_args

from hypothesis import strategies as st

from lanekit.core.domain.diagnostics.facts import (
    Cause,
    ConnectionCheck,
    Diagnosis,
    Facts,
    FleetFacts,
    PodmanHost,
    StartAttempt,
    StartTestResult,
    UlimitSettings,
    Workaround,
    next_workarounds,
)
from lanekit.core.domain.differences import Difference

_SAID = st.text("abc: \n", min_size=1, max_size=20)
_CAUSES: tuple[Cause, ...] = get_args(Cause)
_MENDED: tuple[Cause, ...] = ("ulimits", "hybrid-cgroups")
# Those that can be mended come often: else two in a row would hardly ever.
TROUBLES = st.builds(Diagnosis, st.sampled_from(_MENDED) | st.sampled_from(_CAUSES), _SAID)
LIMITS = st.builds(UlimitSettings, st.integers(-1, 1 << 40), st.integers(-1, 1 << 40))
_CURES: tuple[Workaround, ...] = get_args(Workaround)
ABLE = st.just(frozenset(_CURES)) | st.frozensets(st.sampled_from(_CURES))
_REACHED = st.one_of(
    st.builds(
        ConnectionCheck, st.just("here"), st.sampled_from(["3.4.4", "4.0.3", "4.3.1", "5.8.6"])
    ),
    st.builds(ConnectionCheck, st.just("there"), fault=_SAID),
)
_HOSTS = st.builds(
    PodmanHost,
    version=st.just("4.3.1"),
    rootless=st.booleans(),
    runtime=st.sampled_from(["runc", "crun", ""]),
    cgroups=st.sampled_from(["cgroups v1, cgroupfs", "cgroups v2, systemd"]),
    controllers=st.sampled_from([(), ("cpu", "memory", "pids")]),
    selinux=st.booleans(),
    driver=st.sampled_from(["overlay", "vfs"]),
    storage=st.just("/storage"),
    machine=st.just("amd64"),
    warnings=st.lists(TROUBLES, max_size=2).map(tuple),
)


@st.composite
def tries(draw: st.DrawFn) -> tuple[StartAttempt, ...]:
    """A start test, as it goes when podman answers each try as it likes."""
    able = draw(ABLE)
    made: tuple[StartAttempt, ...] = ()
    while (cures := next_workarounds(made, able)) is not None:
        made = (*made, StartAttempt(cures, draw(st.none() | TROUBLES)))
    return made


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """A machine as doctor sees it."""
    command, way_of_socket = draw(_REACHED), draw(_REACHED)
    ways: tuple[tuple[Literal["command", "socket"], ConnectionCheck], ...]
    ways = (("command", command), ("socket", way_of_socket))
    over: Literal["command", "socket"] | None = None
    usable: list[Literal["command", "socket"]] = [name for name, way in ways if not way.fault]
    if usable:
        over = draw(st.sampled_from(usable))
    host = draw(_HOSTS | TROUBLES) if over else None
    started = StartTestResult(
        draw(tries()),
        image=draw(st.sampled_from(["", "localhost/x:1"])),
        port=draw(st.none() | st.booleans()),
        host_name=draw(st.none() | st.booleans()),
        differences=draw(st.sampled_from([None, (), (Difference("f", "a", "b"),)])),
        leftover=draw(st.sampled_from(["", "lanekit-doctor-1"])),
    )
    fleet = FleetFacts(
        draw(st.sampled_from(["", "lanes.toml"])),
        draw(st.lists(_SAID, max_size=2).map(tuple)),
        draw(st.sampled_from([(), ("localhost/x:1",)])),
    )
    return Facts(
        fleet=fleet,
        command=command,
        socket=way_of_socket,
        over=over,
        host=host,
        limits=draw(LIMITS),
        conf="/etc/containers/containers.conf",
        images=draw(st.just(()) | st.just(("localhost/x:1",)) | TROUBLES),
        start=started
        if isinstance(host, PodmanHost)
        else StartTestResult(skipped="there is no podman"),
        locks=draw(st.just("") | _SAID),
        git=draw(st.sampled_from(["", "git version 2.39.5"])),
    )
