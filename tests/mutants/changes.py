"""The small wrong changes that a test must notice: one operator, comparison, constant, condition or return at a time.

Left alone is what no test of behaviour can tell apart or should pin: annotations, docstrings and other strings, what is
said in logs and errors, decorators, how an array is stored, and whether `zip` looks at lengths.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
NAMES = {
    "minimum": "maximum",
    "min": "max",
    "any": "all",
    "floor": "ceil",
    "argmin": "argmax",
    "zeros": "ones",
    "isnan": "isfinite",
}
NAMES |= {to: name for name, to in NAMES.items()}
LOGS = ("log", "logger", "LOG", "logging", "warnings")
SILENT = (ast.Raise, ast.JoinedStr, ast.Assert, ast.Import, ast.ImportFrom)
UNTOLD = ("strict", "kind", "dtype", "copy", "stacklevel", "check_finite", "optimize", "maxsize")


@dataclass(frozen=True, slots=True)
class Change:
    """The `index`-th change of a file. `function` is the outermost function it stands in, None: it runs at import."""

    path: str
    index: int
    line: int
    function: tuple[str, int] | None  # qualified name and first line, as its code object has them
    was: str
    now: str


@dataclass(slots=True)
class _Site:
    node: ast.AST
    within: ast.AST
    function: tuple[str, int] | None
    apply: Callable[[], None]


def count(root: Path, path: str) -> int:
    """How many changes this file has."""
    return len(_sites(ast.parse((root / path).read_text())))


def change(root: Path, path: str, index: int) -> Change:
    """The `index`-th of them, in the order of the text. Says what it does by doing it."""
    site = _sites(ast.parse((root / path).read_text()))[index]
    line, was = getattr(site.node, "lineno", getattr(site.within, "lineno", 0)), _text(site.within)
    site.apply()
    now = _text(site.within)
    return Change(path, index, line, site.function, was, now)


def _text(node: ast.AST) -> str:
    """The statement, or the first line of one that has others inside it."""
    return ast.unparse(ast.fix_missing_locations(node)).split("\n")[0]


def changed(root: Path, change: Change) -> ast.Module:
    """The file's tree with this change made."""
    tree = ast.parse((root / change.path).read_text())
    _sites(tree)[change.index].apply()
    return ast.fix_missing_locations(tree)


def _sites(tree: ast.Module) -> list[_Site]:
    finder = _Finder()
    finder.visit(tree)
    return finder.sites


class _Finder(ast.NodeVisitor):
    """Walks a module, and keeps a place for each change that could be made."""

    def __init__(self) -> None:
        self.sites: list[_Site] = []
        self._names: list[str] = []
        self._function: tuple[str, int] | None = None
        self._within: ast.AST | None = None

    def visit(self, node: ast.AST) -> None:
        """A change is shown within the smallest simple statement or test around it."""
        if isinstance(node, SILENT):
            return
        outer = self._within
        if isinstance(node, ast.expr) and not isinstance(outer, ast.expr | ast.Assign | ast.AugAssign | ast.Return):
            self._within = node
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Return):
            self._within = node
        for apply in _changes_of(node):
            self.sites.append(_Site(node, self._within or node, self._function, apply))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._definition(node)
        else:
            super().visit(node)
        self._within = outer

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        outer = self._function
        self._names.append(node.name)
        if outer is None:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            self._function = (".".join(self._names), first)
        self._body(node.body)
        self._names.pop()
        self._function = outer

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._names.append(node.name)
        self._body(node.body)
        self._names.pop()

    def _body(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        if not any(isinstance(t, ast.Name) and t.id in ("__all__", "__slots__") for t in node.targets):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if not _is_log(node.func):
            self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in UNTOLD:
            self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)


def _is_log(func: ast.expr) -> bool:
    return isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id in LOGS


def _changes_of(node: ast.AST) -> Iterator[Callable[[], None]]:
    """What can be done to this node alone."""
    if isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            for other in COMPARISONS[type(op)]:
                yield lambda k=k, other=other: node.ops.__setitem__(k, other())
    elif isinstance(node, ast.BoolOp):
        yield _set(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        if type(node.op) in OPERATORS and not _is_type(node):
            yield _set(node, "op", OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Return):
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield _set(node, "value", ast.Constant(None))
    elif isinstance(node, ast.Attribute):
        if node.attr in NAMES:
            yield _set(node, "attr", NAMES[node.attr])
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
        yield _set(node.func, "id", NAMES[node.func.id])
    yield from _conditions(node)


def _conditions(node: ast.AST) -> Iterator[Callable[[], None]]:
    """`if x` becomes `if not x`, `not x` becomes `x`, `-x` becomes `x`."""
    if isinstance(node, ast.If | ast.IfExp | ast.While) and not isinstance(node.test, ast.Compare | ast.BoolOp):
        if isinstance(node.test, ast.UnaryOp):
            yield _set(node, "test", node.test.operand)
        else:
            yield _set(node, "test", ast.UnaryOp(ast.Not(), node.test))
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.If | ast.IfExp | ast.While) and name == "test":
            continue
        if isinstance(value, ast.UnaryOp) and not isinstance(value.op, ast.UAdd):
            yield _set(node, name, value.operand)
        if isinstance(value, list):
            for k, one in enumerate(value):
                if isinstance(one, ast.UnaryOp) and not isinstance(one.op, ast.UAdd):
                    yield lambda v=value, k=k, one=one: v.__setitem__(k, one.operand)


def _constants(node: ast.Constant) -> Iterator[Callable[[], None]]:
    """True and False change places, a whole number grows by one, any other doubles (nought becomes one)."""
    value = node.value
    if isinstance(value, bool):
        yield _set(node, "value", not value)
    elif isinstance(value, int):
        yield _set(node, "value", value + 1)
    elif isinstance(value, float):
        yield _set(node, "value", 2 * value or 1.0)


def _set(node: ast.AST, field: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, field, value)


def _is_type(node: ast.BinOp | ast.AugAssign) -> bool:
    """`A | None` is a type, not a number."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.BitOr):
        return False
    sides = (node.left, node.right)
    return any(isinstance(s, ast.Constant) and s.value is None for s in sides) or all(
        isinstance(s, ast.Name) and s.id[0].isupper() and not s.id.isupper() for s in sides
    )
