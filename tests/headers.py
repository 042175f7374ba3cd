#!/usr/bin/env python3
"""Compiles every public header alone, with every warning an error: headers.py [--jobs N] COMPILER."""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror",
         f"-I{ROOT}/include", "-fsyntax-only", "-x", "c++", "-"]


def compile_alone(compiler, header):
    # Twice, so that a header without a guard is found too; included, for a header as main file has other warnings.
    program = f"#include <{header}>\n#include <{header}>\n"
    done = subprocess.run([compiler, *FLAGS], input=program, capture_output=True, text=True)
    return header, done.returncode, done.stderr


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("compiler")
    options = arguments.parse_args()
    headers = sorted(path.relative_to(ROOT / "include").as_posix() for path in (ROOT / "include").rglob("*.hpp"))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda header: compile_alone(options.compiler, header), headers))
    failures = [(header, words) for header, status, words in results if status]
    for header, words in failures:
        print(f"{header} does not compile alone:\n" + "\n".join(words.splitlines()[:20]))
    print(f"{len(headers) - len(failures)} headers compile alone, {len(failures)} do not.")
    return 1 if failures or not headers else 0


sys.exit(main())
