"""What can go wrong between a pin and a ready model.

ModelError
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


class ArtefactMissingError(ModelError):
    """The store has no object at the pinned URI."""


class StoreUnreachableError(ModelError):
    """The store does not answer, or refuses the credentials."""


class DigestMismatchError(ModelError):
    """The bytes at the pinned URI are not the pinned bytes."""


class BrokenArtefactError(ModelError):
    """The file is no ONNX model, or lacks what a served model must say about itself."""


class SignatureError(ModelError):
    """The graph's inputs cannot be supplied, or its output is not one probability per row."""


class SmokeTestError(ModelError):
    """The recorded smoke prediction did not come out again."""


class ModelRunError(ModelError):
    """The loaded graph failed while it was computing, or what it gave is no probability."""
