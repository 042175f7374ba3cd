#!/usr/bin/env python3
"""Where does the time of a record go? Prints a table of what perf finds in the pipeline of aggregates.

    profile.py PIPELINE      the benchmark of that name; Linux, with perf
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# What a sample is counted as, by the first of these that its library and function match.
PARTS = (
    ("OpenSSL: SHA-256 of bodies, AES, TLS", r"^lib(crypto|ssl)"),
    ("the kernel: sockets, wake-ups, fresh memory", r"^\[kernel"),
    ("libcurl", r"^libcurl"),
    ("MD5 of keys and of aggregates", r" .*(md5|Md5)"),
    ("memory: copied, cleared, compared", r" __mem(move|cpy|set|cmp)"),
    ("memory: allocated and freed", r" (_int_|malloc|free|cfree|calloc|realloc|operator (new|delete)|sysmalloc|unlink_)"),
    ("base64 and JSON", r" .*(base64|JsonWriter|put_records)"),
    ("planning and writing aggregates", r" .*(detail::AggregatePlan|AggregateSize|AggregateWriter|KeyTable|_Hash_bytes"
                                        r"|sluice::Aggregate::)"),
    ("a put, on its thread", r" (main|.*(detail::Intake<|detail::Lot::|write_frame|PutRules|check_partition_key"
                             r"|ShortLock|try_put))"),
    ("finding records and their keys in chunks", r" .*(LiveChunk|read_frame|FrameReader|hashes_of|HashKey)"),
    ("queues, predictions, requests, outcomes", r" .*sluice::detail::"),
    ("Asio and coroutines", r" .*(boost::asio|std::coroutine)"),
)


def part_of(sample):
    return next((name for name, pattern in PARTS if re.search(pattern, sample)), "all else")


def row(what, ours, share):
    print(f"| {what:<54} | {ours:>11} | {'':>11} | {share:>6} | {'':<22} |", flush=True)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which("perf"):
        print("Without a profile: there is no perf.", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as directory:
        data = str(pathlib.Path(directory, "perf.data"))
        run = subprocess.run(["perf", "record", "-q", "-F", "4000", "-o", data, sys.argv[1], "alone"],
                             stdout=subprocess.PIPE, text=True)
        if run.returncode != 0:
            print("Without a profile: perf may not look.", file=sys.stderr)
            return
        report = subprocess.run(["perf", "report", "-i", data, "--stdio", "--no-children", "--comm", "pipeline", "-F",
                                 "period,dso,sym", "-t", "\t"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                text=True, check=True)
    nanoseconds = float(run.stdout)
    sums = {}
    for line in report.stdout.splitlines():
        fields = [field.strip() for field in line.split("\t")]
        if line.startswith("#") or len(fields) != 3:
            continue
        sample = fields[1] + " " + re.sub(r"^\[.\] ", "", fields[2])
        sums[part_of(sample)] = sums.get(part_of(sample), 0) + int(fields[0])
    whole = sum(sums.values())
    print("## Where the time goes\n\nThe same pipeline, of 100 B in aggregates to four shards, as perf samples it: the "
          "share of the process's CPU time, and what that is for each record. Copying is to the queue, from there into "
          "aggregates, from these into the body, and from there to libcurl and the kernel.\n")
    row("what", "ours", "share")
    print(f"| {'-' * 54} | ----------: | ----------: | -----: | {'-' * 22} |")
    for name, samples in sorted(sums.items(), key=lambda part: -part[1]):
        row(name, f"{nanoseconds * samples / whole:.0f} ns", f"{100 * samples / whole:.0f} %")
    row("all", f"{nanoseconds:.0f} ns", "100 %")


if __name__ == "__main__":
    main()
