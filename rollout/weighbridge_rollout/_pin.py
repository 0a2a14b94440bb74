"""Pin a version label to a registered model: exact bytes, named in Git."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge_rollout._applied import APPLY_TIMEOUT_S, wait_until_applied
from weighbridge_rollout._clone import Clone, open_clone
from weighbridge_rollout._errors import InvalidTrafficError, PinError
from weighbridge_rollout._message import pin_message
from weighbridge_rollout._registry import find_model
from weighbridge_rollout._site import open_site
from weighbridge_rollout._store import ObjectStore, sha256_of
from weighbridge_rollout._trafficfile import edit_data, quote, read_data
from weighbridge_rollout._write import push_file

if TYPE_CHECKING:
    from weighbridge_rollout._commit import Commit
    from weighbridge_rollout._environment import Environment
    from weighbridge_rollout._registry import RegisteredModel

_HEAD = """\
# The model that {label} stands for; `weighbridge model pin {label} …` writes this file.
apiVersion: v1
kind: ConfigMap
metadata:
  name: model-{label}
data:
"""


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned model."""

    label: str
    model: RegisteredModel
    path: str
    """The file in the repository."""
    commit: Commit | None
    """None if Git held this pin already; nothing was written then."""
    synced_s: float | None = None
    """Seconds until Argo CD had applied it; None without Argo CD, or if it was not waited for."""
    notes: tuple[str, ...] = ()
    """What one should know besides."""


def pin_model(
    environment: Environment,
    label: str,
    *,
    name: str,
    tracking_uri: str,
    store: ObjectStore,
    version: str | None = None,
    alias: str | None = None,
    timeout_s: float | None = APPLY_TIMEOUT_S,
) -> Pin:
    """Resolve a version or an alias, verify the bytes against their hash, commit the pin.

    The label must be "v" and the registry's version, so that a label never means two models;
    PinError otherwise, or if the model, its tags or its bytes are not as they should be.
    Waits for Argo CD, where there is one, as set_images does.
    """
    model = find_model(tracking_uri, name, version=version, alias=alias)
    if label != f"v{model.version}":
        raise PinError(
            f"{label} cannot stand for {name} version {model.version}: a label is “v” and the "
            f"registry's version, so that it never means two models. Pin v{model.version} instead"
        )
    _verify(model, store)
    path = environment.model_file(label)
    with open_clone(environment) as clone:
        content = _content(clone, path, label, model)
        if content is None:
            return Pin(label, model, path, None)
        unlisted = _unlisted(clone, path)  # before the push: after it, nothing may fail any more
        message = pin_message(label, model.name, model.version, model.uri, model.sha256)
        pushed = push_file(clone, path, content, message)
        configmap = f"model-{label}"
        with open_site(environment) as site:
            done = wait_until_applied(site, clone, pushed, timeout_s, configmap)
        return Pin(label, model, path, pushed.commit, done.live_s, (*unlisted, *done.notes))


def _unlisted(clone: Clone, path: str) -> tuple[str, ...]:
    """Tell of a pin that nothing applies, as a new version's is at first."""
    folder, _, name = path.rpartition("/")
    kustomization = f"{folder}/kustomization.yaml"
    blob = clone.blob(clone.tip, kustomization)
    if blob is None or name in clone.text(blob):
        return ()
    return (f"{kustomization} does not list {name}: nothing applies it until it does",)


def _verify(model: RegisteredModel, store: ObjectStore) -> None:
    found = sha256_of(store, model.uri)
    if found != model.sha256:
        raise PinError(
            f"the bytes at {model.uri} are not those that were registered as {model.name} "
            f"version {model.version}: SHA-256 {found}, registered {model.sha256}. "
            "Register the model again as a new version"
        )


def _content(clone: Clone, path: str, label: str, model: RegisteredModel) -> str | None:
    """Return what the file must become, None if it says so already."""
    wanted = {
        "MODEL_NAME": model.name,
        "MODEL_VERSION": model.version,
        "MODEL_URI": model.uri,
        "MODEL_SHA256": model.sha256,
    }
    blob = clone.blob(clone.tip, path)
    lines = "".join(f"  {key}: {quote(value)}\n" for key, value in wanted.items())
    fresh = _HEAD.format(label=label) + lines
    if blob is None:
        return fresh
    text = clone.text(blob)
    try:
        known = read_data(text)
        changed = {key: value for key, value in wanted.items() if known.get(key) != value}
        return edit_data(text, changed) if changed else None
    except InvalidTrafficError:  # not a pin at all, or one with a key missing
        return fresh
