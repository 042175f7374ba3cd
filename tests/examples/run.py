#!/usr/bin/env python3
"""Uses the examples as a hostile user would: run.py DIRECTORY, where their programs lie. Ends with what it counted.

It speaks with 127.0.0.1 only. The service is a few lines of Python that take whatever comes, so that every line which
arrives can be compared with what was sent.
"""
import base64
import collections
import contextlib
import http.server
import json
import os
import pathlib
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = pathlib.Path(sys.argv[1]).resolve()
KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
REGION = {"AWS_REGION": "us-east-1"}


class Sink:
    """A service that takes every record."""

    def __init__(self):
        arrived = self.arrived = collections.Counter()
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    arrived.update(base64.b64decode(each["Data"]).decode() for each in request["Records"])
                taken = [{"SequenceNumber": "1", "ShardId": "shardId-000000000000"}] * len(request["Records"])
                answer = json.dumps({"FailedRecordCount": 0, "Records": taken}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"


@contextlib.contextmanager
def silence():
    """An endpoint that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


NOWHERE = "http://127.0.0.1:1"


def environment(*variables):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("AWS_") and not name.lower().endswith("_proxy")}
    kept |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
             "AWS_EC2_METADATA_DISABLED": "true"}
    for more in variables:
        kept |= more
    return kept


class Place:
    """A directory, and `pipe` in it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.position = self.directory / "s.buffer.db.position"

    def lines(self, count, name="lines"):
        made = [f"{i} {'x' * 90}" for i in range(count)]
        (self.directory / name).write_text("".join(line + "\n" for line in made))
        return made

    def start(self, *words, endpoint=NOWHERE, variables=(KEYS, REGION), **more):
        command = [str(PROGRAMS / "pipe"), "--stream", "s", *(("--endpoint", endpoint) if endpoint else ()), *words]
        more = {"stdin": subprocess.DEVNULL} | more
        return subprocess.Popen(command, cwd=self.directory, env=environment(*variables), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, **more)

    def run(self, *words, text=None, **more):
        """Status and what it said; a status below zero is a signal."""
        if text is not None:
            more["stdin"] = subprocess.PIPE
        process = self.start(*words, **more)
        try:
            said, _ = process.communicate(text, timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError("it did not end: " + process.communicate()[0][-1_000:]) from None
        return process.returncode, said


def small_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000 * 1_024, 1_000 * 1_024))


def arrives(place, made, *words, once=True):
    """The same command, where the service is there, delivers everything."""
    sink = Sink()
    status, said = place.run(*words, endpoint=sink.endpoint)
    assert status == 0, (status, said)
    return complete(sink, made, said, once)


def complete(sink, made, said, once=True):
    lost = set(made) - sink.arrived.keys()
    assert not lost, f"{len(lost)} of {len(made)} lines are lost; it said: {said}"
    assert sink.arrived.keys() == set(made), "lines arrived that nobody sent"
    assert not once or sink.arrived.total() == len(made), f"{sink.arrived.total() - len(made)} lines arrived twice"


def no_region(place):
    made = place.lines(5_000)
    status, said = place.run("lines", endpoint=None, variables=(KEYS,))
    assert status == 1 and "AWS_REGION" in said, (status, said)
    arrives(place, made, "lines")


def foreign_buffer(place):
    made = place.lines(10)
    buffer = place.directory / "s.buffer.db"
    with contextlib.closing(sqlite3.connect(buffer)) as theirs:
        theirs.execute("CREATE TABLE theirs (a)")
    status, said = place.run("lines")
    assert status == 1 and "is not of sluice" in said, (status, said)
    with contextlib.closing(sqlite3.connect(buffer)) as theirs:
        theirs.execute("SELECT * FROM theirs")
    buffer.unlink()
    arrives(place, made, "lines")


def locked_buffer(place):
    made = place.lines(10)
    first = place.start("-", stdin=subprocess.PIPE)
    try:
        end = time.monotonic() + 5
        while not (place.directory / "s.buffer.db").exists() and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3)
        status, said = place.run("lines")
        assert status == 1 and "Somebody else has this storage" in said, (status, said)
    finally:
        first.kill()
        first.communicate()
    arrives(place, made, "lines")


def failing_storage(place):
    made = place.lines(60_000)
    status, said = place.run("lines", preexec_fn=small_files)
    assert status == 1 and "reading stopped before line" in said, (status, said)
    assert said.count("\n") < 20, said
    position = int(place.position.read_text().split()[0])
    assert 0 < position < (place.directory / "lines").stat().st_size, position
    arrives(place, made, "lines")


def full_disk_for_the_bookmark(place):
    made = place.lines(20_000)
    place.run("lines", preexec_fn=small_files)
    before = place.position.read_text()
    fresh = place.position.with_name(place.position.name + ".new")
    fresh.symlink_to("/dev/full")
    status, said = place.run("lines")
    assert status == 1 and "No space left" in said, (status, said)
    assert place.position.read_text() == before and not place.position.is_symlink()
    fresh.unlink()
    arrives(place, made, "lines", once=False)  # what was put before the bookmark failed is put again


