#!/usr/bin/env bash
# Builds and runs a consumer of the library in every way that the README names; ends with 'N passed, N failed'.
set -uo pipefail
cd "$(dirname "$0")"
source=$(cd ../.. && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

try() {
    local name=$1
    shift
    if "$@" >"$work/said.txt" 2>&1; then
        passed=$((passed + 1))
        echo "$name: passed"
    else
        failed=$((failed + 1))
        echo "$name: FAILED"
        tail -n 40 "$work/said.txt"
    fi
}

install_library() {
    cmake -S "$source" -B "$work/library" -G Ninja -DSLUICE_BUILD_TESTS=OFF -DSLUICE_BUILD_EXAMPLES=OFF \
        -DSLUICE_BUILD_BENCHMARKS=OFF -DCMAKE_INSTALL_PREFIX="$work/first" &&
        cmake --build "$work/library" && cmake --install "$work/library" &&
        mv "$work/first" "$work/prefix" # nothing in it may know where it was installed to
}

no_path_in_package() { ! grep -rF -e "$work" -e "$source" "$work/prefix/share"; }

consume() {
    local from=$1
    shift
    cmake -S . -B "$work/$from" -G Ninja -DFROM="$from" "$@" && cmake --build "$work/$from" --parallel 2 &&
        (cd "$work/$from" && ./consumer && ./consumer_sqlite && ./consumer_gzip && ./consumer_zstd &&
            ./consumer_prometheus)
}

consume_by_pkg_config() {
    local flags
    flags=$(PKG_CONFIG_PATH=$work/prefix/share/pkgconfig pkg-config --cflags --libs "$1") || return 1
    # shellcheck disable=SC2086
    g++ -std=c++20 "$2.cpp" -o "$work/$2" $flags && (cd "$work" && "./$2")
}

refuses_unknown_component() {
    mkdir -p "$work/unknown" && cat >"$work/unknown/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.24)
project(unknown LANGUAGES CXX)
find_package(sluice REQUIRED COMPONENTS teleport)
TEXT
    cmake -S "$work/unknown" -B "$work/unknown/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
        >"$work/unknown/said.txt" 2>&1
    local status=$?
    cat "$work/unknown/said.txt"
    ((status != 0)) && tr -s ' \n' ' ' <"$work/unknown/said.txt" | grep -q "component teleport is unknown"
}

try "install" install_library
try "no path in the package" no_path_in_package
try "find_package" consume find_package -DCMAKE_PREFIX_PATH="$work/prefix"
try "find_package refuses what there is not" refuses_unknown_component
try "add_subdirectory" consume subdirectory -DSLUICE_SOURCE="$source"
try "FetchContent" consume fetch -DSLUICE_SOURCE="$source"
try "pkg-config" consume_by_pkg_config sluice consumer
try "pkg-config with SQLite" consume_by_pkg_config sluice-sqlite consumer_sqlite
try "pkg-config with gzip" consume_by_pkg_config sluice-gzip consumer_gzip
try "pkg-config with zstd" consume_by_pkg_config sluice-zstd consumer_zstd
try "pkg-config with prometheus-cpp" consume_by_pkg_config sluice-prometheus consumer_prometheus

echo "$passed passed, $failed failed"
((failed == 0))
