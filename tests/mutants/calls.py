"""Which functions of a room are called: each notes its first call, and is then as it was written.

A profiler is asked at every call of anything, and makes a test that computes several times as long.

    finder = Noting(root, files)     # before the room is imported
    finder.ready()                   # once it is
    finder.afresh()                  # before each test, in a fork of its own
    finder.names                     # after it, as (file, qualified name)
"""

from __future__ import annotations

import ast
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

Named = tuple[str, str, int]  # file relative to the root, qualified name, first line
NOTE = "__noted__"  # ends like names that a class leaves alone


class Noting(importlib.abc.MetaPathFinder):
    """Imports the modules of a room so that their functions note in `names` that they were called."""

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        self.names: set[tuple[str, str]] = set()
        self.functions: dict[Named, list[FunctionType]] = defaultdict(list)
        self._root, self._files = root, {module_of(path): path for path in files}
        self._codes: dict[Named, tuple[CodeType, CodeType]] = {}  # as written, and with the note

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        file = self._files.get(name)
        if file is None:
            return None
        whole = str(self._root / file)
        return importlib.util.spec_from_file_location(name, whole, loader=_Loader(name, whole, file, self))

    def compiled(self, path: str) -> CodeType:
        """A module whose functions note their calls."""
        whole, text = str(self._root / path), (self._root / path).read_text()
        tree = ast.parse(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            plain = named(compile(text, whole, "exec", dont_inherit=True))
            noting = compile(_noting(tree), whole, "exec", dont_inherit=True)
        for (name, line), code in named(noting).items():
            self._codes[path, name, line] = plain[name, line], code
        return noting

    def note(self, path: str, name: str, line: int) -> None:
        """A function says that it is called. From now on it is as it was written."""
        self.names.add((path, name))
        for function in self.functions.get((path, name, line), ()):
            function.__code__ = self._codes[path, name, line][0]

    def ready(self) -> None:
        """Looks for the functions that stand in the room's modules, once all of those are imported."""
        gc.unfreeze()  # functions stand before the first test
        for thing in gc.get_objects():
            if type(thing) is FunctionType:  # `isinstance` would ask a weak proxy for what may be gone
                code = thing.__code__
                known = self._codes.get(key := (self._file(code), code.co_qualname, code.co_firstlineno))
                if known and code is known[1]:
                    self.functions[key].append(thing)
        gc.freeze()

    def _file(self, code: CodeType) -> str:
        return code.co_filename.removeprefix(f"{self._root}/")

    def afresh(self) -> None:
        """Forgets what was called: every function notes its next call."""
        self._all(1)
        self.names.clear()

    def as_written(self) -> None:
        """No function notes anything any more."""
        self._all(0)

    def _all(self, which: int) -> None:
        for key, functions in self.functions.items():
            for function in functions:
                function.__code__ = self._codes[key][which]


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, whole: str, path: str, noting: Noting) -> None:
        super().__init__(name, whole)
        self._path, self._noting = path, noting

    def get_code(self, fullname: str) -> CodeType:
        return self._noting.compiled(self._path)

    def exec_module(self, module: ModuleType) -> None:
        def note(name: str, line: int) -> None:
            self._noting.note(self._path, name, line)

        setattr(module, NOTE, note)
        super().exec_module(module)


def module_of(path: str) -> str:
    """The name under which a file is imported."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def named(code: CodeType) -> Mapping[tuple[str, int], CodeType]:
    """All code objects within a module's, by qualified name and first line."""
    return {(one.co_qualname, one.co_firstlineno): one for one in _within(code)}


def _within(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _within(const)


def _noting(tree: ast.Module) -> ast.Module:
    """The module with a note at the head of every function that stands in no other."""
    _Notes().visit(tree)
    return ast.fix_missing_locations(tree)


class _Notes(ast.NodeVisitor):
    def __init__(self) -> None:
        self._names: list[str] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._names.append(node.name)
        self.generic_visit(node)
        self._names.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for outside in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(outside)
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        at = 1 if ast.get_docstring(node, clean=False) is not None else 0
        node.body.insert(at, ast.copy_location(ast.Expr(self._note(node.name, first)), node.body[0]))

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        node.body = ast.copy_location(ast.BoolOp(ast.Or(), [self._note("<lambda>", node.lineno), node.body]), node.body)

    def _note(self, name: str, line: int) -> ast.Call:
        said: list[ast.expr] = [ast.Constant(".".join([*self._names, name])), ast.Constant(line)]
        return ast.Call(ast.Name(NOTE, ast.Load()), said, [])
