"""The laws of the strict policy."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.strategies.lanes import IMAGE, snapshot_of, specs

from lanekit.core.domain.containers import ContainerSpec, EnvVar, Mount, Port
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.drift import drift, same_image
from lanekit.core.domain.labels import LABEL_ENV
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.observed import ObservedContainer


def _fields(spec: ContainerSpec, seen: ObservedContainer) -> list[str]:
    return [difference.field for difference in drift(spec, seen, IMAGE)]


@given(specs())
def test_created_container_has_no_drift(spec: ContainerSpec) -> None:
    assert drift(spec, snapshot_of(spec), IMAGE) == ()


@given(specs(), st.randoms(use_true_random=False))
def test_order_of_env_mounts_and_ports_never_matters(spec: ContainerSpec, random: Any) -> None:
    def shuffled(items: Any) -> tuple[Any, ...]:
        return tuple(random.sample(list(items), len(items)))

    seen = snapshot_of(spec)
    other = replace(
        seen,
        env=dict(shuffled(seen.env.items())),
        mounts=shuffled(seen.mounts),
        ports=shuffled(seen.ports),
        labels=dict(shuffled(seen.labels.items())),
    )
    mixed = replace(spec, env=shuffled(spec.env), mounts=shuffled(spec.mounts))
    assert drift(mixed, other, IMAGE) == ()


EXTRA = Mount("/etc", "/host-etc")
BROAD = Port(31417, "tcp", "0.0.0.0", 40000)

SEEN: dict[str, tuple[Callable[[ObservedContainer], ObservedContainer], str]] = {
    "image": (lambda s: replace(s, image="x:1", config_image="x:1"), "image"),
    "image id": (lambda s: replace(s, image_id="2" * 64), "image.id"),
    "user": (lambda s: replace(s, user="nobody"), "user"),
    "no user": (lambda s: replace(s, user=""), "user"),
    "path": (lambda s: replace(s, path="/bin/sh"), "entrypoint"),
    "argument": (lambda s: replace(s, args=("-x",)), "entrypoint"),
    "workdir": (lambda s: replace(s, workdir="/"), "workdir"),
    "home": (lambda s: replace(s, env={**s.env, "HOME": "/x"}), "env.HOME"),
    "env gone": (lambda s: replace(s, env=_less(s.env, "INBOX_LANE_ID")), "env.INBOX_LANE_ID"),
    "worktree": (lambda s: _mounted(s, "/workspace", source="/other"), "mount./workspace"),
    "rw worker": (
        lambda s: _mounted(s, "/usr/local/bin/lane-worker", read_only=False),
        "mount./usr/local/bin/lane-worker",
    ),
    "volume": (lambda s: _mounted(s, "/workspace", kind="volume"), "mount./workspace"),
    "mount gone": (
        lambda s: replace(s, mounts=tuple(m for m in s.mounts if m.target != "/workspace")),
        "mount./workspace",
    ),
    "extra mount": (lambda s: replace(s, mounts=(*s.mounts, EXTRA)), "mount./host-etc"),
    "extra volume": (
        lambda s: replace(s, mounts=(*s.mounts, Mount("/v", "/root", kind="volume"))),
        "mount./root",
    ),
    "tmpfs": (
        lambda s: replace(s, mounts=(*s.mounts, Mount("", "/root/.codex", kind="tmpfs"))),
        "mount./root/.codex",
    ),
    "mounted twice": (
        lambda s: replace(s, mounts=(*s.mounts, Mount("/other", "/workspace"))),
        "mount./workspace",
    ),
    "all addresses": (lambda s: replace(s, ports=(BROAD,)), "port.31417/tcp"),
    "no port": (lambda s: replace(s, ports=()), "port.31417/tcp"),
    "extra port": (
        lambda s: replace(s, ports=(*s.ports, Port(22, "tcp", "127.0.0.1", 2222))),
        "port.22/tcp",
    ),
    "host network": (lambda s: replace(s, network_mode="host"), "network"),
    "two networks": (lambda s: replace(s, networks=("a", "b")), "networks"),
    "privileged": (lambda s: replace(s, privileged=True), "privileged"),
    "cap_add": (lambda s: replace(s, cap_add=("NET_ADMIN",)), "cap_add"),
    "cap_drop": (lambda s: replace(s, cap_drop=("CHOWN",)), "cap_drop"),
    "devices": (lambda s: replace(s, devices=("/dev/kvm:/dev/kvm",)), "devices"),
    "security_opt": (lambda s: replace(s, security_opt=("seccomp=unconfined",)), "security_opt"),
    "namespaces": (lambda s: replace(s, host_namespaces=("pid=host",)), "host_namespaces"),
    "restart": (lambda s: replace(s, restart_policy="always"), "restart_policy"),
    "auto_remove": (lambda s: replace(s, auto_remove=True), "auto_remove"),
    "read_only": (lambda s: replace(s, read_only=True), "read_only"),
    "memory": (lambda s: replace(s, memory=(s.memory or 0) + 4096), "memory"),
    "cpus": (lambda s: replace(s, cpus=(s.cpus or 0) + 1), "cpus"),
    "pids": (lambda s: replace(s, pids_limit=5000), "pids_limit"),
    "workspace label": (
        lambda s: replace(s, labels={**s.labels, "lanekit.workspace": ""}),
        "label.lanekit.workspace",
    ),
    "worker digest": (
        lambda s: replace(s, labels={**s.labels, "lanekit.worker": "0"}),
        "worker.digest",
    ),
    "inbox digest": (
        lambda s: replace(s, labels=_less(s.labels, "lanekit.inbox")),
        "inbox.digest",
    ),
    "added label": (lambda s: replace(s, labels={**s.labels, "x": "y"}), "label.x"),
    "image's label changed": (
        lambda s: replace(s, labels={**s.labels, "from-image": "no"}),
        "label.from-image",
    ),
    "dropped variable": (
        lambda s: replace(
            s, env={**s.env, "OLD": "1"}, labels={**s.labels, LABEL_ENV: _and_old(s)}
        ),
        "env.OLD",
    ),
}


def _and_old(seen: ObservedContainer) -> str:
    return f"{seen.labels.get(LABEL_ENV, '')},OLD"


def _less(mapping: Any, key: str) -> dict[str, str]:
    return {k: v for k, v in mapping.items() if k != key}


def _mounted(seen: ObservedContainer, at: str, **changes: Any) -> ObservedContainer:
    mounts = (replace(m, **changes) if m.target == at else m for m in seen.mounts)
    return replace(seen, mounts=tuple(mounts))


@pytest.mark.parametrize("change", sorted(SEEN))
@settings(max_examples=8)
@given(spec=specs())
def test_observed_change_drifts_only_in_its_field(change: str, spec: ContainerSpec) -> None:
    apply, field = SEEN[change]
    assert _fields(spec, apply(snapshot_of(spec))) == [field]


ASKED: dict[str, tuple[Callable[[ContainerSpec], ContainerSpec], str]] = {
    "image": (lambda s: replace(s, image="other/x:2"), "image"),
    "user": (lambda s: replace(s, user="nobody"), "user"),
    "entrypoint": (lambda s: replace(s, entrypoint=(*s.entrypoint, "-v")), "entrypoint"),
    "workdir": (lambda s: replace(s, workdir="/elsewhere"), "workdir"),
    "env": (lambda s: replace(s, env=(*s.env, EnvVar("ADDED", "1"))), "env.ADDED"),
    "mount": (lambda s: replace(s, mounts=(*s.mounts, EXTRA)), "mount./host-etc"),
    "less mounts": (lambda s: replace(s, mounts=s.mounts[1:]), "mount./workspace"),
    "port": (lambda s: replace(s, ports=(*s.ports, Port(80))), "port.80/tcp"),
    "no ports": (lambda s: replace(s, ports=()), "port.31417/tcp"),
    "label": (lambda s: replace(s, labels={**s.labels, "a": "b"}), "label.a"),
    "config": (lambda s: replace(s, labels={**s.labels, "lanekit.config": "0"}), "config.digest"),
    "memory": (lambda s: replace(s, memory=(s.memory or 0) + 1), "memory"),
    "cpus": (lambda s: replace(s, cpus=(s.cpus or 0) + 0.5), "cpus"),
    "pids_limit": (lambda s: replace(s, pids_limit=(s.pids_limit or 0) + 1), "pids_limit"),
}


@pytest.mark.parametrize("change", sorted(ASKED))
@settings(max_examples=8)
@given(spec=specs())
def test_spec_change_drifts_only_in_its_field(change: str, spec: ContainerSpec) -> None:
    apply, field = ASKED[change]
    assert _fields(apply(spec), snapshot_of(spec)) == [field]


@given(specs().filter(lambda s: any(v.secret for v in s.env)))
def test_changed_or_removed_variable_drifts_in_its_field(spec: ContainerSpec) -> None:
    seen = snapshot_of(spec)
    for var in spec.env:
        changed = replace(seen, env={**seen.env, var.name: var.value + "!"})
        assert _fields(spec, changed) == [f"env.{var.name}"]
        if var.secret:
            kept = tuple(v for v in spec.env if v != var)
            assert _fields(replace(spec, env=kept), seen) == [f"env.{var.name}"]


SAME: dict[str, Callable[[ObservedContainer], ObservedContainer]] = {
    "user 0": lambda s: replace(s, user="0"),
    "user 0:0": lambda s: replace(s, user="0:0"),
    "workdir with a slash": lambda s: replace(s, workdir="/workspace/"),
    "path with two slashes": lambda s: replace(s, path="//usr/local/bin/lane-worker"),
    "slirp4netns": lambda s: replace(s, network_mode="slirp4netns"),
    "pasta with options": lambda s: replace(s, network_mode="pasta:-4"),
    "mount with a slash": lambda s: _mounted(s, "/workspace", target="/workspace/"),
    "other variables": lambda s: replace(s, env={**s.env, "FROM_IMAGE": "x"}),
    "exposed and unpublished": lambda s: replace(s, ports=(*s.ports, Port(1, "tcp", "", None))),
}


@pytest.mark.parametrize("change", sorted(SAME))
@settings(max_examples=8)
@given(spec=specs())
def test_equivalent_spelling_is_not_drift(change: str, spec: ContainerSpec) -> None:
    assert _fields(spec, SAME[change](snapshot_of(spec))) == []


def test_pids_limit_drifts_only_when_set_and_different() -> None:
    spec = container_spec(Lane("w", "a", "/t"), Profile("/w", "/i"), Digests())
    seen = replace(snapshot_of(spec), pids_limit=2048)
    assert _fields(spec, seen) == []
    assert _fields(replace(spec, pids_limit=100), seen) == ["pids_limit"]
    assert _fields(replace(spec, pids_limit=2048), seen) == []


@pytest.mark.parametrize(
    ("asked", "seen", "same"),
    [
        ("a", "a:latest", True),
        ("a", "localhost/a:latest", True),
        ("library/a", "docker.io/library/a:latest", True),
        ("a:1", "quay.io/x/a:1", True),
        ("a:1", "a:2", False),
        ("localhost/a", "quay.io/localhost/a:latest", False),
        ("b.c/a", "x/b.c/a:latest", False),
        ("a", "ba:latest", False),
        ("host:5000/a", "host:5000/a:latest", True),
        ("a@sha256:1", "localhost/a@sha256:1", True),
    ],
)
def test_image_references_match_only_when_equivalent(asked: str, seen: str, same: bool) -> None:
    assert same_image(asked, seen) is same


def test_drift_never_shows_values_not_made_by_lanekit() -> None:
    profile = Profile("/w", "/i", env={"TOKEN": "s3cret"})
    spec = container_spec(Lane("w", "a", "/t"), profile, Digests())
    seen = snapshot_of(spec)
    tampered = {"TOKEN": "s3cret-too", "INBOX_API_URL": "http://u:s3cret@x", "HOME": "s3cret"}
    words = str(drift(spec, replace(seen, env={**seen.env, **tampered}), IMAGE))
    assert "s3cret" not in words
    assert "env.TOKEN" in words
    port = {"INBOX_API_URL": "http://host.containers.internal:9"}
    assert "internal:9" in str(drift(spec, replace(seen, env={**seen.env, **port}), IMAGE))


def test_drift_without_image_info_ignores_the_image_id() -> None:
    spec = container_spec(Lane("w", "a", "/t"), Profile("/w", "/i"), Digests())
    seen = replace(snapshot_of(spec), image_id="2" * 64)
    assert drift(spec, seen, None) == ()
    extra = replace(seen, labels={**seen.labels, "lanekit.config": "1"})
    assert [d.field for d in drift(spec, extra, None)] == ["config.digest"]


@pytest.mark.parametrize("user", ["root", "0", "0:0", "root:root", "0:root", "root:0"])
def test_any_spelling_of_root_user_is_not_drift(user: str) -> None:
    spec = container_spec(Lane("w", "a", "/t"), Profile("/w", "/i"), Digests())
    assert drift(spec, replace(snapshot_of(spec), user=user), IMAGE) == ()


@pytest.mark.parametrize(
    ("asked", "seen", "same"),
    [
        ("", "0.0.0.0", True),
        ("0.0.0.0", "", True),
        ("0.0.0.0", "127.0.0.1", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "0.0.0.0", False),
        # All of IPv6, and of IPv4 what the host's settings say: not the same.
        ("0.0.0.0", "::", False),
        ("", "::", False),
        ("::", "::", True),
    ],
)
def test_empty_host_ip_matches_only_all_ipv4_addresses(asked: str, seen: str, same: bool) -> None:
    spec = container_spec(Lane("w", "a", "/t"), Profile("/w", "/i"), Digests())
    spec = replace(spec, ports=tuple(replace(port, host_ip=asked) for port in spec.ports))
    made = snapshot_of(spec)
    made = replace(made, ports=tuple(replace(port, host_ip=seen) for port in made.ports))
    found = drift(spec, made, IMAGE)
    assert [difference.field for difference in found] == ([] if same else ["port.31417/tcp"])
    if not seen and not same:
        assert found[0].actual.startswith("0.0.0.0:")


@pytest.mark.parametrize(
    ("dropped", "told"),
    [
        (("AUDIT_WRITE", "MKNOD", "NET_RAW"), ""),
        (("AUDIT_WRITE", "CHOWN", "MKNOD", "NET_RAW"), "CHOWN"),
        (("AUDIT_WRITE", "NET_RAW"), "AUDIT_WRITE NET_RAW"),
        (("NET_RAW",), "NET_RAW"),
    ],
)
def test_distribution_default_capability_drops_are_not_drift(
    dropped: tuple[str, ...], told: str
) -> None:
    spec = container_spec(Lane("ws", "a", "/t"), Profile("/w", "/i"), Digests())
    found = drift(spec, replace(snapshot_of(spec), cap_drop=dropped), None)
    assert [(one.field, one.actual) for one in found] == ([("cap_drop", told)] if told else [])
