"""create_args and create_body: the reference's vectors, and that both say the same thing."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from tests.support.strategies.lanes import specs

from lanekit.core.domain.containers import ContainerSpec, EnvVar, Mount, Port
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.podman_create.args import (
    affects_podman_itself,
    create_args,
    env_file,
    env_passthrough,
    labels_of,
)
from lanekit.core.domain.podman_create.body import create_body

VECTORS = Path(__file__).parents[2] / "vectors" / "create_args.jsonl"


def _vectors() -> list[Any]:
    return [json.loads(line) for line in VECTORS.read_text().splitlines()]


def _spec(given: Mapping[str, Any]) -> ContainerSpec:
    lane = Lane(
        given["ws_id"],
        given["lane"]["id"],
        given["lane"]["worktree_path"],
        given["lane"]["container_name"],
    )
    profile = Profile(given["worker"], given["inbox"], server_port=given["server_port"])
    return container_spec(lane, profile, Digests("w", "i", fingerprint=given["codex_fingerprint"]))


@pytest.mark.parametrize("vector", _vectors())
def test_create_args_keep_reference_args_in_order(vector: Mapping[str, Any]) -> None:
    reference = vector["create"][1:]
    ours = create_args(_spec(vector["input"]))
    split = len(reference) - 1
    assert list(ours[:split]) == reference[:split]
    assert ours[-1] == reference[-1]
    added = ours[split:-1]
    assert added[0] == "--pull=never"
    assert set(added[1::2]) == {"--label"}


def test_path_with_a_colon_uses_mount_option() -> None:
    spec = container_spec(Lane("w", "a", '/srv/a:b,"c'), Profile("/w", "/i"), Digests())
    args = create_args(spec)
    mount = args[args.index("--mount") + 1]
    assert next(csv.reader([mount])) == [
        "type=bind",
        'src=/srv/a:b,"c',
        "dst=/workspace",
        "relabel=shared",
    ]
    assert args.count("-v") == 2


def test_create_args_never_contain_secret_values() -> None:
    env = {"TOKEN": "s3cret-one", "LD_PRELOAD": "s3cret-two", "HTTPS_PROXY": "s3cret-three"}
    spec = container_spec(Lane("w", "a", "/t"), Profile("/w", "/i", env=env), Digests())
    assert not any("s3cret" in arg for arg in create_args(spec))
    assert env_passthrough(spec) == {"TOKEN": "s3cret-one"}
    # Podman itself would obey these, so they never stand in its environment.
    assert env_file(spec) == "HTTPS_PROXY=s3cret-three\nLD_PRELOAD=s3cret-two\n"
    assert "s3cret" not in repr(spec)


@given(specs())
def test_create_args_and_create_body_are_equivalent(spec: ContainerSpec) -> None:
    assert _read_args(spec) == _read_body(spec)


@given(specs())
def test_create_body_reads_back_into_the_spec(spec: ContainerSpec) -> None:
    read = _read_body(spec)
    assert read["env"] == {var.name: var.value for var in spec.env}
    assert set(read["mounts"]) == set(spec.mounts)
    assert read["ports"] == spec.ports
    assert read["labels"] == labels_of(spec)
    assert (read["name"], read["image"], read["user"]) == (spec.name, spec.image, spec.user)
    assert (read["entrypoint"], read["workdir"]) == (spec.entrypoint, spec.workdir)
    assert (read["memory"], read["pids"]) == (spec.memory, spec.pids_limit)
    assert read["cpus"] == pytest.approx(spec.cpus)


def test_entrypoint_with_several_words_is_a_json_list() -> None:
    spec = container_spec(Lane("w", "a", "/t"), Profile("/w", "/i"), Digests())
    several = replace(spec, entrypoint=("/bin/sh", "-c", "a b"))
    args = create_args(several)
    assert json.loads(args[args.index("--entrypoint") + 1]) == ["/bin/sh", "-c", "a b"]
    assert create_body(several)["entrypoint"] == ["/bin/sh", "-c", "a b"]


_OPTIONS = (
    *("--name", "--user", "--entrypoint", "-p", "-e", "-v", "-w", "--label", "--mount"),
    *("--memory", "--cpus", "--pids-limit", "--env-file"),
)


def _read_args(spec: ContainerSpec) -> dict[str, Any]:
    """Read the arguments as podman does."""
    args = list(create_args(spec))
    options: dict[str, list[str]] = {option: [] for option in _OPTIONS}
    rest = args[1:-1]
    while rest:
        option = rest.pop(0)
        if option != "--pull=never":
            options[option].append(rest.pop(0))
    env = _pairs(e for e in options["-e"] if "=" in e)
    env |= {name: env_passthrough(spec)[name] for name in options["-e"] if "=" not in name}
    env |= _pairs(env_file(spec).splitlines())
    memory, cpus, pids = (options[o] for o in ("--memory", "--cpus", "--pids-limit"))
    return {
        "name": options["--name"][0],
        "image": args[-1],
        "user": options["--user"][0],
        "entrypoint": (options["--entrypoint"][0],),
        "workdir": options["-w"][0],
        "env": env,
        "mounts": {*map(_short_mount, options["-v"]), *map(_long_mount, options["--mount"])},
        "ports": tuple(map(_port, options["-p"])),
        "labels": _pairs(options["--label"]),
        "memory": int(memory[0].removesuffix("b")) if memory else None,
        "cpus": float(cpus[0]) if cpus else None,
        "pids": int(pids[0]) if pids else None,
    }


def _pairs(lines: Iterable[str]) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition("=") for line in lines)}


def _short_mount(text: str) -> Mount:
    source, target, options = text.split(":")
    assert options.split(",")[0] == "z"
    return Mount(source, target, "ro" in options.split(","))


def _long_mount(text: str) -> Mount:
    fields = _pairs(next(csv.reader([text])))
    assert (fields["type"], fields["relabel"]) == ("bind", "shared")
    return Mount(fields["src"], fields["dst"], "ro" in fields)


def _port(text: str) -> Port:
    host_ip, host_port, container_port = text.split(":")
    return Port(int(container_port), "tcp", host_ip, int(host_port) if host_port else None)


def _read_body(spec: ContainerSpec) -> dict[str, Any]:
    """Read the body as podman's SpecGenerator does."""
    body: dict[str, Any] = json.loads(json.dumps(create_body(spec)))
    limits = body.get("resource_limits", {})
    cpu = limits.get("cpu")
    return {
        "name": body["name"],
        "image": body["image"],
        "user": body["user"],
        "entrypoint": tuple(body["entrypoint"]),
        "workdir": body["work_dir"],
        "env": body["env"],
        "mounts": {
            Mount(m["source"], m["destination"], "ro" in m["options"]) for m in body["mounts"]
        },
        "ports": tuple(
            Port(p["container_port"], p["protocol"], p["host_ip"]) for p in body["portmappings"]
        ),
        "labels": body["labels"],
        "memory": limits.get("memory", {}).get("limit"),
        "cpus": cpu["quota"] / cpu["period"] if cpu else None,
        "pids": limits.get("pids", {}).get("limit"),
    }


