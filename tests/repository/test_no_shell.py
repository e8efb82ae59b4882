"""lanekit never runs a shell, and starts processes in one place only."""

import ast
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
FILES = sorted(
    path
    for folder in ("core", "adapters", "cli", "src/lanekit")
    for path in REPO.joinpath(folder).rglob("*.py")
)
STARTING = {"subprocess", "pty", "multiprocessing", "asyncio", "ctypes"}
SHELLS = {"sh", "bash", "dash", "/bin/sh", "/bin/bash", "/usr/bin/env", "-c"}
# Of os, what runs a program or a shell.
PROGRAMS = ("system", "popen", "exec", "spawn", "posix_spawn", "startfile", "fork")
ONLY = "adapters/host/processes.py"
# What `lanekit shell` and doctor's start test run, in the container.
INSIDE = ("cli/commands/shell.py", "adapters/podman/start_programs.py")


def _where(path: Path) -> str:
    return str(path.relative_to(REPO))


def _imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def _faults(text: str, where: str) -> list[str]:
    tree = ast.parse(text)
    faults = [f"imports {name}" for name in _imported(tree) & STARTING if where != ONLY]
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "shell":
            faults.append("has an argument shell=")
        if isinstance(node, ast.Constant) and node.value in SHELLS and where not in INSIDE:
            faults.append(f"names {node.value!r}")
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
            and node.attr.startswith(PROGRAMS)
        ):
            faults.append(f"uses os.{node.attr}")
    return faults


def test_every_room_of_the_package_is_looked_at() -> None:
    # A folder that moved would else leave the tests below with nothing to look at.
    assert {path.relative_to(REPO).parts[0] for path in FILES} == {"core", "adapters", "cli", "src"}
    assert REPO / ONLY in FILES
    assert {REPO / where for where in INSIDE} <= set(FILES)


@pytest.mark.parametrize("path", FILES, ids=_where)
def test_module_uses_no_shell_and_no_process_api(path: Path) -> None:
    assert _faults(path.read_text(), _where(path)) == []


def test_processes_module_uses_only_popen_of_subprocess() -> None:
    tree = ast.parse((REPO / ONLY).read_text())
    starts = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "subprocess"
    ]
    allowed = {"Popen", "PIPE", "DEVNULL", "TimeoutExpired"}
    assert {node.attr for node in starts} <= allowed


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from asyncio import create_subprocess_shell",
        "import os\nos.system('x')",
        "import os\nos.execvp('x', [])",
        "run('x', shell=True)",
        "run(['sh', 'x'])",
        "run(['x', '-c', 'y'])",
    ],
)
def test_check_detects_each_forbidden_construct(text: str) -> None:
    assert _faults(text, "cli/x.py")
