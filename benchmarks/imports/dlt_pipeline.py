"""The same records through dlt: its rest_api source into its filesystem destination. Runs where dlt is installed.

python dlt_pipeline.py ADDRESS FOLDER PAGE_SIZE; prints records, seconds and seconds of processors.
"""

import os
import resource
import sys
import time
from pathlib import Path


def main(address: str, folder: str, size: int) -> None:
    """Carry everything over once, and say what it took, without what importing and starting dlt take."""
    place = Path(folder)
    os.environ.update(
        {
            "DLT_DATA_DIR": str(place / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
        }
    )
    import dlt  # noqa: PLC0415  only where this runs as a program
    from dlt.sources.rest_api import rest_api_source  # noqa: PLC0415

    pipeline = dlt.pipeline(
        pipeline_name="devices",
        pipelines_dir=str(place / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=(place / "out").as_uri()),
        dataset_name="devices",
    )
    source = rest_api_source(
        {
            "client": {"base_url": f"http://{address}/"},
            "resources": [
                {
                    "name": "devices",
                    "write_disposition": "replace",
                    "endpoint": {
                        "path": "devices",
                        "params": {"limit": size},
                        "data_selector": "rows",
                        "paginator": {"type": "json_link", "next_url_path": "next"},
                    },
                }
            ],
        }
    )
    begun, used = time.perf_counter(), _processors()
    pipeline.run(source)
    seconds = time.perf_counter() - begun
    counts = pipeline.last_trace.last_normalize_info.row_counts
    print(counts["devices"], seconds, _processors() - used)


def _processors() -> float:
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in uses)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
