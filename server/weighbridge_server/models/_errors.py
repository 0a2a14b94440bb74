"""What can go wrong between a pin or an alias and a ready model.

ModelError
├── RegistryUnreachableError  MLflow does not answer, or refuses us
├── UnresolvedAliasError      MLflow has no such model or alias, or too little about its version
├── ArtefactMissingError      the store answers, and has no such object
├── StoreUnreachableError     the store does not answer, or refuses us
├── DigestMismatchError       the bytes are not the pinned ones
├── BrokenArtefactError       the bytes are no model, or say too little about themselves
├── SignatureError            the graph wants or gives what the service does not know
├── SmokeTestError            the model answers, and not as it did in training
└── ModelRunError             the loaded graph failed on a call, or gave no probability
"""


class ModelError(Exception):
    """Base of this room's errors; each message tells the cause and the next step."""


class RegistryUnreachableError(ModelError):
    """No MLflow answers at the address, or it refuses this caller."""


class UnresolvedAliasError(ModelError):
    """The registry does not say which bytes the alias stands for."""


class ArtefactMissingError(ModelError):
    """The store has no object at the pinned URI."""


class StoreUnreachableError(ModelError):
    """The store does not answer, or refuses the credentials."""


class DigestMismatchError(ModelError):
    """The bytes at the pin's URI are not the ones its digest stands for."""


class BrokenArtefactError(ModelError):
    """The file is no ONNX model, or lacks what a served model must say about itself."""


class SignatureError(ModelError):
    """The graph's inputs cannot be supplied, or its output is not one probability per row."""


class SmokeTestError(ModelError):
    """The recorded smoke prediction did not come out again."""


class ModelRunError(ModelError):
    """The loaded graph failed while it was computing, or what it gave is no probability."""
