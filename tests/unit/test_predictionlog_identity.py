import itertools
import os
import sys
import threading
import time
import uuid

import pytest

from weighbridge_predictionlog import (
    hash_sticky_key,
    new_prediction_id,
    new_prediction_id_text,
    new_prediction_ids,
)


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


@pytest.mark.parametrize("count", [0, 1, 3, 65_536])
def test_a_block_is_of_ids_like_others(count: int) -> None:
    before, ids, after = new_prediction_id(), new_prediction_ids(count), new_prediction_id()
    assert len(ids) == count
    made = list(ids)
    assert all(one.version == 7 and one.variant == uuid.RFC_4122 for one in made[:3])
    in_order = [before, *made, after]
    assert all(earlier < later for earlier, later in itertools.pairwise(in_order))
    assert ids.texts() == [str(one) for one in made]


def test_a_block_is_a_sequence() -> None:
    ids = new_prediction_ids(5)
    made = list(ids)
    assert (ids[0], ids[-1], ids[1:3]) == (made[0], made[-1], made[1:3])
    assert made[4] in ids
    assert new_prediction_id() not in ids
    assert (ids.count(made[2]), ids.count(None)) == (1, 0)
    with pytest.raises(IndexError):
        ids[5]


def test_a_block_has_a_limit() -> None:
    with pytest.raises(ValueError, match="ids at once"):
        new_prediction_ids(-1)


def test_ids_as_text_grow_with_the_others() -> None:
    texts = []
    for _ in range(1000):
        texts += [str(new_prediction_id()), new_prediction_id_text()]
    assert all(earlier < later for earlier, later in itertools.pairwise(texts))
    assert uuid.UUID(texts[1]).version == 7


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
