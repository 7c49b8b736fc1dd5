"""How large things are: a question to ask of what sticks out, not a rule. Run as `./test --sizes`."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AIMS = {"file": (60, 200, 400), "function": (6, 20, 40), "template": (20, 60, 120), "test": (8, 20, 40)}
SHOWN = 5

Size = tuple[int, str]


def main() -> None:
    """Print one table, then what sticks out of it."""
    found = {
        "file": [(lines(path), short(path)) for path in ROOT.glob("app/**/*.py") if lines(path)],
        "function": list(functions("app/**/*.py", tests=False)),
        "template": [(lines(path), short(path)) for path in ROOT.glob("templates/**/*.html")],
        "test": list(functions("tests/**/*.py", tests=True)),
    }
    print(f"{'':10}{'how many':>10}{'median':>14}{'most (90 %)':>14}{'largest':>14}   (in brackets: what we aim at)")
    for kind, sizes in found.items():
        figures = (at(sizes, 0.5), at(sizes, 0.9), at(sizes, 1))
        cells = "".join(f"{f'{figure} ({aim})':>14}" for figure, aim in zip(figures, AIMS[kind], strict=True))
        print(f"{kind:10}{len(sizes):10}{cells}")
    for kind, sizes in found.items():
        largest = [each for each in sorted(sizes, reverse=True) if each[0] > AIMS[kind][2]]
        for size, name in largest[:SHOWN]:
            print(f"  {kind} of {size} lines: {name}")
        if len(largest) > SHOWN:
            print(f"  and {len(largest) - SHOWN} more above {AIMS[kind][2]}")


def functions(pattern: str, *, tests: bool) -> Iterator[Size]:
    """The lines of each function, from its `def` to its end."""
    for path in ROOT.glob(pattern):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") == tests:
                yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{short(path)}:{node.lineno} {node.name}"


def at(sizes: list[Size], share: float) -> int:
    """The size that this share of them doesn't exceed."""
    ordered = sorted(size for size, _ in sizes)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text().splitlines())


def short(path: Path) -> str:
    """Where a file is, seen from the project's folder."""
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
