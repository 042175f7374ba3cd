#!/usr/bin/env python3
"""Runs every fuzzer of a build directory for a while; tells how often each ran, and what it found."""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def fuzz(program, seconds):
    name = program.name.removeprefix("fuzz_")
    found = program.parent / "found" / name  # inputs that reached something new; kept from run to run
    found.mkdir(parents=True, exist_ok=True)
    command = [program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1",
               f"-artifact_prefix={found.parent}/{name}-", found]
    if (HERE / "corpus" / name).is_dir():
        command.append(HERE / "corpus" / name)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    executions = re.search(r"number_of_executed_units: (\d+)", done.stdout)
    return name, done.returncode, int(executions[1]) if executions else 0, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="where the fuzzers are")
    parser.add_argument("--seconds", type=int, default=60, help="for each of them")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()

    programs = sorted(path for path in arguments.directory.glob("fuzz_*") if path.is_file())
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for name, status, executions, output in pool.map(lambda one: fuzz(one, arguments.seconds), programs):
            bad = status != 0 or executions == 0
            failed += bad
            print(f"{name:16} {executions:>12,} executions  {'FAILED' if bad else 'no crash'}", flush=True)
            if bad:
                print("\n".join(output.splitlines()[-60:]))
    print(f"{len(programs) - failed} passed, {failed} failed")
    return failed > 0 or not programs


if __name__ == "__main__":
    sys.exit(main())
