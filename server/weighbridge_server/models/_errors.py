"""What can go wrong between a pin or an alias and an answer of its model.

ModelError
├── LoadError                     there is no model that may answer; no call meets these
│   ├── RegistryUnreachableError  MLflow does not answer, or refuses us
│   ├── UnresolvedAliasError      MLflow has no such model or alias, or too little about its version
│   ├── ArtefactMissingError      the store answers, and has no such object
│   ├── StoreUnreachableError     the store does not answer, or refuses us
│   ├── DigestMismatchError       the bytes are not the pinned ones
│   ├── BrokenArtefactError       the bytes are no model, or say too little about themselves
│   └── SmokeTestError            the model does not answer as it did in training
├── SignatureError                the graph wants or gives what a service does not know: ends a
│                                 load, or the calls of that service alone
└── RunError                      a ready model has no answer to a call
    ├── TensorsRefusedError       the call's tensors are not what the graph takes
    └── ModelRunError             the graph failed, or gave no score
"""

import re


def reason_of(error: BaseException) -> str:
    """Name an error's kind as answers, logs and metrics do: DIGEST_MISMATCH."""
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


class ModelError(Exception):
    """Base of this room's errors; each message tells the cause and the next step."""


class LoadError(ModelError):
    """There is no model that may answer."""


class RegistryUnreachableError(LoadError):
    """No MLflow answers at the address, or it refuses this caller."""


class UnresolvedAliasError(LoadError):
    """The registry does not say which bytes the alias stands for."""


class ArtefactMissingError(LoadError):
    """The store has no object at the pinned URI."""


class StoreUnreachableError(LoadError):
    """The store does not answer, takes too long, or refuses the credentials."""


class DigestMismatchError(LoadError):
    """The bytes at the pin's URI are not the ones its digest stands for."""


class BrokenArtefactError(LoadError):
    """The file is no ONNX model, or lacks what a served model must say about itself."""


class SmokeTestError(LoadError):
    """The recorded smoke prediction did not come out again."""


class SignatureError(ModelError):
    """The graph's inputs cannot be supplied, or it gives no probability and label per row."""


class RunError(ModelError):
    """A ready model has no answer to a call."""


class TensorsRefusedError(RunError):
    """Names, types or fixed dimensions of a call's tensors are not the graph's."""


class ModelRunError(RunError):
    """The loaded graph failed while it was computing, or what it gave is no score."""
