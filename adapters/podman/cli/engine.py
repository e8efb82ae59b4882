"""The engine that runs the podman command: one process per call."""

import math
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from returns.result import Failure, Success

from lanekit.adapters.host.processes import DEFAULT_LIMITS, CompletedCommand, ProcessLimits
from lanekit.adapters.podman.cli.command import NO_INPUT, PodmanCommand
from lanekit.adapters.podman.cli.output import (
    in_order,
    refusal,
    shown_containers,
    shown_images,
)
from lanekit.adapters.podman.error_mapping import AMBIGUOUS, ID, nameless
from lanekit.adapters.podman.inspect_decoder import decode_ids
from lanekit.adapters.podman.json_reader import undecodable
from lanekit.adapters.podman.netavark_retry import retry_start
from lanekit.core.domain.containers import CONTAINER_NAME, ContainerSpec, Limits
from lanekit.core.domain.errors import InvalidState, NotFound, Outcome, without_value
from lanekit.core.domain.labels import has_labels
from lanekit.core.domain.observed import ImageInfo, InspectResult, LayerChange, ObservedContainer
from lanekit.core.domain.podman_create.args import create_args, env_file, env_passthrough
from lanekit.core.domain.redaction import redact, secrets_of
from lanekit.core.ports.engine import EventStream, OnPartialResult, Streams
from lanekit.core.ports.host_files import ArchiveBroken

_MAX_NAMES_PER_CALL = 2000


