"""CloudWatchMetrics against moto, which verifies signatures; boto3 reads back what it was told."""
import datetime
import json
import subprocess

from harness import bound, client, environment, free_port, keys, server

COUNT = 300
NAMESPACE = "Sluice/Test"
EVERYWHERE = {"UserRecordsReceived", "UserRecordsPending", "UserRecordsPut", "UserRecordsDataPut", "KinesisRecordsPut",
              "KinesisRecordsDataPut", "AllErrors", "RetriesPerRecord", "BufferingTime", "RequestTime",
              "UserRecordsPerKinesisRecord", "KinesisRecordsPerPutRecordsRequest", "UserRecordsPerPutRecordsRequest"}
OF_SHARDS = {"UserRecordsPut", "UserRecordsDataPut", "KinesisRecordsPut", "KinesisRecordsDataPut", "AllErrors",
             "UserRecordsPerKinesisRecord"}


def make_user(endpoint):
    """The three calls that moto takes from anybody; it goes by names of signatures, AWS by those of services."""
    iam = client(endpoint, "anybody", "anything", "iam")
    iam.create_user(UserName="producer")
    key = iam.create_access_key(UserName="producer")["AccessKey"]
    allowed = ["kinesis:*", "cloudwatch:*", "monitoring:*"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]}
    iam.put_user_policy(UserName="producer", PolicyName="all", PolicyDocument=json.dumps(policy))
    return key["AccessKeyId"], key["SecretAccessKey"]


def measure(place, endpoint, credentials, stream="clicks"):
    command = bound([place.measure, endpoint, stream, NAMESPACE, COUNT])
    return subprocess.run(command, env=environment(**credentials), capture_output=True, text=True, timeout=60)


def dimensions_of(metric):
    return {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}


def total(cloudwatch, name, **dimensions):
    """Samples, sum, least and most of a metric. Moto's GetMetricStatistics would add those of more dimensions."""
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    metric = {"Namespace": NAMESPACE, "MetricName": name,
              "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]}
    queries = [{"Id": statistic.lower(), "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}
               for statistic in ("SampleCount", "Sum", "Minimum", "Maximum")]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=now - hour, EndTime=now + hour)
    found = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    assert found["sum"], f"{name} {dimensions} has no values"
    return sum(found["samplecount"]), sum(found["sum"]), min(found["minimum"]), max(found["maximum"])


def sum_of_shard(cloudwatch, shard):
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    points = cloudwatch.get_metric_statistics(Namespace=NAMESPACE, MetricName="UserRecordsPut", StartTime=now - hour,
                                              EndTime=now + hour, Period=60, Statistics=["Sum"],
                                              Dimensions=[{"Name": "ShardId", "Value": shard}])["Datapoints"]
    return sum(point["Sum"] for point in points)


def run(checks, place, scratch):
    port = free_port()
    with server(port, place.python.parent / "moto_server", "-H", "127.0.0.1", "-p", port,
                INITIAL_NO_AUTH_ACTION_COUNT="3") as endpoint:
        access_key, secret_key = make_user(endpoint)
        client(endpoint, access_key, secret_key).create_stream(StreamName="clicks", ShardCount=2)
        cloudwatch = client(endpoint, access_key, secret_key, "cloudwatch")

        with checks.check("moto: metrics are put with a signature that is verified, under the KPL's names"):
            done = measure(place, endpoint, keys(access_key, secret_key))
            assert done.returncode == 0 and "CloudWatch" not in done.stderr, done
            found = cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]
            for level, names in (({"Host"}, EVERYWHERE), ({"Host", "StreamName"}, EVERYWHERE - {"UserRecordsPending"}),
                                 ({"Host", "StreamName", "ShardId"}, OF_SHARDS)):
                listed = {metric["MetricName"] for metric in found if set(dimensions_of(metric)) == level}
                assert names <= listed <= names | {"UserRecordExpired"}, (level, listed ^ names)

        with checks.check("moto: boto3 reads back what was counted"):
            stream = {"Host": "here", "StreamName": "clicks"}
            data = sum(i % 100 for i in range(COUNT))
            for dimensions in ({"Host": "here"}, stream):
                assert total(cloudwatch, "UserRecordsReceived", **dimensions)[:2] == (COUNT, COUNT)
                assert total(cloudwatch, "UserRecordsPut", **dimensions) == (COUNT, COUNT, 1, 1)
                assert total(cloudwatch, "UserRecordsDataPut", **dimensions) == (COUNT, data, 0, 99)
                assert total(cloudwatch, "RetriesPerRecord", **dimensions) == (COUNT, 0, 0, 0)
            shards = [total(cloudwatch, "UserRecordsPut", **stream, ShardId=f"shardId-{number:012}")[1]
                      for number in range(2)]
            assert sum(shards) == COUNT and min(shards) > 0, shards
            assert shards == [sum_of_shard(cloudwatch, f"shardId-{number:012}") for number in range(2)]

        with checks.check("moto: without a right key neither records nor metrics pass, and the log says so once"):
            before = cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]
            done = measure(place, endpoint, keys(access_key, "wrong"), "none")
            assert done.stderr.count("CloudWatch did not take metrics") == 1, done
            assert "wrong" not in done.stderr.replace("wrong shard", ""), done
            assert cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"] == before
