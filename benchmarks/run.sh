#!/usr/bin/env bash
# Builds the benchmarks, runs them all, and writes benchmarks/RESULTS.md with plots beside it. Installs nothing.
#
#     benchmarks/run.sh [--build DIRECTORY] [--jobs N]
#
# Other clients are measured too, where they are found: librdkafka by CMake, the AWS SDK for JavaScript by Node, which
# NODE_PATH helps, boto3 by BENCHMARK_PYTHON, or else python3.
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

# Others are measured where they are installed.
peers=()
if [[ -x $build/benchmarks/librdkafka ]]; then
    peers+=("librdkafka=$build/benchmarks/librdkafka")
else
    echo "Without librdkafka, which is not installed (librdkafka-dev)." >&2
fi
NODE_PATH=${NODE_PATH:+$NODE_PATH:}$(npm root --global 2>/dev/null || true)
export NODE_PATH NODE_NO_WARNINGS=1
if node -e 'require.resolve("@aws-sdk/client-kinesis")' 2>/dev/null; then
    peers+=("AWS SDK for JavaScript=node benchmarks/peers/sdk_loop.js")
else
    echo "Without the AWS SDK for JavaScript, which Node does not find; NODE_PATH may say where it is." >&2
fi
python=${BENCHMARK_PYTHON:-python3}
if "$python" -c 'import boto3' 2>/dev/null; then
    peers+=("boto3=$python benchmarks/peers/boto3_loop.py")
else
    echo "Without boto3, which $python does not find; BENCHMARK_PYTHON may name one that does." >&2
fi

load() { cut -d ' ' -f 1 /proc/loadavg; }

before=$(load)
export BENCHMARK_POINTS=$made/points.tsv
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
measure() { # name, command...
    if [[ ! -x $2 && ! $2 = python3 ]]; then
        echo "$1 was not built: a library is missing." >&2
        return
    fi
    echo "Running $1 ..." >&2
    "${@:2}" | tee -a "$made/tables.md"
    echo | tee -a "$made/tables.md"
}
for name in floor pipeline; do measure $name "$build/benchmarks/$name"; done
measure "a profile" python3 benchmarks/profile.py "$build/benchmarks/pipeline"
measure peers "$build/benchmarks/peers" "${peers[@]}"
for name in scale put metrics spool latency memory transport compression aggregation hashing signing spread; do
    measure $name "$build/benchmarks/$name"
done
measure "compile time" python3 benchmarks/compile_time.py "$compiler"

{
    echo "- Date: $(date -u +%F)"
    echo "- Machine: $(nproc) x $(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1), load $before before," \
        "$(load) after"
    echo "- System: $(. /etc/os-release && echo "$PRETTY_NAME"), $("$compiler" --version | head -n 1), -O2 -DNDEBUG"
} >"$made/facts.txt"
python3 benchmarks/report.py "$made"
