#!/usr/bin/env bash
# Builds the benchmarks, runs them all, shows one table and writes it to benchmarks/RESULTS.md. Installs nothing.
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

for tool in cmake c++; do
    command -v "$tool" >/dev/null || { echo "There is no $tool; see the README for what is needed." >&2 && exit 1; }
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
    "$@" >"$log" 2>&1 || { cat "$log" >&2 && echo "Failed: $*" >&2 && exit 1; }
}
quietly cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DSLUICE_BUILD_BENCHMARKS=ON -DSLUICE_BUILD_TESTS=OFF \
    -DSLUICE_BUILD_EXAMPLES=OFF
quietly cmake --build "$build" --target benchmarks --parallel "$jobs"

load() { cut -d ' ' -f 1 /proc/loadavg; }

before=$(load)
table=
for name in put put_records hashing aggregation signing spool; do
    program=$build/benchmarks/$name
    if [[ ! -x $program ]]; then
        echo "$name was not built: a library is missing." >&2
        continue
    fi
    echo "Running $name ..." >&2
    rows=$("$program")
    if [[ -z $table ]]; then table=$rows; else table+=$'\n'$(tail -n +3 <<<"$rows"); fi
done

cache=$build/CMakeCache.txt
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$cache")
{
    echo "# Results"
    echo
    echo "Medians of one run of \`benchmarks/run.sh\`; the ratio is the median of the rounds' ratios, ours by the yardstick."
    echo
    echo "- Date: $(date -u +%F)"
    echo "- Machine: $(nproc) x $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1), load $before before," \
        "$(load) after"
    echo "- System: $(. /etc/os-release && echo "$PRETTY_NAME"), $("$compiler" --version | head -n 1), -O2 -DNDEBUG"
    echo
    echo "$table"
} >benchmarks/RESULTS.md
echo "$table"
