"""A process that writes to a spool: python -m tests.spool_writer <spool> <acknowledged> <rows>.

Each id stands in the file of the acknowledged as soon as its append returned; kill -9 keeps both.
"""

import os
import sys

from tests.prediction_rows import make_row
from weighbridge_predictionlog import Spool


def main(directory: str, acknowledged: str, count: int) -> None:
    spool = Spool(directory, rotate_bytes=256 * 1024)
    descriptor = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(count):
        row = make_row(server_instance=str(os.getpid()))
        if spool.append([row]):
            os.write(descriptor, f"{row.prediction_id}\n".encode())
    spool.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