def damaged_bookmark(place):
    made = place.lines(10)
    for text in ("", "x", "12", "12 1", "-1 1 lines\n"):
        place.position.write_text(text)
        status, said = place.run("lines")
        assert status == 1 and "position" in said, (text, status, said)
        assert place.position.read_text() == text
    place.position.unlink()
    arrives(place, made, "lines")


def another_file(place):
    place.lines(60_000)
    place.lines(10, "other")
    place.run("lines", preexec_fn=small_files)
    before = place.position.read_text()
    status, said = place.run("other")
    assert status == 1 and "lines" in said, (status, said)
    place.lines(10)  # shorter than what was read of it
    status, said = place.run("lines")
    assert status == 1 and "is not what was read before" in said, (status, said)
    assert place.position.read_text() == before


def every_input(place):
    made = place.lines(3_000)
    text = (place.directory / "lines").read_text()
    for words, more in ((("-",), {"text": text}), ((), {"text": text}), (("/dev/stdin",), {"text": text}),
                        (("lines",), {}), ((), {"text": text.rstrip("\n")})):
        sink = Sink()
        status, said = place.run(*words, endpoint=sink.endpoint, **more)
        assert status == 0, (words, status, said)
        complete(sink, made, said)
    sink = Sink()
    with open(place.directory / "lines") as file:
        status, said = place.run("/dev/stdin", endpoint=sink.endpoint, stdin=file)
    assert status == 0, said
    complete(sink, made, said)
    shell = f"exec {PROGRAMS / 'pipe'} --stream s --endpoint {sink.endpoint} <(cat lines)"
    sink.arrived.clear()
    done = subprocess.run(["bash", "-c", shell], cwd=place.directory, env=environment(KEYS, REGION), text=True,
                          capture_output=True, timeout=15)
    assert done.returncode == 0, done.stderr
    complete(sink, made, done.stderr)
    status, said = place.run(".")
    assert status == 1 and "cannot be read" in said, (status, said)


def refused_lines(place):
    sink = Sink()
    text = "a k1\n" + f"x {'k' * 300}\n" * 3_000 + "no-key\nb k2\n" + "y" * 3_000_000 + "\nc k3\n"
    status, said = place.run("--key-field", "2", text=text, endpoint=sink.endpoint)
    assert status == 1 and set(sink.arrived) == {"a k1", "no-key", "b k2", "c k3"}, (status, sink.arrived.keys(), said)
    assert "line 2: The partition key has more than 256" in said and "3,000 lines were refused" in said, said
    assert said.count("\n") < 10, said


def wrong_words(place):
    for words, sentence in ((("--key-field", "abc"), "--key-field needs a number"), (("--key-field", "0"), "number"),
                            (("a", "b"), "one FILE at a time"), (("--nix", "3"), "--nix"), (("--buffer",), "--buffer")):
        status, said = place.run(*words)
        assert status == 2 and sentence in said and "usage:" in said, (words, status, said)


def interrupted(place):
    made = place.lines(2_000)
    with silence() as endpoint:
        for times, longest, expected in ((1, 4, 130), (2, 1, -signal.SIGINT)):
            process = place.start("lines", endpoint=endpoint)
            time.sleep(1)
            begin = time.monotonic()
            for _ in range(times):
                process.send_signal(signal.SIGINT)
                time.sleep(0.1)
            said, _ = process.communicate(timeout=40)
            took = time.monotonic() - begin
            assert process.returncode == expected and took < longest, (times, process.returncode, took, said)
    arrives(place, made, "lines")


def waiting_for_input(place):
    process = place.start("-", stdin=subprocess.PIPE)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(5) == 130
    finally:
        process.kill()
        process.communicate()


