#!/usr/bin/env bash
# Builds everything and runs every test; installs what is missing if it may. See --help.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<'TEXT'
usage: tests/run.sh [--long] [--only STAGE]... [--jobs N]

Stages, in this order:
  install    the Debian or Ubuntu packages that are missing (asks for root)
  build      the examples, benchmarks and simulator, with warnings as errors
  odr        every header in two translation units of one program
  simulate   histories of outages, throttling and crashes on a virtual clock; broken producers must be found out
  lint       what a compiler does not see: includes that run upward, leftovers, g++ 12's coroutine traps
  headers    every header compiled alone
  rejects    programs that must not compile, and the sentence that says why
  packaging  a consumer by find_package, add_subdirectory, FetchContent and pkg-config
  readme     every program in README.md, run against a Kinesis on this machine
  examples   their programs, used as a hostile user would
  address    the tests under AddressSanitizer and UndefinedBehaviorSanitizer: unit (no threads, no sockets), live (threads,
             sockets, files) and some simulated histories
  thread     what of live threads meet in, under clang's ThreadSanitizer
  foreign    servers and clients that others wrote
  clang      (with --long) build with clang; unit and live under its sanitizers; headers and rejects
  fuzz       (with --long) a minute of random input for each parser that reads what others wrote, under sanitizers

While you work, without sanitizers: --only unit, --only live.
TEXT
}

long=false
only=()
jobs=$(nproc)
while (($#)); do
    case $1 in
    --long) long=true ;;
    --only) only+=("${2:?--only needs a stage}") && shift ;;
    --jobs) jobs=${2:?--jobs needs a number} && shift ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
done

passed=0
failed=0
clang=clang++-19
log=build/log
mkdir -p "$log"

# The tests bring what they need to know; what this machine knows of AWS is not their business.
for variable in "${!AWS_@}"; do unset "$variable"; done
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true

say() { printf '%s\n' "$*"; }

