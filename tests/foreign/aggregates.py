"""Aggregates, between the producer and the modules that AWS gives to those who have no KCL (kinesis-aggregation)."""
import base64
import collections
import hashlib
import random
import subprocess

from aws_kinesis_agg import aggregator, deaggregator

from harness import Put, client, environment, free_port, keys, read_shard, records, server, write_records

COUNT = 1_200


def record_set():
    """Records that share keys, besides all those that do not, and some that are aggregates themselves."""
    dice = random.Random(7)
    made = records(COUNT, 5)
    hash_keys = ["", "", "0", str((1 << 128) - 1), str(1 << 127)]
    for i in range(COUNT):
        key = dice.choice(["one", "zwölf", "😀" * 256, "key"])
        made.append((key, b"%d:" % i + dice.randbytes(dice.randrange(300)), dice.choice(hash_keys)))
    made += [("nothing", b"", "")] * 20
    for i in range(5):
        inner = aggregator.AggRecord()
        inner.add_user_record("inner", b"inner %d" % i)
        made.append((f"outer {i}", inner.get_contents()[2], ""))
    dice.shuffle(made)
    return made


def place_of(key, hash_key):
    return int(hash_key) if hash_key else int.from_bytes(hashlib.md5(key.encode()).digest(), "big")


def read(shard, raw, hash_key_of):
    """The user records in a Kinesis record: [(key, data)]; each is where it belongs."""
    found = []
    for each in deaggregator.iter_deaggregate_records([raw], "Boto3"):
        its = each["kinesis"]
        aggregated = its.get("aggregated", False)
        key, data = its["partitionKey"], base64.b64decode(its["data"]) if aggregated else its["data"]
        found.append((key, data))
        assert found[-1] in hash_key_of, f"{found[-1]!r:.300} arrived, and nobody sent it"
        hash_key = hash_key_of[found[-1]]
        # Of one that has none this reader says the first of the aggregate.
        assert not (hash_key and aggregated) or its["explicitHashKey"] == hash_key, its
        first, last = (int(shard["HashKeyRange"][f"{edge}HashKey"]) for edge in ("Starting", "Ending"))
        assert first <= place_of(key, hash_key) <= last, f"{key!r} is in a shard that it does not belong to"
    return found


def written_here(put, endpoint, wire, shards, made, file):
    kinesis = client(endpoint, "local", "local")
    stream = f"shared-{wire}"
    kinesis.create_stream(StreamName=stream, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    report = put.run(endpoint, stream, keys("local", "local"), 30, wire, file)
    assert report["left"] == report["failed"] == report["refused"] == 0, report
    hash_key_of = {(key, data): hash_key for key, data, hash_key in made}
    found, packs = [], []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        for raw in read_shard(kinesis, stream, shard["ShardId"]):
            packs.append(read(shard, raw, hash_key_of))
            found += packs[-1]
    sent = collections.Counter((key, data) for key, data, _ in made)
    assert collections.Counter(found) == sent, f"{len(sent - collections.Counter(found))} records are lost"
    assert len(packs) * 3 < len(found), f"{len(packs)} Kinesis records for {len(found)} records"
    assert any(len({key for key, _ in pack}) > 1 for pack in packs), "no two keys shared an aggregate"


def written_there(program, made):
    writer = aggregator.RecordAggregator(300_000)
    packs = [writer.add_user_record(key, data, hash_key or None) for key, data, hash_key in made]
    packs = [pack.get_contents()[2] for pack in [*packs, writer.clear_and_get()] if pack]
    done = subprocess.run([program], input="\n".join(pack.hex() for pack in packs) + "\n", env=environment(),
                          capture_output=True, text=True, timeout=30, check=True)
    *read_packs, rest = done.stdout.split("\n\n")
    assert len(packs) > 2 and len(read_packs) == len(packs) and rest == "", (len(packs), len(read_packs), rest[:100])
    lines = [line.split("\t") for pack in read_packs for line in pack.split("\n")]
    found = [(bytes.fromhex(key).decode(), bytes.fromhex(data), hash_key) for key, data, hash_key in lines]
    assert found == made, "what was read is not what was written"


def run(checks, place, scratch):
    made = record_set()
    file = scratch / "shared.txt"
    write_records(file, made)
    port = free_port()
    with server(port, place.examples / "local_kinesis", "--port", port, "--no-throttle") as endpoint:
        for wire, shards in (("json", 4), ("cbor", 1)):
            with checks.check(f"aws_kinesis_agg: reads what Aggregate sends, {wire}, shards: {shards}"):
                put = Put(place.put, scratch / f"shared-{wire}.db", batching="aggregate")
                written_here(put, endpoint, wire, shards, made, file)

    with checks.check("aws_kinesis_agg: what its aggregator writes is read as it was put, in order"):
        written_there(place.deaggregate, made)
