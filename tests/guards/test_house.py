"""The house: rooms keep their names and sizes, and inside a subject the arrows point down."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"
MODULES = sorted(SERVICES.rglob("*.py"))
LONGEST_MODULE = 400

# routes -> logic -> (rules | storage) -> tables
LAYERS = {"routes": 0, "logic": 1, "rules": 2, "storage": 2, "tables": 3}


def test_modules_are_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in MODULES
        if (lines := path.read_text().count("\n")) > LONGEST_MODULE
    }

    assert long == {}


def test_a_set_that_is_sent_has_an_order() -> None:
    """`Distinct` gives it one; otherwise an answer read twice may differ, and no client can compare what it holds."""
    unordered = [
        f"{path.relative_to(SERVICES)}: {ast.unparse(field)}"
        for path in sorted((SERVICES / "contracts").rglob("*.py"))
        for model in ast.walk(ast.parse(path.read_text()))
        if isinstance(model, ast.ClassDef)
        for field in model.body
        if isinstance(field, ast.AnnAssign) and "frozenset[" in ast.unparse(field.annotation)
    ]

    assert [one.partition(" = ")[0] for one in unordered] == [
        # In the order of the week, and what a draw programme commits to is hashed.
        "contracts/records/draw_programmes.py: call_days: Annotated[frozenset[Weekday], Field(min_length=1)]"
    ]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def subject_modules() -> list[Path]:
    return [path for path in MODULES if path.stem in LAYERS and len(path.relative_to(SERVICES).parts) == 3]


def test_there_are_subjects_to_look_at() -> None:
    assert len(subject_modules()) > 10


@pytest.mark.parametrize("path", subject_modules(), ids=lambda path: str(path.relative_to(SERVICES)))
def test_a_layer_imports_only_what_lies_below_it(path: Path) -> None:
    service, subject, _ = path.relative_to(SERVICES).parts
    own = f"services.{service}.{subject}."

    for module in imported(path):
        layer = module.rpartition(".")[2]
        if module.startswith(own) and layer in LAYERS:
            assert LAYERS[layer] > LAYERS[path.stem], f"{path.stem} imports {layer}"


@pytest.mark.parametrize("path", subject_modules(), ids=lambda path: str(path.relative_to(SERVICES)))
def test_a_subject_reaches_another_through_its_logic(path: Path) -> None:
    service, subject, _ = path.relative_to(SERVICES).parts

    for module in imported(path):
        parts = module.split(".")
        if parts[:2] == ["services", service] and len(parts) == 4 and parts[2] != subject and parts[3] in LAYERS:
            # Foreign keys join rows, so tables may know each other's tables; rules are pure and free to be shared.
            allowed = {"rules"} | ({"tables"} if path.stem in {"tables", "storage"} else {"logic"})
            assert parts[3] in allowed, f"{path.relative_to(SERVICES)} imports {module}"


def test_the_top_of_the_house_is_as_designed() -> None:
    rooms = {path.name for path in SERVICES.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert rooms == {"chassis", "clients", "contracts", "gateway", "operator", "policy", "records", "scheduler"}


def test_nothing_promises_to_be_done_later() -> None:
    words = ("TODO", "FIXME", "NotImplementedError")
    promises = {str(path.relative_to(ROOT)) for path in MODULES if any(word in path.read_text() for word in words)}

    assert promises == set()
