"""The question in Spark: run by a Python that has `pyspark` and finds Java.

Takes a JSON object as its argument (`events`, `out`, `query`, `memory`) and prints one (`seconds`,
`cpu_seconds`, `peak_gb`). The start of the session is not counted.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main(events: str, out: str, query: str, memory: str) -> dict[str, float]:
    """Answer the question."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", memory)
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "16",
        "spark.sql.parquet.compression.codec": "lz4_raw",
        "spark.local.dir": out,
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    java = _java()
    cpu_begun, begun = _cpu(java), time.perf_counter()
    session.read.option("recursiveFileLookup", "true").parquet(events).createOrReplaceTempView("events")
    session.sql(query).write.parquet(f"{out}/answer")
    found = {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": _cpu(java) - cpu_begun,
        "peak_gb": _peak(java),
    }
    session.stop()
    return found


def _java() -> int:
    """The process that does the work, which is this one's child."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,comm=", "--ppid", str(os.getpid())], capture_output=True, text=True
    )
    return next(int(line.split()[0]) for line in listed.stdout.splitlines() if "java" in line)


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(process: int) -> float:
    (line,) = [
        row for row in Path(f"/proc/{process}/status").read_text().splitlines() if row.startswith("VmHWM")
    ]
    return int(line.split()[1]) / 1024**2


if __name__ == "__main__":
    print(json.dumps(main(**json.loads(sys.argv[1]))))