class PodmanCli:
    """podman by its command, local or remote (CONTAINER_HOST is podman's own affair).

    `command` is what stands before the verb, with podman's global options. `env` replaces the
    environment of this process. `timeout`: seconds that one call may take, a stop's grace aside.
    `limits` are those of each podman process.
    """

    def __init__(
        self,
        command: Sequence[str] = ("podman",),
        *,
        env: Mapping[str, str] | None = None,
        timeout: float = 120.0,
        limits: ProcessLimits = DEFAULT_LIMITS,
    ) -> None:
        self._podman = PodmanCommand(command, env, timeout, limits)

    @property
    def description(self) -> str:
        """For people: which engine this is."""
        return "podman command"

    def inspect(self, names: Sequence[str]) -> Outcome[Mapping[str, ObservedContainer]]:
        """See `ContainerEngine.inspect`; one process for up to 2,000 names."""
        found: dict[str, ObservedContainer] = {}
        possible = [name for name in names if re.fullmatch(CONTAINER_NAME, name)]
        for begin in range(0, len(possible), _MAX_NAMES_PER_CALL):
            batch = possible[begin : begin + _MAX_NAMES_PER_CALL]
            observed = self._inspect(batch)
            if isinstance(observed, Failure):
                return observed
            wanted = set(batch)
            for snapshot in observed.unwrap():
                # podman also takes the beginning of an id for a name: only exact ones count.
                found |= {key: snapshot for key in {snapshot.name, snapshot.id} & wanted}
        return Success(found)

    def _inspect(self, names: Sequence[str]) -> Outcome[tuple[ObservedContainer, ...]]:
        answer = self._podman.run("container", "inspect", "--", *names)
        if isinstance(answer, Failure):
            return answer
        result = answer.unwrap()
        if not result.stdout.strip() and re.search(AMBIGUOUS, result.stderr):
            return self._inspect_apart(names)
        return shown_containers(result, names)

    def _inspect_apart(self, names: Sequence[str]) -> Outcome[tuple[ObservedContainer, ...]]:
        """One name that begins several ids keeps podman from showing any of the others."""
        if len(names) == 1:
            return Success(())
        observed: list[ObservedContainer] = []
        for half in (names[: len(names) // 2], names[len(names) // 2 :]):
            found = self._inspect(half)
            if isinstance(found, Failure):
                return found
            observed += found.unwrap()
        return Success(tuple(observed))

    def images(self, references: Sequence[str]) -> Outcome[Mapping[str, ImageInfo]]:
        """See `ContainerEngine.images`; one process."""
        if not references:
            return Success({})
        answer = self._podman.run("image", "inspect", "--", *references)
        if isinstance(answer, Failure):
            return answer
        return shown_images(answer.unwrap(), references)

    def inspect_many(
        self,
        names: Sequence[str],
        references: Sequence[str],
        on_partial: OnPartialResult | None = None,
    ) -> Outcome[InspectResult]:
        """See `ContainerEngine.inspect_many`; two processes, side by side when both are needed.

        Its one answer is there at the end: there are no partial results.
        """
        _ = on_partial
        if names and references:
            # Not an executor, whose half dozen modules cost start-up.
            answers: list[Outcome[Mapping[str, ImageInfo]]] = []
            thread = threading.Thread(target=lambda: answers.append(self.images(references)))
            thread.start()
            try:
                containers = self.inspect(names)
            finally:
                thread.join()
            (images,) = answers
        else:
            containers, images = self.inspect(names), self.images(references)
        if isinstance(containers, Failure):
            return containers
        if isinstance(images, Failure):
            return images
        return Success(InspectResult(containers.unwrap(), images.unwrap()))

    def list_by_labels(self, labels: Mapping[str, str]) -> Outcome[tuple[ObservedContainer, ...]]:
        """See `ContainerEngine.list_by_labels`; two processes."""
        # By name only: versions differ in how a value with a comma has to be written.
        filters = [f"--filter=label={name}" for name in labels]
        table = ("ps", "-a", "--no-trunc", "--format=json")
        listed = self._podman.checked("list containers", *table, *filters)
        if isinstance(listed, Failure):
            return listed
        ids = decode_ids(listed.unwrap().stdout)
        if isinstance(ids, Failure):
            return ids
        found = self.inspect(ids.unwrap())
        if isinstance(found, Failure):
            return found
        carrying = (one for one in found.unwrap().values() if has_labels(one.labels, labels))
        return Success(tuple(sorted(carrying, key=lambda one: one.name)))

    def create(self, spec: ContainerSpec, name: str) -> Outcome[str]:
        """See `ContainerEngine.create`. Secret values go through podman's environment or stdin."""
        if not name:
            return Failure(nameless("create a container"))
        lines = env_file(spec)
        answer = self._podman.run(
            *create_args(spec, name),
            stdin=(lines.encode(),) if lines else NO_INPUT,
            env=env_passthrough(spec),
        )
        if isinstance(answer, Failure):
            return answer
        result = answer.unwrap()
        identifier = result.stdout.strip().rsplit("\n", 1)[-1].strip()
        if not result.status and re.fullmatch(ID, identifier):
            return Success(identifier)
        result = _without_secrets(result, spec)
        if result.status:
            return Failure(refusal(f"create {name}", result, image=spec.image))
        return Failure(undecodable("create", f"expected an id, got {result.stdout[:200]!r}"))

    def put_archive(self, container: str, archive: Iterable[bytes]) -> Outcome[None]:
        """See `ContainerEngine.put_archive`."""
        try:
            done = self._podman.checked(
                f"copy into {container[:12]}",
                "cp",
                "-a=false",
                "-",
                f"{container}:/",
                stdin=archive,
            )
        except ArchiveBroken as broken:
            return Failure(broken.error)
        return without_value(done)

    def start(self, container: str) -> Outcome[None]:
        """See `ContainerEngine.start`."""
        action = f"start {container[:12]}"
        return retry_start(lambda: without_value(self._podman.checked(action, "start", container)))

    def unpause(self, container: str) -> Outcome[None]:
        """See `ContainerEngine.unpause`."""
        return without_value(
            self._podman.checked(f"unpause {container[:12]}", "unpause", container)
        )

    def stop(self, container: str, grace: float) -> Outcome[None]:
        """See `ContainerEngine.stop`; podman counts the grace in whole seconds, rounded up."""
        wait = str(math.ceil(grace))
        action = f"stop {container[:12]}"
        return without_value(
            self._podman.checked(action, "stop", "-t", wait, container, extra=grace)
        )

    def rename(self, container: str, name: str) -> Outcome[None]:
        """See `ContainerEngine.rename`."""
        action = f"rename {container[:12]} to {name}"
        return without_value(self._podman.checked(action, "rename", "--", container, name))

    def remove(self, container: str, grace: float) -> Outcome[None]:
        """See `ContainerEngine.remove`."""
        wait = str(math.ceil(grace))
        action = f"remove {container[:12]}"
        done = self._podman.checked(action, "rm", "-f", "-v", "-t", wait, container, extra=grace)
        if isinstance(done, Failure) and isinstance(done.failure(), NotFound):
            return Success(None)
        return without_value(done)

    def logs(self, container: str, tail: int) -> Outcome[str]:
        """See `ContainerEngine.logs`.

        Both streams carry timestamps, by which they are put in order and podman's own warnings,
        which have none, are told from what the container wrote.
        """
        result = self._podman.checked(
            f"read the logs of {container[:12]}", "logs", "-t", "--tail", str(tail), container
        )
        if isinstance(result, Failure):
            return result
        return Success(in_order(result.unwrap(), tail))

    def diff(self, container: str) -> Outcome[tuple[LayerChange, ...]]:
        """See `ContainerEngine.diff`."""
        from lanekit.adapters.podman.diff_and_update import (  # noqa: PLC0415 - few runs ask
            decode_changes,
        )

        action = f"look for changes in {container[:12]}"
        result = self._podman.checked(action, "container", "diff", "--format=json", container)
        return result if isinstance(result, Failure) else decode_changes(result.unwrap().stdout)

    def update(self, container: str, limits: Limits) -> Outcome[None]:
        """See `ContainerEngine.update`."""
        from lanekit.adapters.podman.diff_and_update import (  # noqa: PLC0415 - few runs ask
            update_args,
        )

        action = f"update {container[:12]}"
        return without_value(
            self._podman.checked(action, "update", *update_args(limits), container)
        )

    def events(self) -> Outcome[EventStream]:
        """See `ContainerEngine.events`; a process that runs until it is closed."""
        from lanekit.adapters.podman.cli.events import open_events  # noqa: PLC0415 - few runs ask

        podman = self._podman
        try:
            return Success(open_events(podman.argv, podman.env, podman.limits))
        except OSError as error:
            return Failure(podman.cannot_execute(error))

    def execute(
        self, container: str, command: Sequence[str], streams: Streams, *, tty: bool
    ) -> Outcome[int]:
        """See `ContainerEngine.execute`; one process, and one more when that says 125 or 255."""
        from lanekit.adapters.podman.cli.exec import (  # noqa: PLC0415 - start-up
            PODMAN_STATUSES,
            run_exec,
        )

        podman = self._podman
        try:
            status = run_exec(podman.argv, podman.env, container, command, streams, tty=tty)
        except OSError as error:
            return Failure(podman.cannot_execute(error))
        return self._own_fault(container, status) if status in PODMAN_STATUSES else Success(status)

    def _own_fault(self, container: str, status: int) -> Outcome[int]:
        """Return podman's own error, of which exec shows only the status; else the status."""
        observed = self.inspect([container])
        if isinstance(observed, Failure):
            return observed
        found = observed.unwrap().get(container)
        action = f"could not execute in {container[:12]}"
        if found is None:
            return Failure(NotFound(f"{action}: there is no such container"))
        if found.state != "running":
            return Failure(InvalidState(f"{action}: it is {found.state}"))
        return Success(status)


def _without_secrets(result: CompletedCommand, spec: ContainerSpec) -> CompletedCommand:
    # Before words are cut or quoted: a part of a secret would not be recognised later.
    secrets = secrets_of(spec)
    return replace(
        result, stdout=redact(result.stdout, secrets), stderr=redact(result.stderr, secrets)
    )
