"""Conventions as tests: small functions, small files, docstrings, types, light imports, no machine's paths."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MAX_FUNCTION_LINES, MAX_FILE_LINES = 64, 500
GENERATED = {"tables_generated.py"}
IMPORT_BUDGET_MODULES = {"numba", "cv2", "openvino", "sqlalchemy", "numpy", "rich", "typer"}
NOT_FOR_A_PARTY = {
    "numba", "cv2", "openvino", "numpy", "PIL", "alembic", "fastapi", "jinja2", "rich", "argon2", "prometheus_client",
    "cryptography.x509", "sqlalchemy.dialects.postgresql", "tenprint.cli.app", "tenprint.studies", "tenprint.synth",
}  # fmt: skip
"""What `tenprint serve --party` does without, as long as the party has no prints, no PostgreSQL and no metrics."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT / "src"))


def _functions(tree: ast.AST):
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def _length_without_docstring(node: Function) -> int:
    body = node.body
    has_docstring = isinstance(body[0], ast.Expr) and isinstance(getattr(body[0], "value", None), ast.Constant)
    docstring_lines = (body[0].end_lineno - body[0].lineno + 1) if has_docstring else 0
    return node.end_lineno - node.lineno + 1 - docstring_lines


def _public_functions(tree: ast.Module):
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (n for n in node.body if isinstance(n, Function) and not n.name.startswith("_"))


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_source_file_keeps_the_shape(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    problems = []
    if not ast.get_docstring(tree):
        problems.append("module has no docstring")
    if len(text.splitlines()) > MAX_FILE_LINES and path.name not in GENERATED:
        problems.append(f"file has more than {MAX_FILE_LINES} lines")
    problems += [
        f"{node.name} has {_length_without_docstring(node)} lines"
        for node in _functions(tree)
        if _length_without_docstring(node) > MAX_FUNCTION_LINES
    ]
    for node in _public_functions(tree):
        if not ast.get_docstring(node):
            problems.append(f"{node.name} has no docstring")
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        untyped = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        if untyped or node.returns is None:
            problems.append(f"{node.name} lacks types: {untyped or 'return'}")
    assert problems == []


def test_importing_tenprint_builds_nothing_and_loads_nothing_heavy() -> None:
    code = "import sys, tenprint; print(' '.join(m.split('.')[0] for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert IMPORT_BUDGET_MODULES.isdisjoint(loaded)


def test_serving_one_party_loads_only_what_its_work_takes() -> None:
    code = (
        "import sys; sys.argv = ['tenprint', 'serve']\n"
        "from tenprint import cli; cli._command()\n"
        "from tenprint import bootstrap; from tenprint.web import party_server\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert NOT_FOR_A_PARTY & set(loaded) == set()


def test_no_absolute_path_of_a_machine_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    pattern = re.compile(r"/(?:work|farm|root|home/\w+)/")
    guilty = [
        name
        for name in listed
        if name and name != "tests/shape/test_shape.py" and (ROOT / name).is_file()
        and pattern.search((ROOT / name).read_text(errors="ignore"))
    ]  # fmt: skip
    assert guilty == []


def test_the_import_contract_holds() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
