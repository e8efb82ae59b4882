"""The reference tables of the documentation hold what the code has: no row more, no row less."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main

from lanekit import BindMount, LaneError, Lanes, Profile
from lanekit.adapters.fleet_file import schema
from lanekit.cli.app import COMMANDS, app

_DOCS = Path(__file__).resolve().parents[2] / "docs"
_GROUP: Any = typer.main.get_command(app)
_COMMANDS: dict[str, Any] = {name: _GROUP.get_command(None, name) for name in COMMANDS}
_NO_DEFAULT_IN_CODE = {"config_dir": '""', "idle_path": '""', "credentials": "[]", "mounts": "[]"}


def _rows(page: str, marker: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the table that follows a marker, or a heading."""
    lines = (_DOCS / page).read_text().split(marker, 1)[1].splitlines()
    table = False
    for line in lines:
        if line.startswith("|"):
            table = True
            if not line.startswith("|---"):
                yield [cell.strip() for cell in line.strip("|").split(" | ")]
        elif table or line.startswith("## "):
            return


def _named(page: str, marker: str) -> dict[str, list[str]]:
    rows = [row for row in _rows(page, marker) if row[0].startswith("`")]
    return {row[0].split("`")[1]: row for row in rows}


def _keys_of_code() -> set[str]:
    profile = {field.name for field in dataclasses.fields(Profile)}
    mount = {f"mounts.{field.name}" for field in dataclasses.fields(BindMount)}
    return {"fleet", "workspace", "id", "worktree", "container"} | profile | mount


def test_fleet_file_table_has_every_key() -> None:
    assert set(_named("fleet-file.md", "<!-- table: keys -->")) == _keys_of_code()
    assert set(schema.PROFILE_KINDS) <= _keys_of_code()


def test_methods_table_has_every_method_of_lanes() -> None:
    methods = {name for name in dir(Lanes) if not name.startswith("_")} - {"description", "engine"}
    signatures = _named("embedding.md", "<!-- table: methods -->")
    assert {signature.split("(")[0] for signature in signatures} == methods


def test_modules_table_has_every_public_module() -> None:
    shown = set(_named("embedding.md", "## What is public"))
    files = (_DOCS.parent / "src" / "lanekit").glob("*.py")
    public = {f"lanekit.{path.stem}" for path in files if not path.stem.startswith("_")}
    # What api.py has is in lanekit itself.
    assert shown == public - {"lanekit.api"} | {"lanekit", "lanekit.contract"}


def test_fleet_file_table_has_the_defaults() -> None:
    rows = _named("fleet-file.md", "<!-- table: keys -->")
    for field in dataclasses.fields(Profile):
        shown = rows[field.name][3].strip("`")
        if field.default is dataclasses.MISSING:
            assert shown in ("required", "{}"), field.name
        elif field.default is None:
            assert shown == "podman's default", field.name
        elif field.name in _NO_DEFAULT_IN_CODE:
            assert shown == _NO_DEFAULT_IN_CODE[field.name]
            assert not field.default
        else:
            number = isinstance(field.default, int | float)
            assert shown.strip('"') == (f"{field.default:g}" if number else field.default)


def test_error_table_has_every_kind() -> None:
    kinds = {kind.__name__ for kind in get_args(LaneError)}
    assert set(_named("embedding.md", "<!-- table: errors -->")) == kinds


def test_every_command_has_a_heading() -> None:
    headings = re.findall(r"^## lanekit (.*)$", (_DOCS / "commands.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(_COMMANDS)


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_command_list_has_the_first_line_of_its_help(name: str) -> None:
    assert _COMMANDS[name].help.splitlines()[0] == COMMANDS[name]


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_command_table_has_every_option(name: str) -> None:
    options = {
        option
        for parameter in _COMMANDS[name].params
        for option in parameter.opts
        if option.startswith("--")
    }
    common = {*_named("commands.md", "## Common options")}
    assert set(_named("commands.md", f"\n## lanekit {name}\n")) == options - common
    assert common - options == {"--help"}


def test_glossary_has_at_most_twelve_words() -> None:
    assert len(list(_rows("index.md", "## Glossary"))) - 1 <= 12


def test_decisions_page_lists_every_adr() -> None:
    titles = [
        path.read_text().splitlines()[0].split(". ", 1)[1]
        for path in sorted((_DOCS.parent / "ADR").glob("0*.md"))
    ]
    assert [row[1] for row in _rows("decisions.md", "<!-- table: decisions -->")][1:] == titles


def test_every_adr_has_a_status_and_a_date() -> None:
    for path in (_DOCS.parent / "ADR").glob("0*.md"):
        head = path.read_text().split("## ", 1)[0]
        assert re.search(r"^Status: \w+", head, re.MULTILINE), path.name
        assert re.search(r"^Date: \d{4}-\d\d-\d\d", head, re.MULTILINE), path.name
