import errno
import itertools
import math
import resource
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.prediction_rows import make_row, make_rows
from weighbridge_predictionlog import Spool, SpoolError, SpoolReader
from weighbridge_predictionlog.spool import list_segments


def test_rows_come_back_as_they_were_appended(tmp_path: Path) -> None:
    rows = make_rows(3)
    spool = Spool(tmp_path / "spool")
    assert spool.append(rows[:1])
    assert spool.append(rows[1:])
    assert list(SpoolReader(spool.directory)) == rows
    assert spool.appended_rows == 3


def test_a_new_spool_leaves_the_segments_of_earlier_ones(tmp_path: Path) -> None:
    rows = make_rows(3)
    for row in rows:
        spool = Spool(tmp_path)
        spool.append([row])
        spool.close()
    assert len(list_segments(tmp_path)) == 3
    assert list(SpoolReader(tmp_path)) == rows


def test_it_rotates_by_size(tmp_path: Path) -> None:
    rows = make_rows(20)
    spool = Spool(tmp_path, rotate_bytes=2000)
    for row in rows:
        spool.append([row])
    assert len(list_segments(tmp_path)) > 5
    assert list(SpoolReader(tmp_path)) == rows


def test_it_rotates_by_age(tmp_path: Path) -> None:
    spool = Spool(tmp_path, rotate_s=0.0)
    for row in make_rows(3):
        spool.append([row])
    assert len(list_segments(tmp_path)) == 3


def test_only_the_segment_being_written_is_unfinished(tmp_path: Path) -> None:
    spool = Spool(tmp_path, rotate_bytes=1)
    for row in make_rows(3):
        spool.append([row])
    assert [one.is_finished() for one in list_segments(tmp_path)] == [True, True, False]
    spool.close()
    assert all(one.is_finished() for one in list_segments(tmp_path))


def test_many_threads_lose_and_mix_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, rotate_bytes=50_000)
    rows = [make_rows(300) for _ in range(4)]

    def append(mine: int) -> None:
        for row in rows[mine]:
            assert spool.append([row])

    threads = [threading.Thread(target=append, args=(mine,)) for mine in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader = SpoolReader(tmp_path)
    found = {row.prediction_id: row for row in reader}
    assert found == {row.prediction_id: row for row in itertools.chain(*rows)}
    assert reader.damaged == 0


def test_strict_appends_are_read_back(tmp_path: Path) -> None:
    rows = make_rows(5)
    spool = Spool(tmp_path, strict=True, rotate_bytes=1000)
    assert all(spool.append([row]) for row in rows)
    assert list(SpoolReader(tmp_path)) == rows


def test_an_append_after_close_is_counted_and_does_not_raise(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.close()
    spool.close()
    assert not spool.append(make_rows(2))
    assert spool.dropped_rows == 2
    assert spool.last_error is not None
    assert "closed" in spool.last_error


@pytest.mark.parametrize("inputs", [{"value": object()}, {"value": "\ud800"}, {"value": 1 << 70}])
def test_a_row_that_cannot_be_encoded_is_counted(tmp_path: Path, inputs: dict[str, object]) -> None:
    spool = Spool(tmp_path)
    assert not spool.append([make_row(inputs=inputs)])
    assert spool.dropped_rows == 1
    good = make_row()
    assert spool.append([good])
    assert spool.last_error is None
    assert list(SpoolReader(tmp_path)) == [good]


def test_no_number_becomes_null(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([make_row(score=math.nan)])
    assert [row.score for row in SpoolReader(tmp_path)] == [None]


def test_a_folder_that_cannot_be_used_is_a_spool_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError, match="file"):
        Spool(tmp_path / "file")


# A limit on the size of files makes real short writes, as a full disk does.
_LIMITED = """
import resource, signal, sys
from tests.prediction_rows import make_rows
from weighbridge_predictionlog import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
spool = Spool(sys.argv[1])
for row in make_rows(50):
    if spool.append([row]):
        print(row.prediction_id)
print(spool.appended_rows, spool.dropped_rows, spool.last_error, file=sys.stderr)
"""


def test_a_short_write_costs_its_own_row_only(tmp_path: Path, project: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path)],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    acknowledged = done.stdout.split()
    appended, dropped = map(int, done.stderr.splitlines()[-1].split()[:2])
    assert appended == len(acknowledged)
    assert appended + dropped == 50
    assert 0 < dropped < 20
    assert [str(row.prediction_id) for row in SpoolReader(tmp_path)] == acknowledged


def test_a_full_disk_makes_no_flood_of_segments(tmp_path: Path, project: Path) -> None:
    code = _LIMITED.replace("(3000,", "(0,")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stderr.splitlines()
    assert lines[-1].startswith(f"0 50 [Errno {errno.EFBIG}]")
    assert len(lines) == 2, "the failure is logged once"
    assert len(list_segments(tmp_path)) == 1


def test_a_large_append_goes_out_in_pieces_in_its_order(tmp_path: Path) -> None:
    rows = [make_row(inputs={"text": "x" * 10_000}) for _ in range(50)]
    spool = Spool(tmp_path, rotate_bytes=1)
    assert spool.append(iter(rows))
    # A segment is left between two writes, so their number tells how many there were.
    sizes = [segment.size() for segment in list_segments(tmp_path)]
    assert len(sizes) == 5
    assert max(sizes) <= 128 * 1024
    assert list(SpoolReader(tmp_path)) == rows


def test_one_row_that_cannot_be_encoded_costs_no_other(tmp_path: Path) -> None:
    rows = make_rows(2)
    spool = Spool(tmp_path)
    assert not spool.append([rows[0], make_row(inputs={"value": object()}), rows[1]])
    assert list(SpoolReader(tmp_path)) == rows
    assert (spool.appended_rows, spool.dropped_rows) == (2, 1)


def test_a_folder_that_a_shipper_removed_is_made_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", rotate_bytes=1)
    assert spool.append(make_rows(1))
    shutil.rmtree(spool.directory)
    assert spool.append(make_rows(1))
    assert len(list_segments(spool.directory)) == 1


def test_only_owner_and_group_may_read_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.append(make_rows(1))
    for path in (spool.directory, list_segments(spool.directory)[0].path):
        assert path.stat().st_mode & 0o007 == 0, path
