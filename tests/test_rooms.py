"""What is true of the code as a whole, read from it: who opens doors into the kernel or to an engine, lazy imports, circles of
imports, and unit tests that would measure the machine they run on."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

TOP = Path(__file__).resolve().parents[1]
FILES = sorted(path for path in (TOP / "explorer").rglob("*.py") if "migrations" not in path.parts)
LAZY_IMPORTS = 5

# What only `lab` may name: modules, names of attributes or functions, and programs.
MODULES = {"ctypes", "cffi", "docker", "pyroute2", "scapy"}
NAMES = {
    *("setns", "unshare", "syscall", "pidfd_open", "pidfd_send_signal"),
    *("AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_ALG", "AF_VSOCK", "SOCK_RAW"),
    *("open_unix_connection", "create_unix_connection", "DockerClient", "APIClient"),
}
PROGRAMS = {"nsenter", "unshare", "dockerd", "conntrack", "nft", "iptables", "tcpdump"}

# file: (what it uses, why it may)
ALLOWED = {
    "explorer/launch/confine.py": (
        {"ctypes", "unshare", "syscall"},
        "it takes a process's rights away before web starts, so it cannot lie behind the room that has them all",
    ),
    "explorer/database/identity.py": (
        {"ctypes"},
        "root's processes of every room open the database, and web and sandboxes may not reach lab",
    ),
    "explorer/launch/ready.py": ({"open_unix_connection"}, "it asks Redis, whose socket is no engine's, whether it answers"),
}


def doors(source: str) -> set[str]:
    """The things of MODULES, NAMES and PROGRAMS that the code names. Words in comments and docstrings are not code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= MODULES & {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= MODULES & {(node.module or "").partition(".")[0]} if not node.level else set()
            found |= NAMES & {one.name for one in node.names}
        elif isinstance(node, ast.Attribute):
            found |= NAMES & {node.attr}
        elif isinstance(node, ast.Name):
            found |= NAMES & {node.id}
        elif isinstance(node, ast.Call):
            found |= _named_in(node)
    return found


def _named_in(call: ast.Call) -> set[str]:
    """What a call names in words: `getattr(socket, "AF_PACKET")`, `_call("unshare", …)`, `run(["nsenter", …])`."""
    function = ast.unparse(call.func)
    words = [one.value for argument in call.args for one in ast.walk(argument) if isinstance(one, ast.Constant)]
    by_name = function in ("getattr", "__import__", "import_module", "importlib.import_module", "_call")
    named = {one for one in words if isinstance(one, str) and one in NAMES | MODULES} if by_name else set()
    return named | (PROGRAMS & started_by(function, call))


def started_by(function: str, call: ast.Call) -> set[str]:
    """The program a call starts: the first word of its arguments, where its function starts programs."""
    if function.rpartition(".")[2] not in ("run", "Popen", "check_output", "check_call", "create_subprocess_exec", "execvp"):
        return set()
    first = next(iter(call.args), None)
    if isinstance(first, ast.List | ast.Tuple):
        first = next(iter(first.elts), None)
    return {first.value} if isinstance(first, ast.Constant) and isinstance(first.value, str) else set()


@pytest.mark.parametrize(
    ("source", "found"),
    {
        "import ctypes.util": {"ctypes"},
        "from docker.errors import NotFound": {"docker"},
        "def f():\n    import docker": {"docker"},
        "import os\nos.setns(3)": {"setns"},
        "from os import setns as s": {"setns"},
        "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)": {"AF_PACKET", "SOCK_RAW"},
        "import socket\nsocket.socket(socket.AF_UNIX)": {"AF_UNIX"},
        "import socket\ngetattr(socket, 'AF_NETLINK')": {"AF_NETLINK"},
        "import importlib\nimportlib.import_module('ctypes')": {"ctypes"},
        "import asyncio\nasyncio.open_unix_connection('/run/docker.sock')": {"open_unix_connection"},
        "import subprocess\nsubprocess.run(['nsenter', '-t', '1'])": {"nsenter"},
        "import asyncio\nasyncio.create_subprocess_exec('nft', 'list')": {"nft"},
        '"""Never ctypes, never setns."""  # nor docker': set(),
        "say('ask iptables', 'docker')": set(),
        "from . import docker": set(),
        "docker = 'a word'": set(),
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "+".join(sorted(value)),
)
def test_a_door_is_seen(source, found):
    assert doors(source) == found


def test_only_lab_opens_the_kernel_or_an_engine():
    told = {
        str(path.relative_to(TOP)): doors(path.read_text())
        for path in FILES
        if not path.is_relative_to(TOP / "explorer" / "lab")
    }
    strangers = {name: found for name, found in told.items() if found - ALLOWED.get(name, (set(), ""))[0]}
    assert strangers == {}
    assert {name: found for name, found in told.items() if found} == {name: used for name, (used, _) in ALLOWED.items()}, (
        "an exception nobody needs any more"
    )


def test_lab_is_where_they_are():
    """The search finds what it looks for: else the test above would pass for the wrong reason."""
    found = set[str]().union(*(doors(path.read_text()) for path in FILES if "lab" in path.parts))
    assert {"ctypes", "docker", "AF_NETLINK", "AF_PACKET", "AF_UNIX", "pidfd_open"} <= found


# --- lazy imports and circles ---
def lazy_imports(source: str) -> dict[int, bool]:
    """Line of each import within a function: whether a comment stands on it or on the line above."""
    commented = {
        token.start[0] for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT
    }
    lines = {
        node.lineno
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return {line: bool({line, line - 1} & commented) for line in lines}


def test_a_lazy_import_is_seen_with_its_reason():
    source = "import a\ndef f():\n    import b  # late\n    if x:\n        # because\n        from c import d\n    import e\n"
    assert lazy_imports(source) == {3: True, 6: True, 7: False}


def test_imports_within_functions_are_few_and_say_why():
    found = {f"{path.relative_to(TOP)}:{line}": why for path in FILES for line, why in lazy_imports(path.read_text()).items()}
    assert [place for place, why in found.items() if not why] == []
    assert len(found) <= LAZY_IMPORTS, sorted(found)


def circle(imports: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_a_circle_is_seen():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_no_module_imports_itself_by_way_of_others():
    """Those within functions count too: they only put a circle off."""
    graph = grimp.build_graph("explorer", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 300
    assert circle(imports) == []


# --- unit tests and the clock on the wall ---
CLOCKS = {"time", "monotonic", "perf_counter", "time_ns", "monotonic_ns", "perf_counter_ns"}
MEASURING = ("engine", "browser", "faults", "vm", "fuzz", "captures")  # folders whose work is with real machines


def measured(source: str) -> list[int]:
    """Lines of asserts about how long something took: a difference of clock readings, or a name that holds one.

    `assert time.monotonic() < until` is none of them: it ends a test that would wait for ever.
    """
    found = []
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = list(ast.walk(function))
            names = {
                target.id
                for node in inner
                if isinstance(node, ast.Assign) and _spans(node.value)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            found += [
                node.lineno for node in inner if isinstance(node, ast.Assert) and (_spans(node.test) or _names(node) & names)
            ]
    return sorted(set(found))


def _spans(node: ast.AST) -> bool:
    return any(isinstance(one, ast.BinOp) and isinstance(one.op, ast.Sub) and _reads_clock(one) for one in ast.walk(node))


def _reads_clock(node: ast.AST) -> bool:
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return any(
        isinstance(call, ast.Attribute) and call.attr in CLOCKS and ast.unparse(call.value) in ("time", "loop")
        for call in calls
    )


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("began = time.monotonic()\n work()\n assert time.monotonic() - began < 2", [4]),
        ("took = time.perf_counter() - began\n assert took < 1", [3]),
        ("assert loop.time() - began < 2", [2]),
        ("until = time.monotonic() + 5\n assert time.monotonic() < until", []),
        ("took = clock.now - 3\n assert took == 2", []),
    ],
)
def test_a_measured_assert_is_seen(body, lines):
    assert measured(f"def test():\n {body}\n") == lines


def test_no_unit_test_measures_the_machine_it_runs_on():
    tests = TOP / "tests"
    unit = [path for path in sorted(tests.rglob("*.py")) if path.relative_to(tests).parts[0] not in MEASURING]
    assert len(unit) > 200
    assert {str(path.relative_to(TOP)): lines for path in unit if (lines := measured(path.read_text()))} == {}


# --- programs that stand in strings ---
IMPORTED = re.compile(r"\b(?:from|import) (explorer(?:\.\w+)*)(?: import (\w+))?")


def lost_imports(text: str) -> set[str]:
    """Modules of ours that a text imports and that are not there. In a program for another Python no tool would see it."""
    found = set()
    for module, name in IMPORTED.findall(text):
        path = TOP / Path(*module.split("."))
        inside = path / "__init__.py"
        named = (path / name, path / f"{name}.py") if name else ()
        if not (path.with_suffix(".py").exists() or inside.exists() or any(one.exists() for one in named)):
            found.add(module)
    return found


def test_a_lost_import_is_seen():
    text = (
        "from explorer.lab.netns import Namespace\nfrom explorer.lab.inside.netns import Namespace\nimport explorer.settings\n"
    )
    assert lost_imports(text) == {"explorer.lab.netns"}


def test_what_a_program_in_a_string_imports_is_there():
    files = [path for room in ("explorer", "tests", "bench", "setup", "docker") for path in sorted((TOP / room).rglob("*"))]
    texts = {
        path: path.read_text(errors="replace")
        for path in files
        if path.suffix in (".py", ".sh") and path.name != "test_rooms.py"
    }
    assert {str(path.relative_to(TOP)): lost for path, text in texts.items() if (lost := lost_imports(text))} == {}
