"""boto3 and the AWS CLI as clients of the library's own Kinesis."""
import base64
import contextlib
import datetime
import json
import subprocess
import time
import urllib.request

from botocore.exceptions import ClientError

from harness import (client, compare, environment, free_port, keys, read_back, read_shard, records, server)


@contextlib.contextmanager
def refusal(code, words=""):
    """The block is refused with this code, and a sentence with these words."""
    try:
        yield
    except ClientError as failure:
        said = failure.response["Error"]
        assert said["Code"] == code and words in said["Message"], said
    else:
        raise AssertionError(f"not refused with {code}")


def entries(made):
    return [{"PartitionKey": key, "Data": data} | ({"ExplicitHashKey": hash_key} if hash_key else {})
            for key, data, hash_key in made]


def put_all(kinesis, stream, made):
    """As the documentation asks for: what failed is sent again. Gives the codes of what failed."""
    codes = []
    left = entries(made)
    for _ in range(60):
        answer = kinesis.put_records(StreamName=stream, Records=left[:250])
        failed = [entry for entry, said in zip(left, answer["Records"]) if "ErrorCode" in said]
        assert len(failed) == answer["FailedRecordCount"]
        codes += [said["ErrorCode"] for said in answer["Records"] if "ErrorCode" in said]
        left = failed + left[250:]
        if not left:
            return codes
        if failed:
            time.sleep(0.3)
    raise AssertionError(f"{len(left)} records never passed")


def open_shards(kinesis, stream):
    shards = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    return sorted(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))


