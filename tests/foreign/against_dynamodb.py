"""Repositories against DynamoDB Local, moto with verified signatures, and dynalite; boto3 reads and writes beside them."""
import contextlib
import decimal
import json
import os
import signal
import subprocess
import time

from against_moto import make_user
from harness import HERE, bound, client, environment, free_port, keys, server

DIGITS = "12345678901234567890123456789012345678"
# Every type, as only boto3 writes them.
EVERYTHING = {
    "$id": {"S": "everything"}, "$version": {"N": "7"}, "name": {"S": "größer 日本語 😀 \u2028\"\\\n"},
    "digits": {"N": DIGITS}, "tiny": {"N": "-1.2345678901234567890123456789012345678E-100"}, "whole": {"N": "42"},
    "bytes": {"B": bytes(range(256))}, "texts": {"SS": ["b", "a", "größer"]}, "numbers": {"NS": ["1", DIGITS, "-0.5"]},
    "blobs": {"BS": [b"\0", b"\xff\xfe"]}, "yes": {"BOOL": True}, "null": {"NULL": True}, "empty": {"S": ""},
    "list": {"L": [{"N": DIGITS}, {"SS": ["x"]}, {"L": []}, {"M": {}}]},
    "map": {"M": {"#n": {"S": ":v"}, "a.b": {"B": b"\x80"}, "size": {"NS": [DIGITS]}}}}

DOCUMENT = {"name": "'; DROP TABLE items; --", "price": 0.1, "least": -2**63, "most": 2**64 - 1, "size": 1e100,
            "status": None, "yes": True, "list": [1, "two", [], {}], "object": {"#n": {":v": 1.5}}, "$id": "its own",
            "empty": ""}
WRITTEN = {"name": {"S": "'; DROP TABLE items; --"}, "price": {"N": "0.1"}, "least": {"N": str(-2**63)},
           "most": {"N": str(2**64 - 1)}, "size": {"N": "1" + 100 * "0"}, "status": {"NULL": True}, "yes": {"BOOL": True},
           "list": {"L": [{"N": "1"}, {"S": "two"}, {"L": []}, {"M": {}}]},
           "object": {"M": {"#n": {"M": {":v": {"N": "1.5"}}}}}, "$$id": {"S": "its own"}, "empty": {"S": ""},
           "$id": {"S": "a"}}


class Server:
    """One that speaks DynamoDB, and what its repositories are known to break."""

    def __init__(self, name, endpoint, access_key, secret_key, rules=(), lacks=lambda rule: False):
        self.name = name
        self.endpoint = endpoint
        self.access_key = access_key
        self.secret_key = secret_key
        self.rules = rules
        self.lacks = lacks

    def boto3(self):
        return client(self.endpoint, self.access_key, self.secret_key, "dynamodb")


