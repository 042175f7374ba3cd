"""The producer against kinesis-local, another Kinesis, in both wires."""
from harness import HERE, Put, client, compare, free_port, keys, read_back, records, server, write_records

COUNT = 600


def run(checks, place, scratch):
    if not place.kinesis_local:
        for wire in ("JSON", "CBOR"):
            checks.skip(f"kinesis-local: {wire}", "npm is not there or cannot install it")
        return
    port = free_port()
    with server(port, "node", "-r", HERE / "loopback.js", place.kinesis_local / "main.js",
                KINESIS_MOCK_PLAIN_PORT=str(port), KINESIS_MOCK_TLS_PORT=str(free_port()), LOG_LEVEL="ERROR",
                KINESIS_MOCK_CERT_PATH=str(place.kinesis_local / "server.json"),
                INITIALIZE_STREAMS="json:3,cbor:3") as endpoint:
        kinesis = client(endpoint, "any", "thing", attempts=8)
        for wire in ("json", "cbor"):
            kinesis.get_waiter("stream_exists").wait(StreamName=wire, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
            with checks.check(f"kinesis-local: {COUNT} records arrive in {wire.upper()}, byte for byte"):
                made = records(COUNT, 3, longest_key=128)  # it counts UTF-16 units, not characters
                write_records(scratch / f"{wire}.txt", made)
                put = Put(place.put, scratch / f"{wire}.db")
                report = put.run(endpoint, wire, keys("any", "thing"), 60, wire, scratch / f"{wire}.txt")
                assert report["left"] == report["failed"] == 0 and report["delivered"] == COUNT, report
                compare(made, read_back(kinesis, wire))
