"""Holds the library against servers and clients that others wrote; run.sh prepares and starts this."""
import pathlib
import signal
import sys
import tempfile
import time

import against_dynamodb
import against_kinesis_local
import against_local
import against_moto
import against_prometheus
import aggregates
import buffer_file
import metrics_in_moto
import offload_in_moto
import servers_script
from harness import Checks


class Place:
    """Where the programs lie."""

    def __init__(self, examples, programs, kinesis_local, prometheus, dynamodb_local, dynalite):
        self.python = pathlib.Path(sys.executable)
        self.examples = pathlib.Path(examples)
        self.put = pathlib.Path(programs) / "foreign_put"
        self.measure = pathlib.Path(programs) / "foreign_measure"
        self.offload = pathlib.Path(programs) / "foreign_offload"
        self.deaggregate = pathlib.Path(programs) / "foreign_deaggregate"
        self.repository = pathlib.Path(programs) / "foreign_repository"
        self.kinesis_local = pathlib.Path(kinesis_local) if kinesis_local else None
        self.prometheus = pathlib.Path(prometheus) if prometheus else None
        self.dynamodb_local = pathlib.Path(dynamodb_local) if dynamodb_local else None
        self.dynalite = pathlib.Path(dynalite) if dynalite else None


def main(examples, programs, kinesis_local="", prometheus="", dynamodb_local="", dynalite=""):
    # As an exception, so that every server is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    checks = Checks()
    place = Place(examples, programs, kinesis_local, prometheus, dynamodb_local, dynalite)
    with tempfile.TemporaryDirectory(prefix="sluice-foreign-") as scratch:
        for part in (against_local, aggregates, buffer_file, against_moto, metrics_in_moto, offload_in_moto,
                     against_kinesis_local, against_prometheus, servers_script, against_dynamodb):
            start = time.monotonic()
            try:
                part.run(checks, place, pathlib.Path(scratch))
            except Exception as failure:  # a server that did not start, or a step between the checks
                checks.failed += 1
                print(f"{part.__name__}: FAILED: {type(failure).__name__}: {failure}")
            print(f"  {part.__name__} took {time.monotonic() - start:.0f} s", flush=True)
    print(f"{checks.passed} passed, {checks.failed} failed" + (f", {checks.skipped} skipped" if checks.skipped else ""))
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
