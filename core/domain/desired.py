"""Turn a lane, its profile and digests into the specification of a container."""

from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import (
    FINGERPRINT_ENV,
    HOME,
    INBOX_PATH,
    WORKER_PATH,
    WORKER_PORT,
    WORKSPACE_PATH,
    ContainerSpec,
    EnvVar,
    Mount,
    Port,
)
from lanekit.core.domain.git_mounts import NO_GIT, GitAccess
from lanekit.core.domain.go_paths import clean, join_one
from lanekit.core.domain.labels import (
    LABEL_CONFIG,
    LABEL_FLEET,
    LABEL_INBOX,
    LABEL_LANE,
    LABEL_WORKER,
    LABEL_WORKSPACE,
)
from lanekit.core.domain.lanes import Lane, Profile


@dataclass(frozen=True)
class Digests:
    """What was read of the host's files: sha256 in hex; empty where there is no such file."""

    worker: str = ""
    inbox: str = ""
    config: str = ""
    fingerprint: str = ""


def container_spec(
    lane: Lane, profile: Profile, digests: Digests, git: GitAccess = NO_GIT
) -> ContainerSpec:
    """What the lane's container has to be. Total: `faults` says whether it makes sense."""
    return ContainerSpec(
        name=lane.container_name,
        image=profile.image,
        user="root",
        entrypoint=(WORKER_PATH,),
        workdir=WORKSPACE_PATH,
        env=_env(lane, profile, digests.fingerprint) + git.env,
        mounts=_mounts(lane, profile) + git.mounts,
        ports=(Port(WORKER_PORT),),
        labels=_labels(lane, digests),
        config_target=config_target(profile),
        memory=profile.memory,
        cpus=profile.cpus,
        pids_limit=profile.pids_limit,
    )


def config_target(profile: Profile) -> str:
    """Where the config tree lands: HOME/BASENAME, as `podman cp DIR ctr:HOME` puts it."""
    if not profile.config_dir.strip():
        return ""
    return f"{HOME}/{clean(profile.config_dir).rsplit('/', 1)[-1]}"


def _env(lane: Lane, profile: Profile, fingerprint: str) -> tuple[EnvVar, ...]:
    own = {
        "INBOX_WORKSPACE": WORKSPACE_PATH,
        "INBOX_WORKSPACE_ID": lane.workspace,
        "INBOX_LANE_ID": lane.id,
        "INBOX_API_URL": f"http://host.containers.internal:{profile.server_port}",
        "INBOX_RUNTIME_AGENT_ID": lane.container_name,
        "HOME": HOME,
    }
    if fingerprint:
        own[FINGERPRINT_ENV] = fingerprint
    made = tuple(EnvVar(name, value, secret=False) for name, value in own.items())
    return made + tuple(
        EnvVar(name, value) for name, value in sorted(profile.env.items()) if name not in own
    )


def _mounts(lane: Lane, profile: Profile) -> tuple[Mount, ...]:
    return (
        Mount(join_one(lane.worktree), WORKSPACE_PATH),
        Mount(profile.worker, WORKER_PATH, read_only=True),
        Mount(profile.inbox, INBOX_PATH, read_only=True),
        *(Mount(clean(m.source), clean(m.target), m.read_only) for m in profile.mounts),
    )


def _labels(lane: Lane, digests: Digests) -> dict[str, str]:
    labels = {
        LABEL_WORKSPACE: lane.workspace,
        LABEL_LANE: lane.id,
        LABEL_WORKER: digests.worker,
        LABEL_INBOX: digests.inbox,
        LABEL_CONFIG: digests.config,
        LABEL_FLEET: lane.fleet,
    }
    return {key: value for key, value in labels.items() if value}