def put_tells(place, sentence, status=None, **variables):
    """01_put says what is wrong; it ends only if it cannot go on."""
    process = subprocess.Popen([str(PROGRAMS / "01_put")], cwd=place.directory, env=environment(variables), text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    timer = threading.Timer(10, process.kill)
    timer.start()
    try:
        said = ""
        for line in process.stderr:
            said += line
            if sentence in line and status is None:
                return
        assert sentence in said and process.wait() == status, (process.wait(), said)
    finally:
        timer.cancel()
        process.kill()
        process.communicate()


def put_without_credentials(place):
    put_tells(place, "No credentials were found", AWS_ENDPOINT_URL=NOWHERE)


@contextlib.contextmanager
def local_kinesis(stream):
    """The endpoint of the Kinesis of the examples."""
    service = subprocess.Popen([str(PROGRAMS / "local_kinesis"), "--stream", stream], stdout=subprocess.PIPE, text=True)
    try:
        yield re.match(r"listening on (\S+)", service.stdout.readline())[1]
    finally:
        service.kill()
        service.communicate()


def put_with_a_wrong_secret(place):
    with local_kinesis("clicks:1") as endpoint:
        put_tells(place, "is paused: The service computed another signature", AWS_ENDPOINT_URL=endpoint,
                  AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="wrong")


def events_of_a_shop(place):
    def run(**variables):
        done = subprocess.run([str(PROGRAMS / "02_events")], cwd=place.directory, env=environment(KEYS, REGION, variables),
                              capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout, done.stderr

    with local_kinesis("shop:2") as endpoint:
        status, said, complaint = run(KINESIS_STREAM_NAME="shop", AWS_ENDPOINT_URL=endpoint)
        assert (status, said) == (0, "ORDER_PAID 1\nORDER_PLACED 1\nUSER_LOGIN 1\n"), (status, said, complaint)
        status, said, complaint = run(KINESIS_STREAM_NAME="shop", KINESIS_SHARD_COUNT="many", AWS_ENDPOINT_URL=endpoint)
        assert status == 1 and "KINESIS_SHARD_COUNT must be" in complaint, (status, complaint)


def devices(place):
    def run(*words, file="home.db"):
        done = subprocess.run([str(PROGRAMS / "04_devices"), file, *words], cwd=place.directory, env=environment(),
                              capture_output=True, text=True, timeout=15)
        return done.returncode, done.stdout, done.stderr

    with subprocess.Popen([str(PROGRAMS / "04_devices"), "home.db", "watch"], cwd=place.directory, env=environment(),
                          stdout=subprocess.PIPE, text=True) as watching:
        timer = threading.Timer(15, watching.kill)
        timer.start()
        try:
            assert watching.stdout.readline() == "low:\n"
            for words in (("add", "lamp", "kitchen"), ("add", "bell", "hall"), ("add", "lock", "hall")):
                assert run(*words) == (0, "", ""), words
            assert run("charge", "lock", "19") == (0, "lock hall 19 %\n", "")
            assert watching.stdout.readline() == "low: lock\n"
            assert run("charge", "lock", "18")[0] == 0  # no news
            assert run("charge", "lamp", "0")[0] == 0
            assert sorted(watching.stdout.readline().split()) == ["lamp", "lock", "low:"]
            assert run("remove", "lock") == (0, "", "")
            assert watching.stdout.readline() == "low: lamp\n"
        finally:
            timer.cancel()
            watching.kill()
    assert run("list") == (0, "bell hall 100 %\nlamp kitchen 0 %\n", "")
    assert run("list", "kitchen") == (0, "lamp kitchen 0 %\n", "")
    for words, sentence in ((("add", "lamp", "hall"), "already"), (("remove", "lock"), "no item"),
                            (("charge", "lock", "1"), "no item"), (("add", "", "hall"), "id")):
        status, said, complaint = run(*words)
        assert status == 1 and not said and sentence in complaint, (words, status, said, complaint)
    for words in (("charge", "lamp", "much"), ("charge", "lamp", "101"), ("fly",), ("list", "a", "b")):
        status, said, complaint = run(*words)
        assert status == 2 and not said and "usage:" in complaint, (words, status, said, complaint)
    assert run("list")[1] == "bell hall 100 %\nlamp kitchen 0 %\n"
    status, _, complaint = run("list", file="nowhere/home.db")
    assert status == 1 and complaint.count("\n") == 1, (status, complaint)


def put_without_storage(place):
    (place.directory / "clicks.db").mkdir()
    put_tells(place, "what():", status=-signal.SIGABRT, AWS_ENDPOINT_URL=NOWHERE, **KEYS)


def readme_shows_01_put(_):
    program = re.search(r"^```cpp\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)[1]
    comment, _, rest = (ROOT / "examples" / "01_put.cpp").read_text().partition("\n")
    assert comment.startswith("//") and program == rest, "the first program of README.md is not examples/01_put.cpp"


CHECKS = (no_region, foreign_buffer, locked_buffer, failing_storage, full_disk_for_the_bookmark, damaged_bookmark,
          another_file, every_input, refused_lines, wrong_words, interrupted, waiting_for_input,
          put_without_credentials, put_with_a_wrong_secret, put_without_storage, events_of_a_shop,
          devices, readme_shows_01_put)


def main():
    passed = 0
    for check in CHECKS:
        begin = time.monotonic()
        fault = ""
        with tempfile.TemporaryDirectory(prefix="sluice-examples-") as directory:
            try:
                check(Place(directory))
            except Exception:  # whatever it is, the other checks go on
                fault = traceback.format_exc()[-2_000:]
        passed += not fault
        took = f"{time.monotonic() - begin:.1f} s"
        verdict = f"FAILED after {took}\n{fault}" if fault else f"passed, {took}"
        print(f"{check.__name__.replace('_', ' ')}: {verdict}", flush=True)
    print(f"{passed} passed, {len(CHECKS) - passed} failed")
    return 0 if passed == len(CHECKS) else 1


sys.exit(main())
