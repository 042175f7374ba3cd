"""Large payloads by way of S3 against moto, which verifies signatures; boto3 reads pointers and objects back."""
import hashlib
import json
import subprocess

from against_moto import make_user
from harness import bound, client, environment, free_port, keys, read_back, server

MARK = b'{"sluice":"s3-pointer/1",'


def offload(place, endpoint, bucket, credentials, seconds, *sizes):
    command = bound([place.offload, endpoint, "clicks", bucket, seconds, *sizes])
    done = subprocess.run(command, env=environment(**credentials), capture_output=True, text=True, timeout=seconds + 30)
    assert done.returncode == 0, f"offload ended with {done.returncode}: {done.stderr[-2_000:]}"
    return json.loads(done.stdout.splitlines()[-1])


def payload(number, size):
    return f"{number}:".encode() + b"x" * size


def run(checks, place, scratch):
    port = free_port()
    with server(port, place.python.parent / "moto_server", "-H", "127.0.0.1", "-p", port,
                INITIAL_NO_AUTH_ACTION_COUNT="3") as endpoint:
        access_key, secret_key = make_user(endpoint)
        good = keys(access_key, secret_key)
        kinesis = client(endpoint, access_key, secret_key)
        s3 = client(endpoint, access_key, secret_key, "s3")
        kinesis.create_stream(StreamName="clicks", ShardCount=1)

        with checks.check("moto: without the bucket small records arrive, and large ones wait"):
            report = offload(place, endpoint, "payloads", good, 2, 10, 100_000, 20)
            assert report["delivered"] == 2 and report["left"] == 1 and report["failed"] == 0, report
            assert report["offload_fails_by"].startswith("The bucket does not exist"), report

        with checks.check("moto: boto3 reads pointers and objects back, in parts too"):
            s3.create_bucket(Bucket="payloads", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
            before = len(read_back(kinesis, "clicks"))
            sizes = (10, 100_000, 2_000_000, 20_000_000)
            report = offload(place, endpoint, "payloads", good, 60, *sizes)
            assert report["delivered"] == 4 and report["offloaded"] == 3 and report["left"] == 0, report
            found = {key: data for key, data, _ in read_back(kinesis, "clicks")[before:]}
            assert found["0"] == payload(0, 10), found["0"][:100]
            for number, size in list(enumerate(sizes))[1:]:
                data = found[str(number)]
                assert data.startswith(MARK), data[:100]
                pointer = json.loads(data)
                body = s3.get_object(Bucket=pointer["bucket"], Key=pointer["key"])["Body"].read()
                assert body == payload(number, size), f"{size} bytes came back as {len(body)}"
                assert pointer["size"] == len(body) and pointer["sha256"] == hashlib.sha256(body).hexdigest(), pointer
                assert pointer["key"].startswith("large/"), pointer
            assert len(s3.list_objects_v2(Bucket="payloads")["Contents"]) == 3
            assert not s3.list_multipart_uploads(Bucket="payloads").get("Uploads")
