"""Runs of the podman command whose results are Outcomes."""

import os
from collections.abc import Iterable, Mapping, Sequence

from returns.result import Failure, Success

from lanekit.adapters.host.processes import (
    CommandTimeout,
    CompletedCommand,
    OutputTooLarge,
    ProcessLimits,
    run,
)
from lanekit.adapters.podman.cli.output import refusal
from lanekit.core.domain.errors import EngineFailed, EngineTimeout, EngineUnavailable, Outcome
from lanekit.core.domain.hints import Hint

NO_INPUT: tuple[bytes, ...] = ()


class PodmanCommand:
    """podman's command; `argv` is what stands before the verb. `timeout`: seconds for each run."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None,
        timeout: float,
        limits: ProcessLimits,
    ) -> None:
        self.argv: tuple[str, ...] = tuple(argv)
        self.limits = limits
        self._env = env
        self._timeout = timeout

    @property
    def env(self) -> Mapping[str, str]:
        """The environment that counts."""
        return os.environ if self._env is None else self._env

    def checked(
        self, action: str, *args: str, stdin: Iterable[bytes] = NO_INPUT, extra: float = 0
    ) -> Outcome[CompletedCommand]:
        """Run it; a status that is not 0 is the error of this action, with podman's own words.

        `extra` seconds are allowed beyond the time of every run.
        """
        answer = self.run(*args, stdin=stdin, extra=extra)
        if isinstance(answer, Failure):
            return answer
        result = answer.unwrap()
        return Failure(refusal(action, result)) if result.status else answer

    def run(
        self,
        *args: str,
        stdin: Iterable[bytes] = NO_INPUT,
        env: Mapping[str, str] | None = None,
        extra: float = 0,
    ) -> Outcome[CompletedCommand]:
        """Run it, whatever its status; `env` is added to the environment."""
        environ = {**self.env, **(env or {})}
        verb, allowed = " ".join(args[:2]), self._timeout + extra
        try:
            return Success(run((*self.argv, *args), environ, allowed, stdin, self.limits))
        except OSError as error:
            return Failure(self.cannot_execute(error))
        except CommandTimeout:
            return Failure(
                EngineTimeout(
                    f"`podman {verb}` did not end within {allowed:g} s",
                    hints=(Hint("check-storage"), Hint("ensure-again")),
                )
            )
        except OutputTooLarge:
            return Failure(EngineFailed(f"`podman {verb}` wrote more than any answer can be"))

    def cannot_execute(self, error: OSError) -> EngineUnavailable:
        """Return the error for a command that cannot be executed."""
        return EngineUnavailable(
            f"the podman command cannot be run: {self.argv[0]}",
            detail=str(error),
            hints=(Hint("install-podman"),),
        )
