#!/usr/bin/env python3
"""boto3 in a plain loop: 500 records a PutRecords. Prints microseconds of CPU for each record.

The environment says what: SINK (host:port), SINK_CA, RECORDS (a file: a key, a blank, and the data a line), COUNT.
"""
import os
import time

import boto3
import botocore.config

CALL = 500


def main():
    with open(os.environ["RECORDS"], "rb") as file:
        records = [line.rstrip(b"\n").split(b" ", 1) for line in file]
    count = int(os.environ["COUNT"])
    client = boto3.client("kinesis", endpoint_url="https://" + os.environ["SINK"], verify=os.environ["SINK_CA"],
                          region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret",
                          config=botocore.config.Config(proxies={}))

    def put(first):
        wanted = [records[i % len(records)] for i in range(first, first + CALL)]
        answer = client.put_records(StreamName="benchmark",
                                    Records=[{"Data": data, "PartitionKey": key.decode()} for key, data in wanted])
        if answer["FailedRecordCount"] != 0 or len(answer["Records"]) != CALL:
            raise SystemExit("not everything was delivered")

    put(0)
    start = time.process_time()
    for first in range(0, count, CALL):
        put(first)
    print((time.process_time() - start) * 1e6 / count)


if __name__ == "__main__":
    main()
