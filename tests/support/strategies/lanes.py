"""Lanes, profiles, specifications, and what podman shows of their containers."""

from dataclasses import replace

from hypothesis import strategies as st

from lanekit.core.domain.containers import ContainerSpec, Mount, Port
from lanekit.core.domain.desired import Digests, container_spec
from lanekit.core.domain.lanes import BindMount, Lane, Profile
from lanekit.core.domain.observed import ImageInfo, ObservedContainer
from lanekit.core.domain.podman_create.args import labels_of

_WORDS = st.text("aZ0 .,:=/'\"$é日~-", min_size=1, max_size=6).filter(str.strip)
_CONTAINER_NAMES = st.sampled_from(["a", "A_b-C", "lane.7", "ws1-a", "0", "x" * 200])
PATH_PARTS = st.text("ab :,=\"'é日.-", min_size=1, max_size=4).filter(
    lambda w: w not in (".", "..")
)
ABSOLUTE_PATHS = st.lists(PATH_PARTS, min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)
_ENV_NAMES = st.sampled_from(["MY_A", "MY_B", "TOKEN", "LD_PRELOAD", "HTTPS_PROXY", "PATH"])
_HEX64 = st.integers(0, 2**64 - 1).map(lambda number: f"{number:064x}")


def lanes() -> st.SearchStrategy[Lane]:
    """Lanes that are possible, with odd but allowed words in every field."""
    return st.builds(
        Lane, workspace=_WORDS, id=_WORDS, worktree=ABSOLUTE_PATHS, container=_CONTAINER_NAMES
    )


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Profiles that are possible."""
    targets = draw(st.lists(ABSOLUTE_PATHS.map(lambda p: f"/extra{p}"), max_size=3, unique=True))
    return Profile(
        worker=draw(ABSOLUTE_PATHS),
        inbox=draw(ABSOLUTE_PATHS),
        image=draw(st.sampled_from(["localhost/a:1", "b", "quay.io/x/y@sha256:" + "0" * 64])),
        server_port=draw(st.integers(1, 65535)),
        config_dir=draw(st.one_of(st.just(""), ABSOLUTE_PATHS)),
        env=draw(st.dictionaries(_ENV_NAMES, st.text("ab ='\"é$#", max_size=6), max_size=4)),
        memory=draw(st.one_of(st.none(), st.integers(1 << 20, 1 << 40))),
        cpus=draw(st.one_of(st.none(), st.sampled_from([0.5, 1.0, 1.25, 64.0]))),
        pids_limit=draw(st.one_of(st.none(), st.integers(1, 4000))),
        mounts=tuple(
            BindMount(draw(ABSOLUTE_PATHS), target, draw(st.booleans())) for target in targets
        ),
    )


@st.composite
def specs(draw: st.DrawFn) -> ContainerSpec:
    """What `container_spec` makes of possible lanes and profiles."""
    profile = draw(profiles())
    config = draw(_HEX64) if profile.config_dir else ""
    digests = Digests(draw(_HEX64), draw(_HEX64), config, config)
    return container_spec(draw(lanes()), profile, digests)


IMAGE = ImageInfo("1" * 64, {"from-image": "yes"}, ("/image-volume",))


def snapshot_of(spec: ContainerSpec) -> ObservedContainer:
    """What podman shows of a container of this spec that runs (image: `IMAGE`)."""
    return ObservedContainer(
        id="c" * 64,
        name=spec.name,
        state="running",
        image=spec.image,
        config_image=spec.image,
        image_id=IMAGE.id,
        user=spec.user,
        path=spec.entrypoint[0],
        args=spec.entrypoint[1:],
        workdir=spec.workdir,
        env={"PATH": "/bin", "TERM": "xterm", **{var.name: var.value for var in spec.env}},
        mounts=(*spec.mounts, Mount("/volumes/x", "/image-volume", kind="volume")),
        ports=(*(replace(port, host_port=40000) for port in spec.ports), Port(9, "udp", "", None)),
        labels={**IMAGE.labels, **labels_of(spec)},
        networks=("podman",),
        memory=spec.memory,
        cpus=spec.cpus,
        pids_limit=spec.pids_limit,
        started_at="2026-01-01T00:00:00Z",
    )