def test_env_var_repr_redacts_its_value() -> None:
    assert "s3cret" not in repr(EnvVar("A", "s3cret"))


ODD = replace(
    container_spec(
        Lane("w", "a", "/t"), Profile("/w", "/i", env={"A": "1", "HTTPS_PROXY": "p"}), Digests("1")
    ),
    mounts=(Mount('/a:b"c', "/x", read_only=True), Mount("/a,b", "/y:z"), Mount("/s", "/d")),
    ports=(Port(80, "udp", "127.0.0.5", 8080), Port(31417)),
    memory=1 << 20,
    cpus=1.5,
    pids_limit=7,
)


def test_create_args_contain_every_spec_field() -> None:
    args = create_args(ODD, "other")
    made = [word for var in ODD.env if not var.secret for word in ("-e", f"{var.name}={var.value}")]
    assert args == (
        *("create", "--name", "other", "--user", "root"),
        *("--entrypoint", "/usr/local/bin/lane-worker"),
        *("-p", "127.0.0.5:8080:80/udp", "-p", "127.0.0.1::31417"),
        *made,
        *("--mount", 'type=bind,"src=/a:b""c",dst=/x,relabel=shared,ro=true'),
        *("--mount", 'type=bind,"src=/a,b",dst=/y:z,relabel=shared'),
        *("-v", "/s:/d:z"),
        *("-w", "/workspace", "--pull=never"),
        *("--label", "lanekit.env=A,HTTPS_PROXY", "--label", "lanekit.lane=a"),
        *("--label", "lanekit.worker=1", "--label", "lanekit.workspace=w"),
        *("-e", "A", "--env-file", "/dev/stdin"),
        *("--memory", "1048576b", "--cpus", "1.5", "--pids-limit", "7"),
        ODD.image,
    )
    assert "--env-file" not in create_args(replace(ODD, env=()))
    assert labels_of(replace(ODD, env=())) == ODD.labels


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("/bin/w",), "/bin/w"),
        (("[odd]",), '["[odd]"]'),
        (("/bin/w", "x y"), '["/bin/w", "x y"]'),
    ],
)
def test_entrypoint_is_a_json_list_unless_one_plain_word(
    command: tuple[str, ...], option: str
) -> None:
    args = create_args(replace(ODD, entrypoint=command))
    assert args[args.index("--entrypoint") + 1] == option


def test_create_body_contains_every_spec_field() -> None:
    def mount(source: str, target: str, *options: str) -> object:
        kind = "bind"
        return {"type": kind, "source": source, "destination": target, "options": [*options]}

    assert create_body(ODD, "other", {"A": "0", "no_proxy": "x"}) == {
        "name": "other",
        "image": ODD.image,
        "user": "root",
        "entrypoint": ["/usr/local/bin/lane-worker"],
        "work_dir": "/workspace",
        "env": {"no_proxy": "x", **{var.name: var.value for var in ODD.env}},
        "mounts": [
            mount('/a:b"c', "/x", "z", "ro"),
            mount("/a,b", "/y:z", "z"),
            mount("/s", "/d", "z"),
        ],
        "portmappings": [
            {"container_port": 80, "host_ip": "127.0.0.5", "protocol": "udp", "host_port": 8080},
            {"container_port": 31417, "host_ip": "127.0.0.1", "protocol": "tcp"},
        ],
        "labels": labels_of(ODD),
        "sdnotifyMode": "container",
        "resource_limits": {
            "memory": {"limit": 1 << 20},
            "cpu": {"quota": 150_000, "period": 100_000},
            "pids": {"limit": 7},
        },
    }
    unlimited = replace(ODD, memory=None, cpus=None, pids_limit=None)
    assert "resource_limits" not in create_body(unlimited)


@pytest.mark.parametrize(
    ("name", "steers"),
    [
        *((name, True) for name in ("PATH", "TERM", "SSL_CERT_DIR", "GOGC", "NOTIFY_SOCKET")),
        *((name, True) for name in ("LD_X", "CONTAINERS_CONF", "REGISTRY_AUTH_FILE", "PODMAN_X")),
        *((name, True) for name in ("x_proxy", "FTP_PROXY")),
        *((name, False) for name in ("PATHS", "MY_LD_X", "proxy", "PROXY_X", "TOKEN")),
    ],
)
def test_variables_that_affect_podman_itself_are_recognized(name: str, steers: bool) -> None:
    assert affects_podman_itself(name) is steers