def with_boto3(checks, endpoint):
    kinesis = client(endpoint, "local", "local")
    made = records(700, 5)
    with checks.check("boto3: creates a stream and waits for it"):
        kinesis.create_stream(StreamName="views", ShardCount=2)
        kinesis.get_waiter("stream_exists").wait(StreamName="views", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        summary = kinesis.describe_stream_summary(StreamName="views")["StreamDescriptionSummary"]
        assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 2), summary
        assert "views" in kinesis.list_streams()["StreamNames"]
        with refusal("ResourceInUseException"):
            kinesis.create_stream(StreamName="views", ShardCount=2)

    with checks.check("boto3: reads what it put, byte for byte, in the shards that the hash keys ask for"):
        single = entries(made[:100])
        answers = [kinesis.put_record(StreamName="views", **entry) for entry in single]
        assert all(int(answer["SequenceNumber"]) > 0 for answer in answers)
        assert put_all(kinesis, "views", made[100:]) == []
        compare(made, read_back(kinesis, "views"))

    with checks.check("boto3: every kind of iterator stands where it should"):
        iterators(kinesis)

    with checks.check("boto3: splits a shard, merges the halves, and reads the family in order"):
        reshard(kinesis)

    with checks.check("boto3: bad requests are refused with the service's codes"):
        refusals(endpoint, kinesis)

    with checks.check("boto3: deletes a stream"):
        kinesis.delete_stream(StreamName="views", EnforceConsumerDeletion=True)
        kinesis.get_waiter("stream_not_exists").wait(StreamName="views", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        with refusal("ResourceNotFoundException"):
            kinesis.put_record(StreamName="views", PartitionKey="k", Data=b"late")


def iterators(kinesis):
    kinesis.create_stream(StreamName="places", ShardCount=1)
    shard = open_shards(kinesis, "places")[0]["ShardId"]

    def at(kind, **more):
        page = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(
            StreamName="places", ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"])
        return [each["Data"] for each in page["Records"]]

    latest = kinesis.get_shard_iterator(StreamName="places", ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    numbers = []
    for data in (b"one", b"two", b"three"):
        numbers.append(kinesis.put_record(StreamName="places", PartitionKey="k", Data=data)["SequenceNumber"])
        time.sleep(0.02)
    assert at("TRIM_HORIZON") == [b"one", b"two", b"three"]
    assert at("AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == [b"two", b"three"]
    assert at("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]) == [b"three"]
    assert at("LATEST") == []
    assert at("AT_TIMESTAMP", Timestamp=datetime.datetime(2020, 1, 1)) == [b"one", b"two", b"three"]
    times = [each["ApproximateArrivalTimestamp"] for each in read_shard(kinesis, "places", shard)]
    assert times == sorted(times)
    age = datetime.datetime.now(datetime.timezone.utc) - times[-1]
    assert abs(age.total_seconds()) < 60, age
    assert at("AT_TIMESTAMP", Timestamp=times[1]) == [b"two", b"three"], times
    assert [each["Data"] for each in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"one", b"two", b"three"]
    page = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(
        StreamName="places", ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"], Limit=2)
    assert len(page["Records"]) == 2
    assert [each["Data"] for each in kinesis.get_records(ShardIterator=page["NextShardIterator"])["Records"]] == [b"three"]


def reshard(kinesis):
    kinesis.create_stream(StreamName="family", ShardCount=1)
    parent = open_shards(kinesis, "family")[0]
    kinesis.put_record(StreamName="family", PartitionKey="k", ExplicitHashKey="7", Data=b"parent")
    kinesis.split_shard(StreamName="family", ShardToSplit=parent["ShardId"], NewStartingHashKey=str(1 << 127))
    wait = kinesis.get_waiter("stream_exists").wait
    wait(StreamName="family", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    low, high = open_shards(kinesis, "family")
    assert low["ParentShardId"] == high["ParentShardId"] == parent["ShardId"]
    assert int(high["HashKeyRange"]["StartingHashKey"]) == 1 << 127
    for data, hash_key in ((b"low", str((1 << 127) - 1)), (b"high", str(1 << 127)), (b"top", str((1 << 128) - 1))):
        kinesis.put_record(StreamName="family", PartitionKey="k", ExplicitHashKey=hash_key, Data=data)
    assert [each["Data"] for each in read_shard(kinesis, "family", low["ShardId"])] == [b"low"]
    assert [each["Data"] for each in read_shard(kinesis, "family", high["ShardId"])] == [b"high", b"top"]
    iterator = kinesis.get_shard_iterator(StreamName="family", ShardId=parent["ShardId"], ShardIteratorType="TRIM_HORIZON")
    page = kinesis.get_records(ShardIterator=iterator["ShardIterator"])
    while page.get("NextShardIterator"):
        assert not page.get("ChildShards")
        page = kinesis.get_records(ShardIterator=page["NextShardIterator"])
    assert sorted(child["ShardId"] for child in page["ChildShards"]) == [low["ShardId"], high["ShardId"]], page
    kinesis.merge_shards(StreamName="family", ShardToMerge=low["ShardId"], AdjacentShardToMerge=high["ShardId"])
    wait(StreamName="family", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    merged, = open_shards(kinesis, "family")
    assert {merged["ParentShardId"], merged["AdjacentParentShardId"]} == {low["ShardId"], high["ShardId"]}
    assert kinesis.put_record(StreamName="family", PartitionKey="k", Data=b"after")["ShardId"] == merged["ShardId"]
    everything = [data for _, data, _ in read_back(kinesis, "family")]
    assert sorted(everything) == sorted([b"parent", b"low", b"high", b"top", b"after"]), everything


def refusals(endpoint, kinesis):
    put = {"StreamName": "views", "PartitionKey": "k", "Data": b"d"}
    with refusal("InvalidSignatureException", "does not match the signature you provided"):
        client(endpoint, "local", "wrong").put_record(**put)
    with refusal("UnrecognizedClientException"):
        client(endpoint, "stranger", "local").put_record(**put)
    with refusal("ResourceNotFoundException", "nowhere"):
        kinesis.put_record(**put | {"StreamName": "nowhere"})
    with refusal("ResourceNotFoundException", "nowhere"):
        kinesis.list_shards(StreamName="nowhere")
    with refusal("ResourceNotFoundException"):
        kinesis.get_shard_iterator(StreamName="views", ShardId="shardId-000000000099", ShardIteratorType="LATEST")
    with refusal("ValidationException"):
        kinesis.put_record(**put | {"PartitionKey": "k" * 257})
    with refusal("ValidationException"):
        kinesis.put_records(StreamName="views", Records=[{"PartitionKey": "k", "Data": b"d"}] * 501)
    with refusal("InvalidArgumentException"):
        kinesis.put_record(**put | {"ExplicitHashKey": str(1 << 128)})
    with refusal("InvalidArgumentException"):
        kinesis.get_records(ShardIterator="AAAA")


def throttling(checks, endpoint):
    """On a server with the service's own rates: 1,000 records a second and shard."""
    kinesis = client(endpoint, "local", "local")
    with checks.check("boto3: a shard that is asked too much fails entries with the throttling code, and takes them later"):
        made = [(str(i), b"x", "") for i in range(1_500)]
        codes = put_all(kinesis, "busy", made)
        assert codes and set(codes) == {"ProvisionedThroughputExceededException"}, set(codes)
        time.sleep(1)
        compare(made, read_back(client(endpoint, "local", "local", attempts=8), "busy"))

    with checks.check("boto3: without retries a throttled put raises, with boto3's own it passes"):
        time.sleep(1)
        urllib.request.urlopen(urllib.request.Request(endpoint + "/_sluice/throttle?seconds=2", method="POST"), timeout=10)
        put = {"StreamName": "busy", "PartitionKey": "later", "Data": b"later"}
        with refusal("ProvisionedThroughputExceededException", "Rate exceeded for shard"):
            kinesis.put_record(**put)
        patient = client(endpoint, "local", "local", attempts=10)
        answer = patient.put_record(**put)
        assert answer["ResponseMetadata"]["RetryAttempts"] > 0, answer


class Cli:
    """The AWS CLI."""

    def __init__(self, program, endpoint, secret_key="local"):
        self.words = [str(program), "--endpoint-url", endpoint, "--output", "json", "kinesis"]
        self.environment = environment(**keys("local", secret_key), AWS_PAGER="", AWS_MAX_ATTEMPTS="1")

    def try_run(self, *words):
        return subprocess.run([*self.words, *map(str, words)], env=self.environment, capture_output=True, text=True,
                              timeout=60)

    def __call__(self, *words):
        done = self.try_run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def refused(self, code, *words):
        done = self.try_run(*words)
        assert done.returncode != 0 and code in done.stderr, (done.returncode, done.stderr)


def with_cli(checks, place, endpoint, scratch):
    aws = Cli(place.python.parent / "aws", endpoint)
    data = bytes(range(256)) * 40
    (scratch / "data.bin").write_bytes(data)
    on = ("--stream-name", "orders")
    with checks.check("AWS CLI: creates a stream, puts a file and a list, and reads both back"):
        aws("create-stream", *on, "--shard-count", 1)
        sent = aws("put-record", *on, "--partition-key", "käse 😀", "--data", f"fileb://{scratch}/data.bin")
        listed = [{"Data": "größe", "PartitionKey": "a"}, {"Data": "two", "PartitionKey": "b", "ExplicitHashKey": "5"}]
        assert aws("put-records", *on, "--records", json.dumps(listed))["FailedRecordCount"] == 0
        shard = aws("list-shards", *on)["Shards"][0]["ShardId"]
        assert sent["ShardId"] == shard
        iterator = aws("get-shard-iterator", *on, "--shard-id", shard, "--shard-iterator-type", "TRIM_HORIZON")
        found = aws("get-records", "--shard-iterator", iterator["ShardIterator"])["Records"]
        assert [(each["PartitionKey"], base64.b64decode(each["Data"])) for each in found] == [
            ("käse 😀", data), ("a", "größe".encode()), ("b", b"two")], found

    with checks.check("AWS CLI: splits, merges and deletes"):
        aws("split-shard", *on, "--shard-to-split", shard, "--new-starting-hash-key", 1 << 127)
        halves = [each["ShardId"] for each in aws("list-shards", *on, "--shard-filter", "Type=AT_LATEST")["Shards"]]
        assert len(halves) == 2, halves
        aws("merge-shards", *on, "--shard-to-merge", halves[0], "--adjacent-shard-to-merge", halves[1])
        assert aws("describe-stream-summary", *on)["StreamDescriptionSummary"]["OpenShardCount"] == 1
        aws("delete-stream", *on)
        aws.refused("ResourceNotFoundException", "describe-stream-summary", *on)

    with checks.check("AWS CLI: a wrong secret is an InvalidSignatureException"):
        Cli(place.python.parent / "aws", endpoint, "wrong").refused("InvalidSignatureException", "list-streams")


def run(checks, place, scratch):
    port = free_port()
    with server(port, place.examples / "local_kinesis", "--port", port, "--no-throttle") as endpoint:
        with_boto3(checks, endpoint)
        with_cli(checks, place, endpoint, scratch)
    port = free_port()
    with server(port, place.examples / "local_kinesis", "--port", port, "--stream", "busy:1") as endpoint:
        throttling(checks, endpoint)
