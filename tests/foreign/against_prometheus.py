"""Prometheus scrapes the example `metrics`, and promtool and the dashboards are held against what it shows."""
import json
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request

from harness import HERE, bound, environment, free_port, server

DASHBOARD = HERE.parent.parent / "examples" / "dashboard"
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: sluice
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
NAME = re.compile(r"\b(?:sluice|kinesis)_[a-z_]+")


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def query(api, expression):
    """What Prometheus makes of an expression: [(labels, number)]."""
    answer = json.loads(get(f"{api}/api/v1/query?" + urllib.parse.urlencode({"query": expression})))
    assert answer["status"] == "success", answer
    return [(each["metric"], float(each["value"][1])) for each in answer["data"]["result"]]


def until(what, seconds=30):
    """What `what` gives as soon as it gives something; a server that starts has no answer yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            if found := what():
                return found
            failure = "nothing was there"
        except (OSError, IndexError) as not_yet:
            failure = not_yet
        assert time.monotonic() < end, f"it did not happen in time: {failure}"
        time.sleep(0.2)


def families(text):
    """The names that series may have, with those of a histogram's parts."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
        names |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return names


def expressions():
    board = json.loads((DASHBOARD / "grafana.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$stream", ".*").replace("$__rate_interval", "5s").replace(
                "$__range", "1m")


def check_exposition(checks, place, page):
    with checks.check("promtool: the metrics follow the rules"):
        done = subprocess.run([place.prometheus / "promtool", "check", "metrics"], input=get(f"{page}/metrics"),
                              capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and not done.stderr.strip(), f"{done.returncode}: {done.stdout}{done.stderr}"
    with checks.check("dashboards: every name in them is shown"):
        text = get(f"{page}/metrics")
        parts = families(text)
        used = {name for _, expression in expressions() for name in NAME.findall(expression)}
        assert used and used <= parts, f"not shown: {used - parts}"
        html = get(f"{page}/")
        on_page = set(NAME.findall(html))
        assert on_page, "the page shows nothing"
        wrong = {name for name in on_page if name not in parts and f"{name}_sum" not in parts}
        assert not wrong, f"not shown: {wrong}"
        elsewhere = set(re.findall(r"https?://[^\"'\s]+", html)) - {"http://www.w3.org/2000/svg"}
        assert not elsewhere, f"the page is not self-contained: {elsewhere}"


def check_scraping(checks, page, api):
    delivered = 'sluice_settled_records_total{outcome="delivered"}'
    with checks.check("Prometheus: it scrapes, and its API gives what the producer delivered"):
        labels, first = until(lambda: query(api, f"{delivered} > 0"))[0]
        assert labels["stream_name"] == "clicks" and labels["job"] == "sluice", labels
        until(lambda: query(api, f"{delivered} > {first}"))
        seen = query(api, delivered)[0][1]
        shown = re.search(r'^sluice_settled_records_total\{outcome="delivered",.*\} (\S+)$', get(f"{page}/metrics"),
                          re.M)
        assert first < seen <= float(shown[1]), f"{first} < {seen} <= {shown[1]}"
        assert query(api, "up") and query(api, "min(up)")[0][1] == 1
    with checks.check("Prometheus: every query of the Grafana dashboard gives something"):
        for title, expression in expressions():
            try:
                until(lambda: query(api, expression), 10)
            except AssertionError as failure:
                raise AssertionError(f"{title}: {expression}: {failure}") from None
    with checks.check("Prometheus: what it adds up is what the shards took"):
        by_shard = 'sum(sluice_shard_records_total) == bool sum(sluice_settled_records_total{outcome="delivered"})'
        until(lambda: query(api, by_shard)[0][1] == 1)


def check_end(checks, program):
    with checks.check("the example ends by itself, and sooner when it is asked to"):
        done = subprocess.run(bound([program, "--seconds", "1"]), env=environment(), capture_output=True, text=True,
                              timeout=30)
        assert done.returncode == 0 and re.search(r"^delivered [1-9]\d* records, left 0", done.stdout, re.M), done
        process = subprocess.Popen(bound([program, "--seconds", "60"]), env=environment(), stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        try:
            process.stdout.readline()  # it listens
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=20)
        finally:
            process.kill()
        assert process.returncode == 0 and "left 0" in said, (process.returncode, said)


def run(checks, place, scratch):
    program = place.examples / "metrics"
    if not place.prometheus or not program.exists():
        for what in ("promtool", "the dashboards", "scraping", "the queries", "the sums", "the end"):
            checks.skip(f"Prometheus: {what}", "prometheus or prometheus-cpp is not there")
        return
    check_end(checks, program)
    port, own = free_port(), free_port()
    config = scratch / "prometheus.yml"
    config.write_text(CONFIG.format(port=port))
    with server(port, program, "--seconds", "120", "--port", port) as page:
        with server(own, place.prometheus / "prometheus", f"--config.file={config}",
                    f"--storage.tsdb.path={scratch / 'prometheus'}", f"--web.listen-address=127.0.0.1:{own}") as api:
            check_scraping(checks, page, api)
            check_exposition(checks, place, page)
