"""The buffer that a killed producer leaves, looked at with SQLite's own program, and emptied by the next producer."""
import os
import signal
import subprocess

from harness import Put, client, compare, environment, free_port, keys, read_back, records, server, write_records

COUNT = 1_500


def sqlite(path, query):
    # Read only: what it sees is what the killed process left, log included, and it leaves it like that.
    done = subprocess.run(["sqlite3", "-readonly", path, query], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def kill_midway(put, endpoint, file):
    """Kills the producer while it puts; gives how many records it had said to be safe."""
    process = subprocess.Popen(put.command(endpoint, "kept", 600, "json", file), env=environment(**keys("local", "local")),
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    safe = 0
    for line in process.stdout:
        safe = int(line.split()[1])
        if safe >= COUNT // 2:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    return safe


def run(checks, place, scratch):
    port = free_port()
    made = records(COUNT, 5)
    write_records(scratch / "kept.txt", made)
    buffer = scratch / "kept.db"
    put = Put(place.put, buffer)
    safe = kill_midway(put, f"http://127.0.0.1:{port}", scratch / "kept.txt")  # where nobody listens yet

    with checks.check("kill -9: PRAGMA integrity_check of the buffer says ok"):
        assert safe >= COUNT // 2, safe
        assert sqlite(buffer, "PRAGMA integrity_check") == "ok"

    with checks.check("kill -9: only the owner can read the files that are left"):
        left = list(scratch.glob("kept.db*"))
        assert len(left) >= 2, left
        for path in left:
            assert os.stat(path).st_mode & 0o777 == 0o600, (path, oct(os.stat(path).st_mode))

    with checks.check("kill -9: the next producer delivers everything that was said to be safe"):
        with server(port, place.examples / "local_kinesis", "--port", port, "--stream", "kept:2",
                    "--no-throttle") as endpoint:
            report = put.run(endpoint, "kept", keys("local", "local"), 30)
            assert report["recovered"] >= safe and report["left"] == report["failed"] == 0, (safe, report)
            # What was put while the kill was on its way may be there too, in whole pieces.
            compare(made[:report["recovered"]], read_back(client(endpoint, "local", "local"), "kept"))
        assert sqlite(buffer, "PRAGMA integrity_check") == "ok"
        assert sqlite(buffer, "SELECT count(*) FROM chunks") == "0"
