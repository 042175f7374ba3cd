"""What every check here needs: counting, servers that do not survive, records to send, and their reading back."""
import contextlib
import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time
import traceback

import boto3
from botocore.config import Config

HERE = pathlib.Path(__file__).resolve().parent
REGION = "eu-west-1"


class Checks:
    """Counts; a check is a block that raises if it fails."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def skip(self, name, reason):
        self.skipped += 1
        print(f"{name}: skipped, {reason}", flush=True)

    @contextlib.contextmanager
    def check(self, name):
        try:
            yield
        except Exception:  # whatever it is, the other checks go on
            self.failed += 1
            print(f"{name}: FAILED\n{traceback.format_exc()[-2_000:]}", flush=True)
        else:
            self.passed += 1
            print(f"{name}: passed", flush=True)


def environment(**more):
    """Nothing of the machine's own AWS configuration or proxies."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("AWS_") and not name.lower().endswith("_proxy")}
    return kept | {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                   "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
                   "PYTHONDONTWRITEBYTECODE": "1"} | more


def keys(access_key, secret_key):
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError("the server did not start")


def bound(command):
    """The same command, but it ends with this process, however that ends."""
    return ["setpriv", "--pdeathsig", "KILL", *map(str, command)]


@contextlib.contextmanager
def server(port, *command, **more):
    """A server as long as the block."""
    said = tempfile.TemporaryFile()
    process = subprocess.Popen(bound(command), env=environment(**more), stdin=subprocess.DEVNULL, stdout=said,
                               stderr=said, start_new_session=True)
    try:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}"
    except BaseException:
        said.seek(0)
        print(said.read().decode(errors="replace")[-3_000:], flush=True)
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def client(endpoint, access_key, secret_key, service="kinesis", attempts=1):
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id=access_key,
                        aws_secret_access_key=secret_key,
                        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}, proxies={},
                                      connect_timeout=10, read_timeout=60))


def records(count, large=10, longest_key=256):
    """(key, data, explicit hash key or "") of every shape that has given somebody trouble; keys are unique."""
    dice = random.Random(20_131_202)
    shapes = [lambda n: b"", lambda n: b"\0", lambda n: bytes(range(256)), lambda n: dice.randbytes(n),
              lambda n: ("größer 日本語 😀 \u2028\"\\\n" * 9).encode(), lambda n: b"\xff" * (n % 50 + 1),
              lambda n: json.dumps({"n": n, "text": "</script>\t"}).encode(), lambda n: dice.randbytes(n) + b"\n",
              lambda n: b"\xf3\x89\x9a\xc2" + dice.randbytes(n)]  # begins like an aggregate, and is none
    decorations = ["", "-ключ", "-\"quoted\\\"", "-\t\n\x01\x7f", "-😀", "-" + "x" * (longest_key - 5),
                   "-" + "😀" * (longest_key - 5)]
    made = []
    for i in range(count):
        data = dice.randbytes(200_000) if i % (count // large) == 5 else shapes[i % len(shapes)](dice.randrange(3_000))
        hash_key = str(dice.getrandbits(128)) if i % 11 == 3 else ""
        made.append((f"{i}{decorations[i % len(decorations)]}", data, hash_key))
    return made


def write_records(path, made):
    path.write_text("".join(f"{key.encode().hex()}\t{data.hex()}\t{hash_key}\n" for key, data, hash_key in made))


def read_shard(kinesis, stream, shard):
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    iterator = iterator["ShardIterator"]
    found = []
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator, Limit=1_000)
        found += page["Records"]
        iterator = page.get("NextShardIterator")
        if not page["Records"] and not page.get("MillisBehindLatest"):
            break
    return found


def read_back(kinesis, stream):
    """What lies in a stream: [(key, data, shard)]."""
    found = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        found += [(each["PartitionKey"], each["Data"], shard) for each in read_shard(kinesis, stream, shard["ShardId"])]
    return found


def compare(made, found):
    """Every record is there, as it was sent, once, in the shard that its hash key belongs to."""
    sent = {key: (data, hash_key) for key, data, hash_key in made}
    arrived = {key: data for key, data, _ in found}
    assert not sent.keys() - arrived.keys(), f"{len(sent.keys() - arrived.keys())} of {len(sent)} records are lost"
    assert not arrived.keys() - sent.keys(), "records arrived that nobody sent"
    assert len(found) == len(made), f"{len(found) - len(made)} records arrived more than once"
    for key, data, shard in found:
        expected, hash_key = sent[key]
        assert data == expected, f"the data of {key!r} is not what was sent: {data[:50]!r} for {expected[:50]!r}"
        place = int(hash_key) if hash_key else int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        begin, end = (int(shard["HashKeyRange"][f"{edge}HashKey"]) for edge in ("Starting", "Ending"))
        assert begin <= place <= end, f"{key!r} is in a shard that it does not belong to"


class Put:
    """The program put.cpp."""

    def __init__(self, program, buffer, in_flight=4, batching="collect"):
        self.program = program
        self.buffer = buffer
        self.in_flight = in_flight
        self.batching = batching

    def command(self, endpoint, stream, seconds, wire="json", file=None):
        words = [self.program, endpoint, stream, self.buffer, seconds, wire, self.in_flight, self.batching]
        return bound(words + [file] if file else words)

    def run(self, endpoint, stream, credentials, seconds, wire="json", file=None):
        done = subprocess.run(self.command(endpoint, stream, seconds, wire, file), env=environment(**credentials),
                              capture_output=True, text=True, timeout=seconds + 30)
        assert done.returncode in (0, 3), f"put ended with {done.returncode}: {done.stderr[-2_000:]}"
        report = json.loads(done.stdout.splitlines()[-1])
        report["log"] = done.stderr[-500:]
        return report
