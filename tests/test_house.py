"""Walls of the house that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, Constraint, Index

from app.kit.db import Base

ROOT = Path(__file__).parent.parent
APP = sorted(ROOT.glob("app/**/*.py"))
TEMPLATES = sorted(ROOT.glob("templates/**/*.html"))
DOORS = ("web", "api", "kit", "cli.py", "errors.py")
ABOUT_THE_VISITOR = {"request", "session", "current_user"}
INLINE = re.compile(r"<(script(?![^>]*\bsrc=)|style\b)|\s(style|on[a-z]+)\s*=|javascript:", re.IGNORECASE)
CHANGES = re.compile(r"\bhx-(post|put|patch|delete)=")
TAG = re.compile(r"<[a-z](?:[^>{]|{{.*?}}|{%.*?%})*>", re.DOTALL)
FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
# addresses of registries, and places that exist on one machine only
FOREIGN = re.compile(
    r"(?<![\w.])/(?:root|home|work|Users)/\w|https?://[^\s\"']*/simple\b|\bregistry\.|files\.pythonhosted"
)
LONGEST_NAME = 63
LIST_FILES = ["git", "ls-files", "-co", "--exclude-standard"]


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[Path]:
    listed = subprocess.run(LIST_FILES, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_only_the_unit_of_work_commits() -> None:
    assert [short(path) for path in APP if ".commit(" in path.read_text()] == ["app/kit/db.py"]


def test_only_doors_know_of_the_request() -> None:
    rooms = [path for path in APP if path.relative_to(ROOT / "app").parts[0] not in DOORS]
    assert [short(path) for path in rooms if ABOUT_THE_VISITOR & imported(path, {"flask", "flask_login"})] == []


def test_doors_read_numbers_with_care() -> None:
    """`int` reads the digits of every script, and numbers that no column holds."""
    doors = [path for path in APP if path.relative_to(ROOT / "app").parts[0] == "web"]
    assert [short(path) for path in doors if "type=int" in path.read_text()] == []


def test_every_file_can_be_read_at_a_sitting() -> None:
    assert [
        short(path) for path in (*APP, *ROOT.glob("tests/**/*.py")) if len(path.read_text().splitlines()) > 400
    ] == []


def test_what_rooms_offer_each_other_says_what_it_promises() -> None:
    silent = [
        f"{short(path)}: {node.name}"
        for path in APP
        if path.name == "service.py"
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_queued_paths_lead_to_functions() -> None:
    paths = {path for file in APP for path in re.findall(r'"(app\.[\w.]+\.\w+)"', file.read_text())}
    assert "app.kit.outbox.answer_bell" in paths
    for path in paths:
        module, _, name = path.rpartition(".")
        assert callable(getattr(import_module(module), name)), path


def test_templates_hold_no_script_and_no_style() -> None:
    pages = (path for path in TEMPLATES if path.parent.name != "mail")  # mail readers know no style sheet of ours
    found = [f"{short(path)}: {tag}" for path in pages for tag in tags(path) if INLINE.search(tag)]
    assert found == []


def test_whatever_changes_something_is_a_form_that_works_without_javascript() -> None:
    found = [
        f"{short(path)}: {tag}"
        for path in TEMPLATES
        for tag in tags(path)
        if CHANGES.search(tag) and not (tag.startswith("<form") and "action=" in tag and "method=" in tag)
    ]
    assert found == []


def test_every_form_that_changes_something_carries_the_csrf_token() -> None:
    found = [
        f"{short(path)}: {form[:80]}"
        for path in TEMPLATES
        for form in FORM.findall(path.read_text())
        if re.search(r'method="post"', form.partition(">")[0] + ">", re.IGNORECASE) and "csrf" not in form
    ]
    assert found == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_every_route_declares_whom_it_is_for(app: Flask) -> None:
    views = app.view_functions.items()
    assert [name for name, view in views if not getattr(view, "access", None) and name != "static"] == []


def test_every_constraint_has_a_name_that_both_databases_keep() -> None:
    things = [
        (table.name, str(each.name or ""), isinstance(each, CheckConstraint))
        for table in Base.metadata.tables.values()
        for each in cast("list[Constraint | Index]", [*table.constraints, *table.indexes])
    ]
    assert [(table, name) for table, name, _ in things if not 0 < len(name) <= LONGEST_NAME] == []
    checks = [(table, name) for table, name, is_check in things if is_check]
    assert checks
    assert [name for table, name in checks if not name.startswith(f"ck_{table}_")] == []


def test_nothing_points_at_somebodys_machine() -> None:
    found = [
        f"{short(path)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        if path.suffix not in {".svg", ".woff2", ".png", ".mo", ".ico", ".js"} and path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert found == []


def imported(path: Path, modules: set[str]) -> set[str]:
    """What a file takes from these modules by name."""
    froms = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom))
    return {alias.name for node in froms if node.module in modules for alias in node.names}


def tags(path: Path) -> Iterator[str]:
    """The opening tags of a template, without comments."""
    text = re.sub(r"{#.*?#}|<!--.*?-->", "", path.read_text(), flags=re.DOTALL)
    return (match[0] for match in TAG.finditer(text))
