"""What the use cases count beside their answers."""

import numpy as np
import pytest

from tests.fix_models import build_model
from tests.fix_served import Serve, Served
from tests.shipments import GOOD, batch, single
from weighbridge_server.models import SignatureError


@pytest.fixture
def served(serve: Serve) -> Served:
    """A model that knows Truck_1 and Truck_7."""
    return serve(build_model())


def test_an_unknown_asset_is_served_and_counted(served: Served) -> None:
    served.predict(single(asset_id="Truck_7"))
    assert served.counted.unknown == []
    assert served.predict(single(asset_id="Lkw")).prediction_id
    rows = [{**GOOD, "asset_id": name} for name in ("Truck_1", "a", "b", "Truck_7")]
    assert np.isfinite(served.predict_batch(batch(rows)).probabilities).all()
    assert served.counted.unknown == [("asset_id", 1), ("asset_id", 2)]


def test_rows_of_a_batch_are_counted(served: Served) -> None:
    served.predict(single())
    served.predict_batch(batch([GOOD, {**GOOD, "latitude_deg": 91.0}, GOOD]))
    assert served.counted.batches == [("PredictBatch", 2, 1)]


def test_a_model_that_does_not_fit_is_told_why(serve: Serve) -> None:
    served = serve(build_model(metadata={"weighbridge.threshold": None}))
    for ask, request in [(served.predict, single()), (served.predict_batch, batch([GOOD]))]:
        with pytest.raises(SignatureError, match=r"has no weighbridge\.threshold"):
            ask(request)  # type: ignore[operator]  # each with its own
