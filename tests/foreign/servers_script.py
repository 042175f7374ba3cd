"""tests/servers.sh, as somebody would use it: DynamoDB Local, asked by the AWS CLI and boto3."""
import json
import pathlib
import socket
import subprocess

from harness import HERE, client, environment, free_port, keys

SCRIPT = HERE.parent / "servers.sh"


def script(verb, *options):
    return subprocess.run([SCRIPT, verb, "dynamodb", *map(str, options)], env=environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120)


def listening(port):
    """The addresses at which somebody listens, as the kernel writes them."""
    lines = [line.split() for family in ("tcp", "tcp6")
             for line in pathlib.Path(f"/proc/net/{family}").read_text().splitlines()[1:]]
    return [line[1].split(":")[0] for line in lines if line[3] == "0A" and int(line[1].split(":")[1], 16) == port]


def commands(port):
    """The command lines of all processes which mention the port."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if "-port" in words and str(port) in words:
            found.append(words)
    return found


def table_names(port):
    return client(f"http://127.0.0.1:{port}", "local", "local", "dynamodb").list_tables()["TableNames"]


def run(checks, place, scratch):
    if not place.dynamodb_local:
        checks.skip("tests/servers.sh", "DynamoDB Local is not there or cannot be installed")
        return
    port = free_port()
    try:
        look(checks, place, port, scratch / "kept tables")
    finally:
        script("stop", "--port", port)


def look(checks, place, port, data):
    with checks.check("tests/servers.sh: what is asked for wrongly is refused, in words"):
        for options in (("--port", "0"), ("--port", "65536"), ("--port", "80x"), ("--data",), ("--wrong",)):
            done = script("start", *options)
            assert done.returncode != 0 and done.stderr, (options, done)
        assert "start dynamodb" in script("--help").stdout
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            done = script("start", "--port", other.getsockname()[1])
            assert done.returncode == 1 and "Another program listens" in done.stderr, done

    with checks.check("tests/servers.sh: start waits until the AWS CLI's list-tables is answered"):
        done = script("start", "--port", port)
        assert done.returncode == 0 and f'http://127.0.0.1:{port}: {{"TableNames":[]}}' in done.stdout, done
        listed = subprocess.run([place.python.parent / "aws", "dynamodb", "list-tables", "--endpoint-url",
                                 f"http://localhost:{port}"], env=environment(**keys("local", "local")),
                                capture_output=True, text=True, timeout=60)
        assert json.loads(listed.stdout) == {"TableNames": []}, listed
        again = script("start", "--port", port)
        assert again.returncode == 0 and "runs already" in again.stdout, again
        other = script("start", "--port", port, "--data", data)
        assert other.returncode == 1 and "in memory" in other.stderr, other

    with checks.check("tests/servers.sh: no other machine can reach it"):
        assert listening(port) == ["0100007F"], listening(port)

    with checks.check("tests/servers.sh: stop leaves nothing behind"):
        done = script("stop", "--port", port)
        assert done.returncode == 0 and "has ended" in done.stdout, done
        assert not commands(port) and not listening(port)
        done = script("stop", "--port", port)
        assert done.returncode == 0 and "No DynamoDB Local runs" in done.stdout, done

    with checks.check("tests/servers.sh: --data keeps tables over a restart, and memory does not"):
        assert script("start", "--port", port, "--data", data).returncode == 0
        dynamodb = client(f"http://127.0.0.1:{port}", "local", "local", "dynamodb")
        dynamodb.create_table(TableName="kept", BillingMode="PAY_PER_REQUEST",
                              AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                              KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
        dynamodb.put_item(TableName="kept", Item={"id": {"S": "a"}, "n": {"N": "1" * 38}})
        second = free_port()
        done = script("start", "--port", second, "--data", data)
        assert done.returncode == 1 and "Another server keeps its data" in done.stderr, done
        assert not commands(second)
        assert script("stop", "--port", port).returncode == 0
        assert script("start", "--port", port, "--data", data).returncode == 0
        item = client(f"http://127.0.0.1:{port}", "other", "other", "dynamodb").get_item(
            TableName="kept", Key={"id": {"S": "a"}})["Item"]
        assert item["n"] == {"N": "1" * 38}, item
        assert script("stop", "--port", port).returncode == 0
        assert script("start", "--port", port).returncode == 0
        assert table_names(port) == []
        assert script("stop", "--port", port).returncode == 0
        assert data.stat().st_mode & 0o777 == 0o700, oct(data.stat().st_mode)
