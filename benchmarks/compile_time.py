#!/usr/bin/env python3
"""What does a compiler need for the library? Prints a table; each file of compile/ is compiled alone.

    compile_time.py COMPILER
"""
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LIBRARIES = ["-lcurl", "-lssl", "-lcrypto", "-lsqlite3", "-lzstd", "-lboost_json", "-lboost_url", "-lpthread"]


def run(command):
    """Seconds of CPU in user mode, and MB of memory at most, of a command and all that it starts."""
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"Failed: {' '.join(command)}")
    return usage.ru_utime, usage.ru_maxrss * 1024 / 1e6


def row(what, ours, yardstick, ratio, goal):
    print(f"| {what:<54} | {ours:>11} | {yardstick:>11} | {ratio:>6} | {goal:<22} |", flush=True)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print("## Compile time\n\nCPU time and memory of the compiler, for a file that includes the library, and for one "
          "that uses a producer with SQLite, aggregation and zstd. The yardstick only includes Asio, Beast and JSON "
          "from Boost, with TLS.\n\n"
          "Why the goals are missed: a third of the time of the first row, and half of its memory, is the standard "
          "library and the few headers of Asio that coroutines need; the rest is spread evenly over the library's own "
          "headers. Who uses a producer has code made of the whole of it, with some hundred coroutines and some ten "
          "thousands of functions at -O0. To read and to instantiate alone takes longer than the goal, and no single "
          "part is large enough for its removal to reach it.\n")
    row("what", "ours", "yardstick", "ratio", "goal")
    row("-" * 54, "----------:", "----------:", "-----:", "-" * 22)
    with tempfile.TemporaryDirectory() as directory:
        def compile_one(name, level):
            return run([sys.argv[1], "-std=c++20", level, f"-I{HERE.parent / 'include'}", "-c",
                        str(HERE / "compile" / f"{name}.cpp"), "-o", f"{directory}/{name}.o"])

        for name, level, what, time_goal, memory_goal in (
                ("include", "-O0", "includes it", "<= 0.5, <= 2.5 s", "<= 250 MB"),
                ("everything", "-O0", "uses it, -O0", "<= 6 s", ""),
                ("everything", "-O2", "uses it, -O2", "<= 12 s", "")):
            least = compile_one("yardstick", level)
            its = compile_one(name, level)
            for i, (unit, figure, goal) in enumerate((("s", "time", time_goal), ("MB", "memory", memory_goal))):
                row(f"{what}: {figure}", f"{its[i]:.1f} {unit}", f"{least[i]:.1f} {unit}", f"{its[i] / least[i]:.2f}",
                    goal)
        run([sys.argv[1], "-s", f"{directory}/everything.o", "-o", f"{directory}/everything", *LIBRARIES])
        size = pathlib.Path(directory, "everything").stat().st_size
        row("the program of the last, stripped", f"{size / 1e3:.0f} KB", "", "", "<= 400 KB")


if __name__ == "__main__":
    main()
