"""Measure the package: sizes, parameters, circles, comments, examples, and what the one command runs.

Run `python tests/house/house_table.py` for the table, with `--write` to set it into ARCHITECTURE.md, with `--coverage`
to run `analyse data_samples` too (a minute or two).
"""

from __future__ import annotations

import argparse
import ast
import io
import tempfile
import tokenize
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "gazeanalytics"
BEGIN, END = "<!-- house table -->", "<!-- end of house table -->"
MAX_PARAMETERS = 7


def sources() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def is_kernel(name: str) -> bool:
    return name.startswith("gazeanalytics._kernels")


def docstring_lines(tree: ast.AST) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def code_lines(text: str, tree: ast.AST) -> set[int]:
    """Lines with code: no blank lines, comments or docstrings."""
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skip:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return lines - docstring_lines(tree)


def comment_lines(text: str) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return sum(1 for token in tokens if token.type == tokenize.COMMENT and "noqa" not in token.string)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def parameters(node: ast.FunctionDef) -> int:
    names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def public(tree: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    """Functions and classes that `__all__` names."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "__all__" for target in node.targets):
            names = {item.value for item in ast.walk(node.value) if isinstance(item, ast.Constant)}
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [node for node in tree.body if isinstance(node, kinds) and node.name in names]


def imports(name: str, tree: ast.AST, known: dict[str, Path]) -> set[str]:
    """Modules of the package that a module imports, anywhere in it: deferred and for type checking too."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    # An import of a package's name is one of the package; its own modules are no circle with its face.
    return {module for module in found if module in known and module != name and not name.startswith(module + ".")}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import one another (strongly connected components; Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def measure() -> dict[str, object]:
    """All that the text of the sources tells."""
    known = sources()
    trees = {name: ast.parse(path.read_text("utf-8")) for name, path in known.items()}
    sizes, kernel_sizes, wide, comments, code = [], [], [], 0, 0
    documented: dict[str, list[bool]] = {"function": [], "class": []}
    by_room: dict[str, list[bool]] = {}
    for name, tree in trees.items():
        text = known[name].read_text("utf-8")
        lines = code_lines(text, tree)
        comments, code = comments + comment_lines(text), code + len(lines)
        for node in functions(tree):
            size = len(lines & set(range(node.lineno, (node.end_lineno or 0) + 1)))
            (kernel_sizes if is_kernel(name) else sizes).append((size, f"{name}.{node.name}"))
            if parameters(node) > MAX_PARAMETERS:
                wide.append(f"{name}.{node.name}")
        for node in () if is_kernel(name) else public(tree):
            has = ">>>" in (ast.get_docstring(node) or "")
            documented["class" if isinstance(node, ast.ClassDef) else "function"].append(has)
            room = ".".join(name.split(".")[:2])
            by_room.setdefault(room, []).append(has)
    graph = {name: imports(name, tree, known) for name, tree in trees.items()}
    longest = max((len(path.read_text("utf-8").splitlines()), name) for name, path in known.items())
    return {
        "modules": len(known),
        "code": code,
        "sizes": sizes,
        "kernel_sizes": kernel_sizes,
        "wide": wide,
        "circles": circles(graph),
        "comments": 100 * comments / code,
        "examples": {kind: float(np.mean(has)) for kind, has in documented.items()},
        "examples_by_room": {room: (float(np.mean(has)), len(has)) for room, has in sorted(by_room.items())},
        "longest": longest,
    }


def executed() -> dict[str, float]:
    """Share of function lines that `analyse data_samples` runs, by room; kernels are compiled and left out."""
    import coverage

    known = {str(path): name for name, path in sources().items() if not is_kernel(name)}
    seen = coverage.Coverage(source_pkgs=["gazeanalytics"], data_file=None)
    seen.start()
    from gazeanalytics.study import analyse, open_study

    with tempfile.TemporaryDirectory() as folder:
        analyse(open_study(ROOT / "data_samples"), Path(folder) / "out")
    seen.stop()
    data = seen.get_data()
    totals: dict[str, list[int]] = {}
    for file, name in known.items():
        text = Path(file).read_text("utf-8")
        tree = ast.parse(text)
        inside: set[int] = set()
        for node in functions(tree):
            inside |= set(range(node.body[0].lineno, (node.end_lineno or 0) + 1))
        _, statements, *_ = seen.analysis2(file)
        counted = set(statements) & inside
        room = name.split(".")[1] if "." in name else "face"
        entry = totals.setdefault(room, [0, 0])
        entry[0] += len(counted & set(data.lines(file) or ()))
        entry[1] += len(counted)
    shares = {room: run / size for room, (run, size) in totals.items() if size}
    everything = np.sum(list(totals.values()), axis=0)
    outside = np.sum([size for room, size in totals.items() if room not in ("simulate", "io")], axis=0)
    return shares | {"all": everything[0] / everything[1], "all but simulate and io": outside[0] / outside[1]}


def table(found: dict[str, object], shares: dict[str, float] | None) -> str:
    """The table as Markdown."""

    def spread(sizes: list) -> str:
        numbers = [size for size, _ in sizes]
        return f"{np.median(numbers):.0f} / {np.percentile(numbers, 90):.0f} / {max(numbers)}"

    examples = found["examples"]
    rows = [
        ("modules, lines of code", f"{found['modules']}, {found['code']:,}"),
        ("function lines outside kernels, median / 90 % / longest", spread(found["sizes"])),
        ("function lines in kernels", spread(found["kernel_sizes"])),
        ("longest file (lines with docstrings)", f"{found['longest'][0]} ({found['longest'][1]})"),
        (f"functions with over {MAX_PARAMETERS} parameters", str(len(found["wide"]))),
        ("circles of imports, deferred and type-checking ones counted", str(len(found["circles"]))),
        ("comment lines per 100 of code", f"{found['comments']:.1f}"),
        ("public functions with examples", f"{examples['function']:.0%}"),
        ("public classes with examples", f"{examples['class']:.0%}"),
    ]
    if shares:
        rows.append(("function lines outside kernels that `analyse data_samples` runs", f"{shares['all']:.0%}"))
        rows.append(("the same without `simulate` and `io`", f"{shares['all but simulate and io']:.0%}"))
        rooms = ", ".join(f"{room} {share:.0%}" for room, share in sorted(shares.items()) if not room.startswith("all"))
        rows.append(("by room", rooms))
    lines = ["| measure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--write", action="store_true", help="set the table into ARCHITECTURE.md")
    words.add_argument("--coverage", action="store_true", help="run `analyse data_samples` and count the lines it runs")
    words.add_argument("--detail", action="store_true", help="name what is over its limit")
    asked = words.parse_args()
    found = measure()
    shown = table(found, executed() if asked.coverage else None)
    print(shown)
    if asked.detail:
        print("\n".join(["", *found["wide"], "", *(" ".join(circle) for circle in found["circles"]), ""]))
        print("\n".join(f"{size} {name}" for size, name in sorted(found["sizes"], reverse=True)[:20]))
        print(found["examples_by_room"])
    if asked.write:
        page = ROOT / "ARCHITECTURE.md"
        before, rest = page.read_text("utf-8").split(BEGIN)
        page.write_text(before + BEGIN + "\n" + shown + "\n" + END + rest.split(END)[1], "utf-8")


if __name__ == "__main__":
    main()
