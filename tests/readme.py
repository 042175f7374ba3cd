#!/usr/bin/env python3
"""Runs every C++ program of README.md: readme.py SERVICE COMPILER, where SERVICE is the example `local_kinesis`.

They are compiled as a reader would paste them, but with AddressSanitizer and UndefinedBehaviorSanitizer, and talk to a
Kinesis on this machine through the usual variables of the environment. A block without `main` is only compiled: it sees
the includes before it, `options` and a `producer`, and stands in a coroutine if it awaits something.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         f"-I{ROOT}/include", "-x", "c++", "-"]
LIBRARIES = ["-x", "none", "-lboost_json", "-lboost_url", "-lcurl", "-lssl", "-lcrypto", "-lsqlite3", "-pthread"]


def in_a_function(block):
    result = "sluice::asio::awaitable<void>" if "co_await" in block else "void"
    return (f"[[maybe_unused]] static {result} block([[maybe_unused]] sluice::Options options, "
            f"[[maybe_unused]] sluice::Producer<>& producer) {{\n{{\n{block}}}\n}}\n")


def blocks():
    """Line, text and program of each block."""
    text = (ROOT / "README.md").read_text()
    includes = ["#include <sluice/sluice.hpp>"]
    for found in re.finditer(r"^```cpp\n(.*?)^```", text, re.S | re.M):
        block, line = found[1], text.count("\n", 0, found.start()) + 2
        if "#include" in block:
            includes += [its for its in re.findall(r"^#include .*", block, re.M) if its not in includes]
            program = block
        else:
            program = "\n".join(includes) + "\n" + in_a_function(block)
        yield line, block, program


def run_block(compiler, block, program, environment):
    """What went wrong; empty if nothing did."""
    with tempfile.TemporaryDirectory() as directory:
        binary = f"{directory}/program"
        runs = "int main" in block
        how = [*LIBRARIES, "-o", binary] if runs else ["-fsyntax-only"]
        done = subprocess.run([compiler, *FLAGS, *how], input=program, capture_output=True, text=True)
        if done.returncode or not runs:
            return done.stderr
        try:
            done = subprocess.run([binary], cwd=directory, env=environment, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "it did not end within a minute"
        if done.returncode or "cout" in block and not done.stdout:
            return f"it ended with {done.returncode} and said:\n{done.stdout}{done.stderr}"
        return ""


def main():
    service, compiler = sys.argv[1:]
    passed = failed = 0
    with subprocess.Popen([service, "--stream", "clicks:2"], stdout=subprocess.PIPE, text=True) as kinesis:
        try:
            endpoint = re.match(r"listening on (\S+)", kinesis.stdout.readline())[1]
            environment = {**os.environ, "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "local",
                           "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                tried = [(line, pool.submit(run_block, compiler, block, program, environment))
                         for line, block, program in blocks()]
            for line, trial in tried:
                fault = trial.result()
                passed += not fault
                failed += bool(fault)
                print(f"README.md:{line}: " + (f"FAILED\n{fault}" if fault else "passed"))
        finally:
            kinesis.terminate()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
