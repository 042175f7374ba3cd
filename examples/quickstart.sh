#!/usr/bin/env bash
# A hundred thousand lines survive an outage, throttling and a kill, on this machine and without an AWS account.
set -euo pipefail
cd "$(dirname "$0")/.."

lines=100000
if [[ ${1:-} == --help || ${1:-} == -h ]]; then
    cat <<TEXT
usage: examples/quickstart.sh [FILE]

Builds the library's examples, starts a Kinesis with four shards on this machine, and sends the first $lines lines of
FILE to it (by default of the list of packages that this system knows). On the way the service goes away and throttles,
and the producing process is killed. At the end the stream is read back and compared with what was sent.
TEXT
    exit 0
fi

mkdir -p build/quickstart
# shellcheck source=tests/packages.sh
. tests/packages.sh
echo "Packages"
install_packages build/quickstart/install.txt g++ cmake ninja-build boost libcurl4-openssl-dev libssl-dev libsqlite3-dev

echo "Building; the first time takes about two minutes"
cmake -S . -B build/quickstart/cmake -G Ninja -DCMAKE_BUILD_TYPE=Release -DSLUICE_BUILD_TESTS=OFF \
    -DSLUICE_BUILD_BENCHMARKS=OFF >build/quickstart/build.txt
cmake --build build/quickstart/cmake --target quickstart local_kinesis >>build/quickstart/build.txt ||
    { tail -n 50 build/quickstart/build.txt && exit 1; }

# Everything of one run lies in a directory of its own, which is gone at the end.
directory=$(mktemp -d)
service=
clean_up() {
    if [[ -n $service ]]; then kill "$service" 2>/dev/null && wait "$service" 2>/dev/null || true; fi
    rm -rf "$directory"
}
trap clean_up EXIT

text=$directory/lines.txt
if [[ $# -gt 0 ]]; then
    head -n $lines "$1" >"$text"
else
    { apt-cache dumpavail 2>/dev/null || cat /var/lib/dpkg/status; } | head -n $lines >"$text" || true
fi
# A short text is sent several times: what counts is the number of lines.
if [[ ! -s $text ]]; then echo "There is no text to send." && exit 1; fi
while (($(wc -l <"$text") < lines)); do
    head -n $((lines - $(wc -l <"$text"))) "$text" >"$text.more"
    cat "$text.more" >>"$text"
done

build/quickstart/cmake/examples/local_kinesis --stream quickstart:4 >"$directory/service.txt" &
service=$!
for _ in {1..100}; do
    grep -q '^listening on' "$directory/service.txt" && break
    sleep 0.1
done
endpoint=$(sed -n 's/^listening on //p' "$directory/service.txt")
if [[ -z $endpoint ]]; then echo "The local Kinesis did not start." && exit 1; fi

build/quickstart/cmake/examples/quickstart direct "$endpoint" quickstart "$text" "$directory"
