#!/usr/bin/env python3
"""Compiles each program of this folder, which must not compile: run.py [--jobs N] COMPILER [FILE...].

A program begins with `// expect: words`. It passes if the compiler gives exactly one error, that error is a sentence
of the library which holds the words, and the compiler says no more than 16 lines, not counting those that tell which
header includes which, and those that draw the source.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", f"-I{HERE.parent.parent}/include"]
MOST_LINES = 16


def fault_of(compiler, path):
    """What is wrong with one rejection; None if it is as expected."""
    expect = re.match(r"// expect: (.+)\n", path.read_text())
    if not expect:
        return "does not begin with '// expect: words'"
    done = subprocess.run([compiler, *FLAGS, path.name], cwd=HERE, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    said = done.stderr
    errors = re.findall(r"\berror: .*", said)
    if done.returncode == 0:
        return "compiles"
    if len(errors) != 1:
        return f"gives {len(errors)} errors, not one\n{said}"
    if not re.search(rf"sluice: [^\n]*{re.escape(expect[1])}", errors[0]):
        return f"gives another error than 'sluice: … {expect[1]} …'\n{said}"
    lines = [line for line in said.splitlines() if not re.match(r"In file included from| +from | +\d* \| ", line)]
    if len(lines) > MOST_LINES:
        return f"says {len(lines)} lines, {MOST_LINES} are enough\n{said}"
    return None


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("compiler")
    arguments.add_argument("files", nargs="*", type=pathlib.Path)
    options = arguments.parse_args()
    paths = sorted(options.files or HERE.glob("*.cpp"))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        faults = list(pool.map(lambda path: fault_of(options.compiler, path), paths))
    for path, fault in zip(paths, faults):
        if fault:
            print(f"{path.name} {fault}")
    failed = sum(fault is not None for fault in faults)
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


sys.exit(main())
