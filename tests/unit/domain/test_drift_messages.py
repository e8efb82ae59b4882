"""Each difference as a person reads it: what was asked, what is there, and no value of others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot
from tests.support.strategies.lanes import IMAGE, snapshot_of
from tests.unit.domain.test_drift import BROAD, SEEN

from lanekit.core.domain.containers import FINGERPRINT_ENV, Mount, Port
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.differences import Difference
from lanekit.core.domain.drift import drift, inside_drift, same_image
from lanekit.core.domain.escaping import escape_control_chars
from lanekit.core.domain.labels import LABEL_CONFIG, LABEL_ENV, LABEL_FLEET, LABEL_INBOX
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import ImageInfo, MountHealth, ObservedContainer

SPEC = container_spec(
    Lane("ws", "a", "/t"),
    Profile(
        *("/worker", "/inbox"),
        config_dir="/c/.codex",
        env={"TOKEN": "s3cret"},
        memory=1 << 20,
        cpus=1.5,
        pids_limit=7,
    ),
    Digests("1", "2", "3", "4" * 64),
)
MADE = snapshot_of(SPEC)

WORDS = {
    "image": snapshot(("localhost/ai-workflow-agent-runner:local", "x:1")),
    "image id": snapshot(
        (
            "1111111111111111111111111111111111111111111111111111111111111111",
            "2222222222222222222222222222222222222222222222222222222222222222",
        )
    ),
    "user": snapshot(("root", "nobody")),
    "no user": snapshot(("root", '""')),
    "path": snapshot(("['/usr/local/bin/lane-worker']", "['/bin/sh']")),
    "argument": snapshot(
        ("['/usr/local/bin/lane-worker']", "['/usr/local/bin/lane-worker', '-x']")
    ),
    "workdir": snapshot(("/workspace", "/")),
    "home": snapshot(("/root", "(hidden, another)")),
    "env gone": snapshot(("a", "absent")),
    "worktree": snapshot(("/t", "/other")),
    "rw worker": snapshot(("/worker (read-only)", "/worker")),
    "volume": snapshot(("/t", "volume /t")),
    "mount gone": snapshot(("/t", "absent")),
    "extra mount": snapshot(("absent", "/etc")),
    "extra volume": snapshot(("absent", "volume /v")),
    "tmpfs": snapshot(("absent", "tmpfs .")),
    "mounted twice": snapshot(("/t", "/other and /t")),
    "all addresses": snapshot(("127.0.0.1:any port", "0.0.0.0:40000")),
    "no port": snapshot(("127.0.0.1:any port", "absent")),
    "extra port": snapshot(("absent", "127.0.0.1:2222")),
    "host network": snapshot(("podman's default", "host")),
    "two networks": snapshot(("one", "a b")),
    "privileged": snapshot(("no", "yes")),
    "cap_add": snapshot(("none", "NET_ADMIN")),
    "cap_drop": snapshot(("none", "CHOWN")),
    "devices": snapshot(("none", "/dev/kvm:/dev/kvm")),
    "security_opt": snapshot(("none", "seccomp=unconfined")),
    "namespaces": snapshot(("none", "pid=host")),
    "restart": snapshot(("no", "always")),
    "auto_remove": snapshot(("no", "yes")),
    "read_only": snapshot(("no", "yes")),
    "memory": snapshot(("1048576", "1052672")),
    "cpus": snapshot(("1.5", "2.5")),
    "pids": snapshot(("7", "5000")),
    "workspace label": snapshot(("ws", '""')),
    "worker digest": snapshot(("1", "0")),
    "inbox digest": snapshot(("2", "absent")),
    "added label": snapshot(("absent", "y")),
    "image's label changed": snapshot(("absent", "no")),
    "dropped variable": snapshot(("absent", "(hidden)")),
}


def _told(**changes: Any) -> list[str]:
    return [str(each) for each in drift(SPEC, replace(MADE, **changes), IMAGE)]


@pytest.mark.parametrize("change", sorted(SEEN))
def test_difference_shows_expected_and_actual_value(change: str) -> None:
    apply, field = SEEN[change]
    (difference,) = drift(SPEC, apply(MADE), IMAGE)
    assert difference.field == field
    assert (difference.expected, difference.actual) == WORDS[change]
    assert difference.remedy == "replace"


def _env(**changes: str) -> Mapping[str, str]:
    return {**MADE.env, **changes}


def _without(*names: str) -> Mapping[str, str]:
    return {name: value for name, value in MADE.env.items() if name not in names}


URL = "http://host.containers.internal:8080"


@pytest.mark.parametrize(
    ("env", "told"),
    [
        (
            _env(TOKEN="s3cret-too"),
            snapshot("env.TOKEN: expected (hidden), actual (hidden, another)"),
        ),
        (_without("TOKEN"), snapshot("env.TOKEN: expected (hidden), actual absent")),
        (
            _env(INBOX_API_URL="http://host.containers.internal:-9"),
            snapshot(
                "env.INBOX_API_URL: expected http://host.containers.internal:8080, actual http://host.containers.internal:-9"
            ),
        ),
        (
            _env(INBOX_API_URL=f"{URL}/"),
            snapshot(
                "env.INBOX_API_URL: expected http://host.containers.internal:8080, actual (hidden, another)"
            ),
        ),
        (
            _env(INBOX_API_URL="http://host-containers-internal:1"),
            snapshot(
                "env.INBOX_API_URL: expected http://host.containers.internal:8080, actual (hidden, another)"
            ),
        ),
        (
            _env(**{FINGERPRINT_ENV: "a0" * 32}),
            snapshot(
                "env.INBOX_RUNTIME_CODEX_SHA: expected 4444444444444444444444444444444444444444444444444444444444444444, actual a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
            ),
        ),
        (
            _env(**{FINGERPRINT_ENV: "A0" * 32}),
            snapshot(
                "env.INBOX_RUNTIME_CODEX_SHA: expected 4444444444444444444444444444444444444444444444444444444444444444, actual (hidden, another)"
            ),
        ),
        (
            _env(INBOX_WORKSPACE="/x"),
            snapshot("env.INBOX_WORKSPACE: expected /workspace, actual (hidden, another)"),
        ),
    ],
)
def test_variable_value_is_shown_only_if_lanekit_can_make_it(
    env: Mapping[str, str], told: str
) -> None:
    assert _told(env=env) == [told]


def test_variable_made_for_another_fleet_shows_its_value() -> None:
    spec = replace(SPEC, env=tuple(replace(var, value="/else") for var in SPEC.env[:1]))
    seen = replace(MADE, labels=spec.labels, env=_without("TOKEN", FINGERPRINT_ENV))
    assert [str(each) for each in drift(spec, seen, IMAGE)] == snapshot(
        ["env.INBOX_WORKSPACE: expected /else, actual /workspace"]
    )


def test_variable_removed_from_spec_is_drift_while_present() -> None:
    labels = {**MADE.labels, LABEL_ENV: "TOKEN,OLD,GONE,"}
    assert _told(env=_env(OLD="s3cret"), labels=labels) == snapshot(
        ["env.OLD: expected absent, actual (hidden)"]
    )
    bare = replace(SPEC, env=tuple(v for v in SPEC.env if v.name != FINGERPRINT_ENV))
    assert [str(each) for each in drift(bare, MADE, IMAGE)] == snapshot(
        ["env.INBOX_RUNTIME_CODEX_SHA: expected absent, actual (hidden)"]
    )
    unlabelled = {name: value for name, value in MADE.labels.items() if name != LABEL_ENV}
    assert _told(env=_env(XXXX="1"), labels=unlabelled) == []


def test_mount_and_port_differences_are_ordered_and_grouped() -> None:
    mounts = (*MADE.mounts, Mount("/s//x/", "/z", read_only=True), Mount("/r", "/y"))
    assert _told(mounts=mounts) == snapshot(
        [
            "mount./z: expected absent, actual /s/x (read-only)",
            "mount./y: expected absent, actual /r",
        ]
    )
    ports = (BROAD, *MADE.ports, Port(22, "tcp", "", 5), Port(21, "udp", "127.0.0.1", 6))
    assert _told(ports=ports) == snapshot(
        [
            "port.31417/tcp: expected 127.0.0.1:any port, actual 0.0.0.0:40000 and 127.0.0.1:40000",
            "port.21/udp: expected absent, actual 127.0.0.1:6",
            "port.22/tcp: expected absent, actual 0.0.0.0:5",
        ]
    )
    fixed = replace(SPEC, ports=(replace(SPEC.ports[0], host_port=7),))
    assert [str(each) for each in drift(fixed, MADE, IMAGE)] == snapshot(
        ["port.31417/tcp: expected 127.0.0.1:7, actual 127.0.0.1:40000"]
    )
    assert drift(fixed, replace(MADE, ports=(replace(SPEC.ports[0], host_port=7),)), IMAGE) == ()


def test_only_volumes_of_the_image_are_not_drift() -> None:
    mine = Mount("/v/1", "/image-volume/", kind="volume")
    assert _told(mounts=(*SPEC.mounts, mine)) == []
    assert _told(mounts=(*SPEC.mounts, replace(mine, kind="bind"))) == snapshot(
        ["mount./image-volume: expected absent, actual /v/1"]
    )
    others = (*SPEC.mounts, replace(mine, target="/other"))
    assert _told(mounts=others) == snapshot(["mount./other: expected absent, actual volume /v/1"])
    # Without a look at the image it may be the image's.
    assert drift(SPEC, replace(MADE, mounts=others), None) == ()
    slashed = ImageInfo(IMAGE.id, IMAGE.labels, ("/image-volume/",))
    assert drift(SPEC, MADE, slashed) == ()


def test_label_drift_is_ordered_and_ignores_fleet_label() -> None:
    labels = {**MADE.labels, "z": "1", "b": "2", LABEL_FLEET: "f"}
    del labels["lanekit.lane"]
    assert _told(labels=labels) == snapshot(
        [
            "label.lanekit.lane: expected a, actual absent",
            "label.b: expected absent, actual 2",
            "label.z: expected absent, actual 1",
        ]
    )
    fleet = replace(SPEC, labels={**SPEC.labels, LABEL_FLEET: "g"})
    assert drift(fleet, MADE, IMAGE) == ()
    without = {name: value for name, value in MADE.labels.items() if name != LABEL_INBOX}
    (told,) = drift(fleet, replace(MADE, labels=without), IMAGE)
    assert str(told) == snapshot("inbox.digest: expected 2, actual absent")
    # lanekit's own are never the image's, not even when the image has them.
    less = replace(SPEC, labels={k: v for k, v in SPEC.labels.items() if k != LABEL_CONFIG})
    with_labels = ImageInfo(IMAGE.id, MADE.labels, IMAGE.volumes)
    assert [str(each) for each in drift(less, MADE, with_labels)] == snapshot(
        ["config.digest: expected absent, actual 3"]
    )


def test_unset_limits_are_shown_as_podman_default() -> None:
    unlimited = replace(SPEC, memory=None, cpus=None, pids_limit=None)
    told = [str(each) for each in drift(unlimited, MADE, IMAGE)]
    assert told == snapshot(
        [
            "memory: expected podman's default, actual 1048576",
            "cpus: expected podman's default, actual 1.5",
            "pids_limit: expected podman's default, actual 7",
        ]
    )
    assert _told(memory=None, cpus=None, pids_limit=None) == snapshot(
        [
            "memory: expected 1048576, actual podman's default",
            "cpus: expected 1.5, actual podman's default",
            "pids_limit: expected 7, actual podman's default",
        ]
    )
    for pids in (None, 2048):
        seen = replace(MADE, memory=None, cpus=None, pids_limit=pids)
        assert drift(unlimited, seen, IMAGE) == ()


@pytest.mark.parametrize("mode", ["bridge", "bridge:x", "slirp4netns:mtu=9", "pasta"])
def test_default_podman_networks_are_not_drift(mode: str) -> None:
    assert _told(network_mode=mode, networks=()) == []
    (difference,) = _told(network_mode=f"x{mode}")
    assert difference == f"network: expected podman's default, actual x{mode}"


def test_control_characters_in_drift_are_escaped() -> None:
    seen: ObservedContainer = replace(
        MADE, labels={**MADE.labels, "a\x1b": "b\n"}, devices=("c\x07",)
    )
    assert [str(each) for each in drift(SPEC, seen, IMAGE)] == snapshot(
        ["devices: expected none, actual c\\x07", "label.a\\x1b: expected absent, actual b\\n"]
    )


def test_escape_control_chars_keeps_spaces_and_tabs() -> None:
    assert escape_control_chars("a b é") == "a b é"
    assert escape_control_chars("a\tb\n\x1b[1mé\u2028") == "a\tb\\n\\x1b[1mé\\u2028"
    odd = Difference("f\r", "\0", "a", "adjust")
    assert odd.escaped() == Difference(r"f\r", r"\x00", "a", "adjust")


@pytest.mark.parametrize(
    ("asked", "seen", "same"),
    [
        ("a:1", "a:1", True),
        ("x/a:1", "q.io/x/a:1", True),
        ("h:1/a", "q.io/h:1/a:latest", False),
        ("localhost/a", "localhost/a:latest", True),
        ("local/a", "q.io/local/a:latest", True),
        ("localhost", "q.io/localhost:latest", True),
        ("q.io", "r.io/q.io:latest", True),
        ("x/y/a", "x/y/a", True),
        ("h:1/x/a", "h:1/x/a:latest", True),
        ("h:1/x/a", "h:1/x/a:1", False),
        ("x/h:1/a", "x/h:1/a:latest", True),
        ("x/b.c/a", "q.io/x/b.c/a:latest", True),
    ],
)
def test_short_image_reference_matches_any_registry(asked: str, seen: str, same: bool) -> None:
    assert same_image(asked, seen) is same


def test_image_matches_by_either_of_its_references() -> None:
    assert _told(image="x:1") == []
    assert _told(config_image="x:1") == []


def test_stale_mount_and_missing_config_show_their_remedy() -> None:
    assert inside_drift(SPEC, MountHealth()) == ()
    assert inside_drift(SPEC, MountHealth(("/workspace",), config_missing=True)) == snapshot(
        (
            Difference(
                field="mount./workspace",
                expected="/t",
                actual="a folder that is no longer at that path",
                remedy="restart",
            ),
            Difference(
                field="config",
                expected="at /root/.codex",
                actual="deleted in the container, or copied incompletely",
                remedy="adjust",
            ),
        )
    )
