import itertools
import os
import sys
import threading
import time
import uuid

from weighbridge_predictionlog import hash_sticky_key, new_prediction_id


def test_ids_are_uuid7_of_now() -> None:
    before = time.time_ns() // 1_000_000
    prediction_id = new_prediction_id()
    after = time.time_ns() // 1_000_000
    assert isinstance(prediction_id, uuid.UUID)
    assert prediction_id.version == 7
    assert prediction_id.variant == uuid.RFC_4122
    # The generator may run ahead of the clock when a millisecond's counter is used up.
    assert before <= prediction_id.int >> 80 <= after + 1


def test_ids_grow_within_a_millisecond() -> None:
    ids = [new_prediction_id() for _ in range(50_000)]
    assert all(earlier < later for earlier, later in itertools.pairwise(ids))


def test_ids_grow_in_each_thread_and_never_repeat() -> None:
    made: list[list[uuid.UUID]] = [[] for _ in range(4)]

    def make(mine: list[uuid.UUID]) -> None:
        mine.extend(new_prediction_id() for _ in range(10_000))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=make, args=(mine,)) for mine in made]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    for mine in made:
        assert all(earlier < later for earlier, later in itertools.pairwise(mine))
    assert len(set(itertools.chain(*made))) == 40_000


def test_a_forked_child_makes_other_ids() -> None:
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, "\n".join(str(new_prediction_id()) for _ in range(1000)).encode())
        os._exit(0)
    own = {str(new_prediction_id()) for _ in range(1000)}
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        of_child = set(pipe.read().splitlines())
    assert len(of_child) == 1000
    assert not own & of_child


def test_a_hash_is_stable_and_depends_on_key_and_salt() -> None:
    assert hash_sticky_key("user-1", "salt") == hash_sticky_key("user-1", "salt")
    assert hash_sticky_key("user-1", "salt") != hash_sticky_key("user-2", "salt")
    assert hash_sticky_key("user-1", "salt") != hash_sticky_key("user-1", "other salt")
    assert len(hash_sticky_key("user-1", "salt")) == 32
