#!/usr/bin/env bash
# Starts and stops servers that stand in for those of AWS, without Docker and without an account. See --help.
set -euo pipefail
asked_from=$PWD
cd "$(dirname "$0")/.."
# shellcheck source=tests/packages.sh
. tests/packages.sh

usage() {
    cat <<'TEXT'
usage: tests/servers.sh start dynamodb [--port N] [--data DIR]
       tests/servers.sh stop dynamodb [--port N]
       tests/servers.sh run dynamodb [--port N] [--data DIR]
       tests/servers.sh install dynamodb

DynamoDB Local at http://127.0.0.1:8000, or another port; no other machine can reach it.

  start    returns when it answers, and it runs until `stop`; where it runs already, that is said
  stop     ends it, and returns when it is gone
  run      the same server in the foreground, which ends with this command
  install  what each of them does first: Java 17, Maven, curl and a C compiler from Debian's packages (asks for root),
           DynamoDB Local from Maven Central, which comes under a licence of its own; all below build/servers

What is in it is gone when it ends, unless --data names a directory to keep it in. Any credentials will do, and all see
the same tables. It tells nobody that it is used.
TEXT
}

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

root=$PWD/build/servers
place=$root/dynamodb

# install_dynamodb: nothing that is there already.
install_dynamodb() {
    local needed=() java=openjdk-17-jre-headless
    [[ $(uname -sm) == "Linux x86_64" ]] || fail "DynamoDB Local comes with SQLite for Linux on x86-64 only."
    if (($(java_version) < 17)); then
        [[ -n $(apt-cache show $java 2>/dev/null) ]] || java=default-jre-headless
        needed+=("$java")
    fi
    command -v mvn >/dev/null || needed+=(maven)
    command -v curl >/dev/null || needed+=(curl)
    command -v cc >/dev/null || needed+=(gcc libc6-dev)
    if ((${#needed[@]})); then install_packages "$root/install.txt" "${needed[@]}" || exit 1; fi
    (($(java_version) >= 17)) || fail "DynamoDB Local needs Java 17 or newer as \`java\`."

    cmp -s tests/servers/dynamodb.xml "$place/installed.xml" && return
    echo "  Installing DynamoDB Local, 50 MB"
    rm -rf "$place"
    mkdir -p "$place"
    # -C: what is not what its checksum says is not taken.
    mvn -q -B -C -f tests/servers/dynamodb.xml org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        "-DoutputDirectory=$place/lib" -DincludeScope=runtime >"$root/install.txt" 2>&1 ||
        { tail -n 20 "$root/install.txt" && fail "Maven could not install DynamoDB Local."; }
    # It would listen on every address of the machine, and has no option for it.
    cc -shared -fPIC -O1 -o "$place/loopback.so" tests/servers/loopback.c
    cp tests/servers/dynamodb.xml "$place/installed.xml"
}

java_version() {
    local version
    version=$(java -version 2>&1 | sed -nE 's/.* version "([0-9]+).*/\1/p' || true)
    echo "${version:-0}"
}

# serve [WRAPPER...]: becomes the server.
serve() {
    local where=(-inMemory)
    if [[ -n $data ]]; then
        # Held as long as the server lives: two of them would write over each other.
        exec 8<"$data"
        flock -n 8 || fail "Another server keeps its data in $data."
        where=(-dbPath "$data")
    fi
    cd "$place"
    LD_PRELOAD=./loopback.so exec "$@" java -Xmx512m -XX:+UseSerialGC -Djava.net.preferIPv4Stack=true \
        -Djava.library.path=lib -cp 'lib/*' software.amazon.dynamodb.services.local.main.ServerRunner \
        -port "$port" -sharedDb -disableTelemetry "${where[@]}"
}

# running: the process id of the server of this port, if this script started one.
running() {
    local id
    id=$(cat "$state/id" 2>/dev/null) || return
    ps -o args= -p "$id" 2>/dev/null | grep -q "ServerRunner -port $port " || return
    echo "$id"
}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

# tables: what it answers when it is asked which tables there are.
tables() {
    curl -s --noproxy '*' -m 5 "http://127.0.0.1:$port/" -d '{}' -H 'Content-Type: application/x-amz-json-1.0' \
        -H 'X-Amz-Target: DynamoDB_20120810.ListTables' \
        -H 'Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0'
}

start() {
    local id answer kept=${data:-memory}
    if id=$(running); then
        [[ $(cat "$state/kept") == "$kept" ]] ||
            fail "DynamoDB Local runs already at port $port, and keeps its data in $(cat "$state/kept"); stop it first."
        echo "DynamoDB Local runs already at http://127.0.0.1:$port (process $id)."
        return
    fi
    if taken; then fail "Another program listens at port $port; choose one with --port."; fi
    mkdir -p "$state"
    echo "$kept" >"$state/kept"
    serve setsid </dev/null >"$state/log.txt" 2>&1 9>&- &
    id=$!
    echo "$id" >"$state/id"
    for _ in {1..300}; do
        if answer=$(tables) && [[ $answer == '{"TableNames":['* ]]; then break; fi
        kill -0 "$id" 2>/dev/null || break
        sleep 0.2
    done
    if [[ $answer != '{"TableNames":['* ]] || ! running >/dev/null; then
        tail -n 20 "$state/log.txt" >&2
        end "$id"
        fail "DynamoDB Local did not start."
    fi
    cat <<TEXT
DynamoDB Local answers at http://127.0.0.1:$port: $answer
Its data is kept in $kept. Any credentials will do, of letters and digits:
    AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=eu-west-1 \\
        aws dynamodb list-tables --endpoint-url http://127.0.0.1:$port
To end it: tests/servers.sh stop dynamodb --port $port
TEXT
}

stop() {
    local id
    if ! id=$(running); then
        echo "No DynamoDB Local runs at port $port that was started here."
        return
    fi
    end "$id"
    echo "DynamoDB Local at port $port has ended."
}

# end ID: the process, and what is noted of it.
end() {
    kill "$1" 2>/dev/null || true
    for i in {1..150}; do
        kill -0 "$1" 2>/dev/null || break
        if ((i == 100)); then kill -KILL "$1" 2>/dev/null || true; fi
        sleep 0.1
    done
    rm -rf "$state"
}

verb=${1:-}
server=${2:-}
if [[ $verb == --help || $verb == -h ]]; then usage && exit 0; fi
if [[ ! $verb =~ ^(start|stop|run|install)$ || $server != dynamodb ]]; then usage >&2 && exit 2; fi
shift 2
port=8000
data=
while (($#)); do
    case $1 in
    --port) port=${2:?--port needs a number} && shift ;;
    --data) data=${2:?--data needs a directory} && shift ;;
    --help | -h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
    shift
done
[[ $port =~ ^[1-9][0-9]{0,4}$ ]] && ((port < 65536)) || fail "'$port' is no port."
state=$root/dynamodb-$port
mkdir -p "$root"
if [[ -n $data ]]; then
    data=$(cd "$asked_from" && mkdir -p -m 700 "$data" && cd "$data" && pwd) || fail "There can be no directory $data."
fi

# One at a time, but for servers that run.
exec 9>"$root/lock"
flock 9
if [[ $verb != stop ]]; then install_dynamodb; fi
case $verb in
start) start ;;
stop) stop ;;
run)
    if taken; then fail "Another program listens at port $port; choose one with --port."; fi
    exec 9>&-
    serve
    ;;
esac
