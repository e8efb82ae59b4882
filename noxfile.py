"""`nox`: `make test` without podman on every Python that is installed and that lanekit supports."""

import nox

nox.options.default_venv_backend = "venv"
# Of the versions below those that are not installed are skipped.
nox.options.error_on_missing_interpreters = False
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
TESTS = ("pytest", "-n2", "--dist=loadfile", "-m", "not podman and not nightly")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests without podman, with the newest versions of what lanekit depends on."""
    session.install("--editable", ".", "--group", "dev")
    _ = session.run(*TESTS, *session.posargs)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """Run them with the oldest versions that pyproject.toml allows for direct dependencies."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    session.install("--editable", ".", "--group", "dev")
    session.install(*(oldest(requirement) for requirement in project["dependencies"]))
    _ = session.run(*TESTS, *session.posargs)


def oldest(requirement: str) -> str:
    """Return the requirement, pinned to its lower bound: "typer>=0.15,<1" gives "typer==0.15"."""
    name, _, bounds = requirement.partition(">=")
    return f"{name}=={bounds.partition(',')[0]}"