def repository(place, credentials, verb, where, name, *words, lines=()):
    done = subprocess.run(bound([place.repository, verb, where, name, *words]), env=environment(**credentials),
                          input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, f"repository {verb} ended with {done.returncode}: {done.stderr[-2_000:]}"
    return [line for line in done.stdout.split("\n") if line]


def plain(value):
    """An attribute, so that equal ones are equal: numbers by their worth, sets without an order."""
    (kind, content), = value.items()
    if kind == "N":
        return kind, decimal.Decimal(content)
    if kind == "NS":
        return kind, sorted(map(decimal.Decimal, content))
    if kind in ("SS", "BS"):
        return kind, sorted(content)
    if kind == "L":
        return kind, [plain(each) for each in content]
    if kind == "M":
        return kind, plain_item(content)
    return kind, content


def plain_item(item):
    return {name: plain(value) for name, value in item.items()}


def item_of(dynamodb, table, key):
    return plain_item(dynamodb.get_item(TableName=table, Key={"$id": {"S": key}}, ConsistentRead=True)["Item"])


def look(checks, place, its):
    good = keys(its.access_key, its.secret_key)
    dynamodb = its.boto3()

    def call(verb, *words, lines=()):
        return repository(place, good, verb, its.endpoint, "items", *words, lines=lines)

    with checks.check(f"{its.name}: the repository keeps every rule that the server can"):
        tried, *broken = repository(place, good, "rules", its.endpoint, "rules", *its.rules)
        assert int(tried.split()[0]) >= 13, tried
        assert all(map(its.lacks, broken)), broken

    with checks.check(f"{its.name}: boto3 reads what the repository wrote, exactly"):
        call("add", lines=[{"id": "a", "document": DOCUMENT}])
        found = item_of(dynamodb, "items", "a")
        assert found.pop("$version")[1] > 0
        assert found == plain_item(WRITTEN), found

    with checks.check(f"{its.name}: the repository reads what boto3 wrote, of every type"):
        dynamodb.put_item(TableName="items", Item=EVERYTHING)
        line, = call("get", "everything")
        document = json.loads(line)
        assert document["name"] == EVERYTHING["name"]["S"], document
        assert document["digits"] == float(DIGITS) and document["whole"] == 42, document
        assert sorted(document["texts"]) == sorted(EVERYTHING["texts"]["SS"]), document
        assert document["map"]["a.b"] == "gA==" and document["null"] is None, document
        assert call("find", "name", EVERYTHING["name"]["S"]) == ["everything"]

    with checks.check(f"{its.name}: an update leaves what it did not change exactly as it was"):
        before = item_of(dynamodb, "items", "everything")
        call("set", "everything", '{"name": "new"}')
        after = item_of(dynamodb, "items", "everything")
        assert after.pop("$version")[1] > before.pop("$version")[1]
        assert after.pop("name") == ("S", "new") and before.pop("name")
        assert after == before == {name: plain(EVERYTHING[name]) for name in before}, after

    with checks.check(f"{its.name}: the client copies 38 digits, sets and bytes exactly"):
        call("copy", "everything", "copy")
        copied = item_of(dynamodb, "items", "copy")
        assert copied.pop("$id") == ("S", "copy")
        original = item_of(dynamodb, "items", "everything")
        del original["$id"]
        assert copied == original, copied


def look_at_storages(checks, place, its):
    good = keys(its.access_key, its.secret_key)
    with checks.check(f"{its.name}: queries by indexes find what reading everything finds"):
        found, = repository(place, good, "indexes", its.endpoint, "indexed")
        assert int(found.split()[0]) > 100, found
    for kind in "tuned", "documents":
        with checks.check(f"{its.name}: a storage keeps every rule of one, {kind}"):
            tried, *broken = repository(place, good, "storage", its.endpoint, f"storages-{kind}", kind)
            assert int(tried.split()[0]) >= 14 and not broken, (tried, broken)


def take_over(checks, place, its):
    """A process that has a storage in a table is killed, and another one takes it over when the lease has ended."""
    good = keys(its.access_key, its.secret_key)
    command = [place.repository, "fill", its.endpoint, "taken-over"]
    with checks.check(f"{its.name}: what a killed process had in a DynamoDbStorage is there after its lease, and whole"):
        for times in range(3):
            # Whatever becomes of it, it is killed after a minute.
            filler = subprocess.Popen(bound(["timeout", "--signal=KILL", "60", *bound(command)]), env=environment(**good),
                                      stdout=subprocess.PIPE, text=True, start_new_session=True)
            try:
                stored = [int(filler.stdout.readline()) for _ in range(10)]
                if times == 0:
                    # While it is alive nobody else has the storage.
                    other = subprocess.run(bound(command), env=environment(**good), capture_output=True, text=True,
                                           timeout=60)
                    assert other.returncode == 1 and "keeps its lease" in other.stderr, other.stderr[-500:]
            finally:
                os.killpg(filler.pid, signal.SIGKILL)
            stored += [int(line) for line in filler.stdout.read().splitlines()]
            filler.wait()
            begun = time.monotonic()
            there = [int(line) for line in repository(place, good, "drain", its.endpoint, "taken-over")]
            took = time.monotonic() - begun
            assert there[:len(stored)] == stored and len(there) <= len(stored) + 1, (stored, there)
            assert took > 1.5, f"after {took} s the lease had not ended"
            begun = time.monotonic()
            assert not repository(place, good, "drain", its.endpoint, "taken-over")
            assert time.monotonic() - begun < took, "a lease that was given back was waited for"
    with checks.check(f"{its.name}: it leaves no pieces behind"):
        left = its.boto3().scan(TableName="taken-over", ProjectionExpression="#p", ExpressionAttributeNames={
            "#p": "place"})["Items"]
        assert sorted(item["place"]["S"] for item in left) == ["store", "streams/stream"], left


@contextlib.contextmanager
def moto(place):
    port = free_port()
    with server(port, place.python.parent / "moto_server", "-H", "127.0.0.1", "-p", port,
                INITIAL_NO_AUTH_ACTION_COUNT="3") as endpoint:
        # Moto fails where values of different types are compared, as random queries do.
        yield Server("moto", endpoint, *make_user(endpoint), rules=("items", "live"))


@contextlib.contextmanager
def dynamodb_local():
    port = free_port()
    with server(port, HERE.parent / "servers.sh", "run", "dynamodb", "--port", port) as endpoint:
        yield Server("DynamoDB Local", endpoint, "local", "local")


def dynalite_lacks(rule):
    """It has no transactions, and it orders texts by UTF-16, in which emoji come before some signs that are less."""
    return "_all`" in rule or rule in ("What has a new id can be added.",
                                       "Every repository gives the same answer to a query.")


@contextlib.contextmanager
def dynalite(place):
    port = free_port()
    with server(port, "node", "-r", HERE / "loopback.js", place.dynalite / "cli.js", "--port", port, "--createTableMs",
                "0") as endpoint:
        yield Server("dynalite", endpoint, "local", "local", rules=("items", "queries"), lacks=dynalite_lacks)


def look_with_sqlite3(checks, place, scratch):
    path = scratch / "items.db"

    def sqlite(query):
        done = subprocess.run(["sqlite3", "-readonly", path, query], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    with checks.check("sqlite3 reads the file of a repository, and fields of its documents"):
        more = [{"id": f"{number}", "document": {"name": "many", "n": number}} for number in range(100)]
        repository(place, {}, "add", path, "things", lines=[{"id": "a", "document": DOCUMENT}])
        repository(place, {}, "add_all", path, "others", lines=more)
        assert sqlite("PRAGMA integrity_check") == "ok"
        assert sqlite("SELECT id, json_extract(body, '$.name'), json_extract(body, '$.price') FROM items"
                      " WHERE collection = 'things'") == f"a|{DOCUMENT['name']}|0.1"
        assert json.loads(sqlite("SELECT body FROM items WHERE collection = 'things'")) == DOCUMENT
        assert sqlite("SELECT count(*), sum(json_extract(body, '$.n')) FROM items WHERE collection = 'others'") == \
            f"100|{sum(range(100))}"


def run(checks, place, scratch):
    look_with_sqlite3(checks, place, scratch)
    with moto(place) as its:
        look(checks, place, its)
        with checks.check("moto: a wrong secret is refused, and said"):
            done = subprocess.run(bound([place.repository, "get", its.endpoint, "items", "a"]), text=True,
                                  env=environment(**keys(its.access_key, "wrong")), capture_output=True, timeout=60)
            assert done.returncode == 1 and "signature" in done.stderr and "wrong" not in done.stderr, done
    if place.dynamodb_local:
        with dynamodb_local() as its:
            look(checks, place, its)
            look_at_storages(checks, place, its)
            take_over(checks, place, its)
    else:
        checks.skip("DynamoDB Local", "it is not there or cannot be installed")
    if place.dynalite:
        with dynalite(place) as its:
            look(checks, place, its)
    else:
        checks.skip("dynalite", "npm is not there or cannot install it")
