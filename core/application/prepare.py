"""Lane + Profile -> Target: everything that can be known beforehand is checked here."""

from collections.abc import Callable, Sequence

from returns.result import Failure, Success

from lanekit.core.application.context import PreparedLane
from lanekit.core.domain._dataclass import dataclass
from lanekit.core.domain.containers import INBOX_PATH, WORKER_PATH, WORKSPACE_PATH
from lanekit.core.domain.desired import Digests, config_target, container_spec
from lanekit.core.domain.errors import InvalidLane, LaneError, Outcome, for_lane
from lanekit.core.domain.git_mounts import NO_GIT, GitAccess, git_access, git_faults
from lanekit.core.domain.hints import Hint
from lanekit.core.domain.lanes import Lane, Profile
from lanekit.core.domain.validation import validation_errors
from lanekit.core.ports.host_files import ConfigCopy, HostFiles

ReadConfig = Callable[[str, Sequence[str]], Outcome[ConfigCopy]]
"""As `HostFiles.config`, which many lanes may share."""


def prepare(
    files: HostFiles, lane: Lane, profile: Profile, read_config: ReadConfig | None = None
) -> Outcome[PreparedLane]:
    """The lane's spec, its files read; or `InvalidLane` or `ConfigUnreadable`, with all faults."""
    impossible = validation_failure(lane, profile)
    if impossible is not None:
        return impossible
    read = _read(files, lane, profile, read_config or files.config)
    if isinstance(read, Failure):
        return Failure(for_lane(read.failure(), lane.name))
    found = read.unwrap()
    git = _git(files, lane, profile)
    if isinstance(git, Failure):
        return Failure(for_lane(git.failure(), lane.name))
    access = git.unwrap()
    spec = container_spec(lane, profile, found.digests, access)
    return Success(PreparedLane(lane, profile, spec, found.config, access.required_paths))


def validation_failure(lane: Lane, profile: Profile) -> Failure[LaneError] | None:
    """Return why there can be no such lane; None if nothing but the host's files can tell."""
    errors = validation_errors(lane, profile)
    messages = tuple(message for _, message in errors)
    return Failure(_invalid(lane, messages)) if errors else None


def _git(files: HostFiles, lane: Lane, profile: Profile) -> Outcome[GitAccess]:
    if profile.git == "none":
        return Success(NO_GIT)
    read = files.git(lane.worktree)
    if isinstance(read, Failure):
        return Failure(_invalid(lane, (f"git: {_words(read.failure())}",)))
    facts = read.unwrap()
    others = (WORKSPACE_PATH, WORKER_PATH, INBOX_PATH, *(m.target for m in profile.mounts))
    wrong = tuple(git_faults(facts, profile.git, others, config_target(profile)))
    if wrong:
        return Failure(_invalid(lane, wrong))
    access = git_access(facts, profile.git, profile.env)
    later = {one.path for one in access.required_paths}
    sources = [mount.source for mount in access.mounts if mount.source not in later]
    looked_at = [files.mountable(source) for source in sources]
    refused = [f"git: {_words(o.failure())}" for o in looked_at if isinstance(o, Failure)]
    return Failure(_invalid(lane, tuple(refused))) if refused else Success(access)


@dataclass(frozen=True)
class _HostFacts:
    digests: Digests
    config: ConfigCopy | None


def _read(
    files: HostFiles, lane: Lane, profile: Profile, read_config: ReadConfig
) -> Outcome[_HostFacts]:
    folder = files.folder(lane.worktree)
    worker = files.digest(profile.worker, executable=True)
    inbox = files.digest(profile.inbox, executable=False)
    if not isinstance(folder, Failure):
        folder = files.mountable(lane.worktree)
    looked_at = (
        ("worktree", folder),
        ("worker", worker),
        ("inbox", inbox),
        *(("mount", files.mountable(mount.source)) for mount in profile.mounts),
    )
    wrong = [
        f"{what}: {_words(outcome.failure())}"
        for what, outcome in looked_at
        if isinstance(outcome, Failure)
    ]
    if wrong:
        return Failure(_invalid(lane, tuple(wrong)))
    if not profile.config_dir.strip():
        return Success(_HostFacts(Digests(worker.unwrap(), inbox.unwrap()), None))
    config = read_config(profile.config_dir, profile.credentials)
    if isinstance(config, Failure):
        return config
    copy = config.unwrap()
    digests = Digests(worker.unwrap(), inbox.unwrap(), copy.digest, copy.fingerprint)
    return Success(_HostFacts(digests, copy))


def _words(error: LaneError) -> str:
    return f"{error.message} ({error.detail})" if error.detail else error.message


def _invalid(lane: Lane, sentences: tuple[str, ...]) -> InvalidLane:
    more = len(sentences) - 1
    return InvalidLane(
        sentences[0] + (f" (and {more} more)" if more else ""),
        detail="\n".join(sentences[1:]),
        hints=(Hint("correct-lane"),),
        lane=lane.name,
    )
