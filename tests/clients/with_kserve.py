"""Calls a server as a user of KServe's client does, in an environment that has nothing of ours.

Reads a job from stdin: `target`, `model`, and `tensors`, by name the data type and the nested
values. Writes to stdout, as JSON, what the client understood of lists (typed contents) and of
arrays (raw ones).
"""

import asyncio
import json
import logging
import sys
from typing import Any

import grpc
import numpy as np
from kserve import (
    InferenceGRPCClient,
    InferInput,
    InferRequest,
)
from kserve.utils.numpy_codec import to_np_dtype


async def main() -> None:
    logging.disable()  # it logs what it raises too
    job = json.load(sys.stdin)
    model, tensors = job["model"], job["tensors"]
    async with InferenceGRPCClient(job["target"]) as client:
        typed = await client.infer(request(model, tensors, raw=False, request_id="mine"))
        raw = await client.infer(request(model, tensors, raw=True))
        said = {
            "live": await client.is_server_live(),
            "ready": await client.is_server_ready(),
            "model_ready": await client.is_model_ready(model),
            "other_ready": await client.is_model_ready("other"),
            "id": typed.id,
            "typed": {output.name: as_lists(output.as_numpy()) for output in typed.outputs},
            "raw": {output.name: as_lists(output.as_numpy()) for output in raw.outputs},
            "prediction_ids": typed.parameters["prediction_ids"].string_param,
            "wrong_version": await refused(
                client, request(model, tensors, raw=True, model_version="8")
            ),
            "missing": await refused(client, request(model, {}, raw=True)),
        }
    json.dump(said, sys.stdout)


def request(model: str, tensors: dict[str, Any], *, raw: bool, **fields: Any) -> Any:
    inputs = []
    for name, (kind, values) in tensors.items():
        tensor = np.array(values, to_np_dtype(kind))
        data = tensor if raw else tensor.ravel().tolist()
        inputs.append(InferInput(name, list(tensor.shape), kind, data))
    return InferRequest(model, inputs, **fields)


def as_lists(tensor: Any) -> Any:
    if tensor.dtype == np.object_:
        decode = np.vectorize(lambda one: one if isinstance(one, str) else one.decode())
        tensor = decode(tensor)
    return tensor.tolist()


async def refused(client: Any, asked: Any) -> list[str]:
    try:
        await client.infer(asked)
    except grpc.RpcError as error:
        call: Any = error
        return [str(call.code()), call.details()]
    return ["OK", ""]


if __name__ == "__main__":
    asyncio.run(main())
