#!/usr/bin/env bash
# Builds the benchmarks, runs them all, and writes benchmarks/RESULTS.md with plots beside it. Installs nothing.
#
#     benchmarks/run.sh [--build DIRECTORY] [--jobs N]
#
# Each line compares ours with a yardstick of the same run: the ratio says more than the figures, which are those of one
# machine at one time.
set -euo pipefail
cd "$(dirname "$0")/.."

build=build/benchmarks
jobs=$(nproc)
while (($#)); do
    case $1 in
    --build) build=${2:?--build needs a directory} && shift ;;
    --jobs) jobs=${2:?--jobs needs a number} && shift ;;
    *) sed -n '2,4s/^# \?//p' "$0" >&2 && exit 2 ;;
    esac
    shift
done

for tool in cmake c++ python3; do
    command -v "$tool" >/dev/null || { echo "There is no $tool; see the README for what is needed." >&2 && exit 1; }
done
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
quietly() {
    "$@" >"$made/log" 2>&1 || { cat "$made/log" >&2 && echo "Failed: $*" >&2 && exit 1; }
}
quietly cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DSLUICE_BUILD_BENCHMARKS=ON -DSLUICE_BUILD_TESTS=OFF \
    -DSLUICE_BUILD_EXAMPLES=OFF
quietly cmake --build "$build" --target benchmarks --parallel "$jobs"

load() { cut -d ' ' -f 1 /proc/loadavg; }

before=$(load)
export BENCHMARK_POINTS=$made/points.tsv
for name in floor pipeline put hashing aggregation signing spool; do
    program=$build/benchmarks/$name
    if [[ ! -x $program ]]; then
        echo "$name was not built: a library is missing." >&2
        continue
    fi
    echo "Running $name ..." >&2
    { "$program" && echo; } | tee -a "$made/tables.md"
done

cache=$build/CMakeCache.txt
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$cache")
{
    echo "- Date: $(date -u +%F)"
    echo "- Machine: $(nproc) x $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1), load $before before," \
        "$(load) after"
    echo "- System: $(. /etc/os-release && echo "$PRETTY_NAME"), $("$compiler" --version | head -n 1), -O2 -DNDEBUG"
} >"$made/facts.txt"
python3 benchmarks/report.py "$made"