# check NAME COMMAND...: one check; what it said is shown only if it failed.
check() {
    local name=$1 file
    file=$log/${name//[^a-zA-Z0-9]/-}.txt
    shift
    if "$@" >"$file" 2>&1; then
        passed=$((passed + 1))
        say "  $name: passed"
    else
        failed=$((failed + 1))
        say "  $name: FAILED"
        tail -n 100 "$file"
        return 1
    fi
}

# cases NAME COMMAND...: a program that closes with how many of its cases passed and failed; each counts.
cases() {
    local name=$1 file good bad status=0
    file=$log/${name//[^a-zA-Z0-9]/-}.txt
    shift
    "$@" >"$file" 2>&1 || status=$?
    read -r good bad < <(sed -nE 's/^\[doctest\] test cases: +[0-9]+ \| +([0-9]+) passed \| +([0-9]+) failed.*/\1 \2/p
                                  s/^([0-9]+) passed, ([0-9]+) failed.*/\1 \2/p' "$file" | tail -n 1) || true
    # A program that crashed, or ran nothing, has failed even if no case says so.
    if ((status != 0 || ${good:-0} == 0)) && ((${bad:-0} == 0)); then bad=1; fi
    passed=$((passed + ${good:-0}))
    failed=$((failed + ${bad:-0}))
    say "  $name: ${good:-0} passed, ${bad:-0} failed"
    ((${bad:-0} == 0)) || tail -n 150 "$file"
}

stage_install() {
    # shellcheck source=tests/packages.sh
    . tests/packages.sh
    local packages=(g++ cmake ninja-build ccache pkgconf boost libcurl4-openssl-dev libssl-dev libsqlite3-dev zlib1g-dev
                    libdeflate-dev libzstd-dev prometheus-cpp-dev doctest-dev sqlite3 gzip zstd openssl curl python3 python3-venv
                    clang-19 libclang-rt-19-dev)
    if $long; then packages+=(clang-tidy-19); fi
    install_packages "$log/install.txt" "${packages[@]}" || exit 1
}

# build DIRECTORY TARGETS OPTION...: configures with the options, and builds.
build() {
    local directory=$1 targets=$2
    shift 2
    # shellcheck disable=SC2086 # the targets are words
    cmake -S . -B "$directory" -G Ninja "$@" && cmake --build "$directory" --parallel "$jobs" --target $targets
}

debug() { build build/debug "$*" -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O0 -g1"; }
sanitized() {
    local sanitizer=$1 targets=$2
    shift 2
    build "build/$sanitizer" "$targets" -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-O0 -g1" \
        -DSLUICE_SANITIZE="$sanitizer" "$@"
}

stage_build() { check "build" debug odr simulate examples/all benchmarks/all; }
stage_unit() { check "build unit" debug unit && cases unit timeout 300 build/debug/tests/unit; }
stage_live() { check "build live" debug live && cases live timeout 300 build/debug/tests/live; }
stage_odr() { check "two units of every header" build/debug/tests/odr; }
stage_simulate() { cases simulate timeout 300 build/debug/tests/simulate/simulate; }
stage_lint() { check "lint" python3 tests/lint.py; }
stage_headers() { check "headers alone" python3 tests/headers.py --jobs "$jobs" g++; }
stage_rejects() { cases rejects python3 tests/rejects/run.py --jobs "$jobs" g++; }
stage_packaging() { cases packaging bash tests/packaging/run.sh; }

stage_readme() { cases readme python3 tests/readme.py build/debug/examples/local_kinesis g++; }

stage_examples() { cases examples timeout 120 python3 tests/examples/run.py build/debug/examples; }

stage_address() {
    check "build with AddressSanitizer" sanitized address "unit live simulate" || return 1
    cases "unit with AddressSanitizer" timeout 600 build/address/tests/unit
    cases "live with AddressSanitizer" timeout 900 build/address/tests/live
    check "simulate with AddressSanitizer" timeout 600 build/address/tests/simulate/simulate --seeds 60
}

stage_thread() {
    # clang takes two thirds of g++'s time, and every run sees the warnings of both.
    check "build with ThreadSanitizer" sanitized thread threads -DCMAKE_CXX_COMPILER=$clang || return 1
    cases "threads with ThreadSanitizer" timeout 900 build/thread/tests/threads --test-suite-exclude=forks
}

stage_foreign() {
    if [[ -f tests/foreign/run.sh ]]; then cases foreign bash tests/foreign/run.sh; fi
}

stage_clang() {
    check "build with clang" build build/clang all -DCMAKE_CXX_COMPILER=$clang -DCMAKE_BUILD_TYPE=Debug \
        -DSLUICE_SANITIZE=address || return 1
    check "unit with clang" timeout 600 build/clang/tests/unit
    check "live with clang" timeout 900 build/clang/tests/live
    check "headers alone with clang" python3 tests/headers.py --jobs "$jobs" $clang
    check "rejects with clang" python3 tests/rejects/run.py --jobs "$jobs" $clang
}

stage_fuzz() {
    check "build the fuzzers" build build/fuzz fuzz -DCMAKE_CXX_COMPILER=$clang -DCMAKE_BUILD_TYPE=None \
        -DCMAKE_CXX_FLAGS="-O1 -g1" -DSLUICE_FUZZ=ON || return 1
    cases fuzz python3 tests/fuzz/run.py --jobs "$jobs" build/fuzz/tests/fuzz
    grep executions "$log/fuzz.txt" | sed 's/^/    /'
}

stages=(install build odr simulate lint headers rejects packaging readme examples address thread foreign)
if $long; then stages+=(clang fuzz); fi
if ((${#only[@]})); then stages=("${only[@]}"); fi
for stage in "${stages[@]}"; do
    if [[ $(type -t "stage_$stage") != function ]]; then
        say "There is no stage '$stage'; see tests/run.sh --help."
        exit 2
    fi
    say "$stage"
    start=$SECONDS
    "stage_$stage" || true
    say "  took $((SECONDS - start)) s"
done

say
say "$passed passed, $failed failed"
((failed == 0))
