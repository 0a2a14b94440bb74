"""Calls a server as a user of tritonclient does, in an environment that has nothing of ours.

Reads a job from stdin: `target`, `model`, and `tensors`, by name the data type and the nested
values. Writes to stdout, as JSON, what the client understood.
"""

import json
import sys
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import (
    InferenceServerException,
    triton_to_np_dtype,
)


def main() -> None:
    job = json.load(sys.stdin)
    client = triton.InferenceServerClient(job["target"])
    model, tensors = job["model"], job["tensors"]
    inputs = [to_input(name, kind, values) for name, (kind, values) in tensors.items()]
    metadata = client.get_model_metadata(model, "7", as_json=True)
    outputs = [output["name"] for output in metadata["outputs"]]
    answer = client.infer(model, inputs, request_id="mine", compression_algorithm="gzip")
    chosen = client.infer(model, inputs, outputs=[triton.InferRequestedOutput(outputs[-1])])
    said = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": [client.is_model_ready(model, version) for version in ("", "7", "8")],
        "other_ready": client.is_model_ready("other"),
        "server": client.get_server_metadata(as_json=True)["name"],
        "metadata": metadata,
        "id": answer.get_response().id,
        "outputs": {name: as_lists(answer.as_numpy(name)) for name in outputs},
        "chosen": [output.name for output in chosen.get_response().outputs],
        "prediction_ids": answer.get_response().parameters["prediction_ids"].string_param,
        "wrong_version": refused(client, model, inputs, model_version="8"),
        "missing": refused(client, model, inputs[1:]),
    }
    json.dump(said, sys.stdout)


def to_input(name: str, kind: str, values: Any) -> Any:
    tensor = np.array(values, triton_to_np_dtype(kind))
    given = triton.InferInput(name, tensor.shape, kind)
    given.set_data_from_numpy(tensor)
    return given


def as_lists(tensor: Any) -> Any:
    if tensor.dtype == np.object_:
        tensor = np.vectorize(bytes.decode, otypes=[object])(tensor)
    return tensor.tolist()


def refused(client: Any, model: str, inputs: list[Any], **options: Any) -> list[str]:
    try:
        client.infer(model, inputs, **options)
    except InferenceServerException as error:
        return [error.status(), error.message()]
    return ["OK", ""]


if __name__ == "__main__":
    main()
