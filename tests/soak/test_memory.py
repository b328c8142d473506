"""Memory goes back to the system where the C library can be told to; elsewhere nothing is said, and nothing fails."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from engine.runtime import memory

LINUX = platform.libc_ver()[0] == "glibc"
FREED = """
import ctypes, threading
from engine.runtime.memory import give_back, keep_few_arenas

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

assert keep_few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]

def leave_holes():
    held = [libc.malloc(60_000) for _ in range(1000)]
    for block in held:
        ctypes.memset(block, 1, 60_000)
    for block in held[:-1]:  # the last one keeps the end of the arena
        libc.free(block)

thread = threading.Thread(target=leave_holes)
thread.start()
thread.join()
before = resident()
assert give_back()
print(before - resident())
"""


@pytest.mark.skipif(not LINUX, reason="another C library")
def test_what_lies_free_goes_back() -> None:
    root = Path(memory.__file__).parents[2]
    said = subprocess.run([sys.executable, "-c", FREED], cwd=root, capture_output=True, text=True, check=True).stdout
    assert int(said) > 40_000_000


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        pass

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Other())
    memory._glibc.cache_clear()
    try:
        assert not memory.give_back()
        assert not memory.keep_few_arenas()
    finally:
        memory._glibc.cache_clear()
