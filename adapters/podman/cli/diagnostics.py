"""What doctor asks of podman, by its command."""

from collections.abc import Mapping

from returns.result import Failure, Success

from lanekit.adapters.host.processes import CommandTimeout, CompletedCommand, OutputTooLarge, run
from lanekit.adapters.podman.cli.engine import PodmanCli
from lanekit.adapters.podman.cli.output import refusal
from lanekit.adapters.podman.diagnostics import TIMEOUT_SECONDS, decode_info
from lanekit.adapters.podman.json_reader import undecodable
from lanekit.core.domain.containers import ContainerSpec
from lanekit.core.domain.diagnostics.facts import PodmanHost, UlimitSettings, Workaround
from lanekit.core.domain.errors import EngineTimeout, EngineUnavailable, Outcome
from lanekit.core.domain.podman_create.args import create_args

_RUNC = "runc"


class PodmanCliDiagnostics:
    """A `DiagnosticEngine` by podman's command."""

    supported_workarounds: frozenset[Workaround] = frozenset(
        ("ulimits", "low-ulimits", "hybrid-cgroups")
    )

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.engine: PodmanCli = PodmanCli(env=env, timeout=TIMEOUT_SECONDS)

    def info(self) -> Outcome[PodmanHost]:
        """See `DiagnosticEngine.info`."""
        shown = self._run("look at podman", "info", "--format", "json")
        if isinstance(shown, Failure):
            return shown
        return decode_info(shown.unwrap().stdout, shown.unwrap().stderr)

    def create(
        self, spec: ContainerSpec, workarounds: tuple[Workaround, ...], limits: UlimitSettings
    ) -> Outcome[str]:
        """See `DiagnosticEngine.create`."""
        runtime = (f"--runtime={_RUNC}",) if "hybrid-cgroups" in workarounds else ()
        verb, *options = create_args(spec)
        ulimits = (
            f"--ulimit={name}={value}:{value}" for name, value in limits.ulimits(workarounds)
        )
        made = self._run(f"create {spec.name}", *runtime, verb, *ulimits, *options)
        if isinstance(made, Failure):
            return made
        # Some log drivers make podman print no id.
        words = made.unwrap().stdout.split()
        return Success(words[-1]) if words else Failure(undecodable("create", "expected an id"))

    def import_image(self, tar: bytes, reference: str, label: str) -> Outcome[None]:
        """See `DiagnosticEngine.import_image`."""
        args = ("import", "-q", f"--change=LABEL {label}", "-", reference)
        return _no_output(self._run("import an image", *args, stdin=(tar,)))

    def remove_image(self, reference: str) -> Outcome[None]:
        """See `DiagnosticEngine.remove_image`."""
        return _no_output(self._run("remove an image", "rmi", "--", reference))

    def _run(
        self, doing: str, *args: str, stdin: tuple[bytes, ...] = ()
    ) -> Outcome[CompletedCommand]:
        try:
            done = run(("podman", *args), self._env, TIMEOUT_SECONDS, stdin)
        except OSError as error:
            return Failure(EngineUnavailable("the podman command cannot be run", str(error)))
        except (CommandTimeout, OutputTooLarge):
            message = f"`podman {args[0]}` did not end within {TIMEOUT_SECONDS:g} s"
            return Failure(EngineTimeout(message))
        return Failure(refusal(doing, done)) if done.status else Success(done)


def _no_output(done: Outcome[CompletedCommand]) -> Outcome[None]:
    return done if isinstance(done, Failure) else Success(None)
