#!/usr/bin/env bash
# Holds the library against what others wrote: moto, kinesis-local, DynamoDB Local, dynalite, boto3,
# the AWS CLI, aws_kinesis_agg, Prometheus and sqlite3.
#
#     tests/foreign/run.sh [BUILD_DIRECTORY]
#
# Builds what it needs in BUILD_DIRECTORY (build/debug), installs the others below build/foreign, and speaks with nobody
# but 127.0.0.1 from then on. One line per check, and at the end 'N passed, N failed'.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/debug}
others=build/foreign
mkdir -p "$others"

give_up() {
    echo "$1: FAILED"
    tail -n 40 "$others/log.txt"
    echo "0 passed, 1 failed"
    exit 1
}

# install_python: the virtual environment, unless it has what requirements.txt names.
install_python() {
    cmp -s tests/foreign/requirements.txt "$others/venv/requirements.txt" && return
    rm -rf "$others/venv"
    python3 -m venv "$others/venv" &&
        "$others/venv/bin/pip" install --quiet --disable-pip-version-check -r tests/foreign/requirements.txt &&
        cp tests/foreign/requirements.txt "$others/venv/"
}

# install_node: kinesis-local and dynalite, where there is npm.
install_node() {
    command -v npm >/dev/null && command -v node >/dev/null || return
    install_package kinesis-local 0.6.2 && kinesis_local=$others/node/node_modules/kinesis-local
    install_package dynalite 4.0.0 && dynalite=$others/node/node_modules/dynalite
}

install_package() {
    grep -q "\"version\": \"$2\"" "$others/node/node_modules/$1/package.json" 2>/dev/null ||
        npm install --silent --engine-strict --no-audit --no-fund --prefix "$others/node" "$1@$2"
}

# install_prometheus: Debian's package, unpacked: installed, it would run as a service.
install_prometheus() {
    local place=$others/prometheus
    if command -v prometheus promtool >/dev/null; then
        prometheus=$(dirname "$(command -v promtool)")
        return
    fi
    if [[ ! -x $place/usr/bin/promtool ]]; then
        command -v apt-get dpkg >/dev/null || return
        mkdir -p "$place"
        (cd "$place" && apt-get download prometheus && dpkg -x prometheus_*.deb . && rm prometheus_*.deb) || return
    fi
    prometheus=$place/usr/bin
}

# install_dynamodb_local: where there is Java 17, or root to install it.
install_dynamodb_local() {
    tests/servers.sh install dynamodb || return
    dynamodb_local=build/servers/dynamodb
}

build_programs() {
    [[ -f $build/CMakeCache.txt ]] || cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug || return
    cmake --build "$build" --target foreign_put foreign_measure foreign_offload foreign_deaggregate \
        foreign_repository examples/all
}

kinesis_local=
prometheus=
dynamodb_local=
dynalite=
build_programs >"$others/log.txt" 2>&1 || give_up "building what foreign clients meet"
install_python >"$others/log.txt" 2>&1 || give_up "installing boto3, moto, aws_kinesis_agg and the AWS CLI"
# Where one of these is missing, its checks are skipped and counted.
install_node >"$others/log.txt" 2>&1 || true
install_prometheus >"$others/log.txt" 2>&1 || true
install_dynamodb_local >"$others/log.txt" 2>&1 || true

PYTHONDONTWRITEBYTECODE=1 exec timeout --kill-after=10 360 "$others/venv/bin/python" tests/foreign/checks.py \
    "$build/examples" "$build/tests/foreign" "$kinesis_local" "$prometheus" "$dynamodb_local" "$dynalite"
