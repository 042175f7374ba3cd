"""The producer against moto, which verifies signatures."""
import json

from botocore.exceptions import ClientError

from harness import Put, client, compare, free_port, keys, read_back, records, server, write_records

COUNT = 2_000


def refused(call):
    try:
        call()
    except ClientError as failure:
        return failure.response["Error"]["Code"]
    raise AssertionError("nobody verifies signatures")


def make_user(endpoint):
    """The three calls that moto takes from anybody; from then on it asks who calls."""
    iam = client(endpoint, "anybody", "anything", "iam")
    iam.create_user(UserName="producer")
    key = iam.create_access_key(UserName="producer")["AccessKey"]
    actions = ["kinesis:*", "s3:*", "dynamodb:*"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_user_policy(UserName="producer", PolicyName="all", PolicyDocument=json.dumps(policy))
    return key["AccessKeyId"], key["SecretAccessKey"]


def run(checks, place, scratch):
    port = free_port()
    with server(port, place.python.parent / "moto_server", "-H", "127.0.0.1", "-p", port,
                INITIAL_NO_AUTH_ACTION_COUNT="3") as endpoint:
        access_key, secret_key = make_user(endpoint)
        kinesis = client(endpoint, access_key, secret_key)
        kinesis.create_stream(StreamName="clicks", ShardCount=3)
        made = records(COUNT)
        write_records(scratch / "moto.txt", made)
        put = Put(place.put, scratch / "moto.db", in_flight=1)  # "not safe for concurrency", says its source of puts

        with checks.check("moto verifies signatures"):
            refused(lambda: client(endpoint, access_key, "wrong").list_streams())

        with checks.check("moto: a wrong secret key pauses the stream, and nothing is lost"):
            report = put.run(endpoint, "clicks", keys(access_key, "wrong"), 2, file=scratch / "moto.txt")
            assert report["paused_by"].startswith("The service computed another signature"), report
            assert report["left"] == report["accepted"] == COUNT and report["failed"] == 0, report
            assert read_back(kinesis, "clicks") == []

        with checks.check("moto: an unknown access key pauses the stream, and nothing is lost"):
            report = put.run(endpoint, "clicks", keys("AKIAIOSFODNN7EXAMPLE", secret_key), 2)
            assert report["paused_by"].startswith("The service does not know these credentials"), report
            assert report["left"] == report["recovered"] == COUNT and report["failed"] == 0, report

        with checks.check("moto: a wire that it does not speak pauses the stream, and nothing is lost"):
            report = put.run(endpoint, "clicks", keys(access_key, secret_key), 2, "cbor")
            assert report["paused_by"].startswith("The service failed"), report
            assert report["left"] == COUNT and report["failed"] == 0, report

        with checks.check(f"moto: then the right key delivers all {COUNT:,} records, byte for byte"):
            report = put.run(endpoint, "clicks", keys(access_key, secret_key), 90)
            assert report["left"] == report["failed"] == 0 and report["delivered"] == COUNT, report
            compare(made, read_back(kinesis, "clicks"))

        with checks.check("moto: a missing stream pauses, and its records arrive when it is made"):
            put = Put(place.put, scratch / "later.db")
            few = made[:20]
            write_records(scratch / "few.txt", few)
            report = put.run(endpoint, "later", keys(access_key, secret_key), 2, file=scratch / "few.txt")
            assert report["paused_by"].startswith("The stream does not exist"), report
            kinesis.create_stream(StreamName="later", ShardCount=1)
            report = put.run(endpoint, "later", keys(access_key, secret_key), 30)
            assert report["delivered"] == len(few) and report["left"] == 0, report
            compare(few, read_back(kinesis, "later"))
