"""Large payloads by way of S3 against moto, which verifies signatures; boto3 reads pointers and objects back."""
import gzip
import hashlib
import json
import re
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

        with checks.check("moto: the example puts files, compressed or by way of S3, and boto3 reads them back"):
            before = len(read_back(kinesis, "clicks"))
            files = {"small": payload("small", 5_000), "large": payload("large", 1_500_000)}
            for name, data in files.items():
                (scratch / name).write_bytes(data)
            command = [(place.examples / "03_files").resolve(), "payloads", *(scratch / name for name in files)]
            done = subprocess.run(bound(command),
                                  env=environment(KINESIS_STREAM_NAME="clicks", AWS_ENDPOINT_URL=endpoint, **good),
                                  cwd=scratch, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, (done.returncode, done.stderr[-2_000:])
            assert done.stdout == "2 delivered, 1 by way of payloads, 0 in undelivered.jsonl, 0 left\n", done.stdout
            found = []
            for key, data, _ in read_back(kinesis, "clicks")[before:]:
                assert re.fullmatch(r"log-1-invoices-\d-0", key), key
                data = gzip.decompress(data)
                if data.startswith(MARK):
                    pointer = json.loads(data)
                    assert re.fullmatch(r"log-1-invoices-clicks/[0-9a-f-]{36}", pointer["key"]), pointer
                    data = s3.get_object(Bucket="payloads", Key=pointer["key"])["Body"].read()
                found.append(data)
            assert sorted(found) == sorted(files.values()), [each[:50] for each in found]
