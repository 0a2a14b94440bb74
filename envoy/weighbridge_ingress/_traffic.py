"""The traffic of one environment as a value: one number, from which both weights follow."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weighbridge_ingress._errors import Problem, TrafficError
from weighbridge_ingress._traffic_file import PERCENTS, data_problems, read_data

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

WHOLE = 1000
"""The sum of the weights. Another sum would send sticky users to other versions."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """How calls are split between a stable version and its canary, in thousandths."""

    stable: str
    canary: str
    canary_permille: int
    shadow_permille: int
    data: Mapping[str, str] = field(hash=False)

    @classmethod
    def parse(
        cls, text: str, known_versions: Collection[str] | None, file: str = "traffic.yaml"
    ) -> Traffic:
        """Read a traffic file. Raises TrafficError with every problem and its line.

        Without `known_versions` any version name is taken.
        """
        return cls._of(read_data(text, known_versions, file))

    @classmethod
    def from_data(
        cls, data: Mapping[str, str], known_versions: Collection[str] | None = None
    ) -> Traffic:
        """Make it of a ConfigMap's data alone. Raises TrafficError."""
        problems = [
            Problem("traffic.yaml", 1, rule, message)
            for _, rule, message in data_problems(data, known_versions)
        ]
        if problems:
            raise TrafficError(tuple(problems))
        return cls._of(data)

    @classmethod
    def _of(cls, data: Mapping[str, str]) -> Traffic:
        return cls(
            stable=data["stable"],
            canary=data["canary"],
            canary_permille=_permille(data["canary-percent"]),
            shadow_permille=_permille(data["shadow-percent"]),
            data=dict(data),
        )

    @property
    def revision(self) -> str:
        """The first 12 hex digits of the data's SHA-256: names this state everywhere."""
        return data_digest(self.data)

    @property
    def weights(self) -> dict[str, int]:
        """The weight of each version in thousandths, stable first, 1000 in sum."""
        return {self.stable: WHOLE - self.canary_permille, self.canary: self.canary_permille}

    def all_on(self, version: str) -> Traffic:
        """Everything on one version, with this traffic's stable version as a canary without calls.

        If it is this traffic's own stable version, the canary stays who it is.
        """
        canary = self.canary if version == self.stable else self.stable
        none = dict.fromkeys(PERCENTS, "0")
        return Traffic.from_data({"stable": version, "canary": canary, **none})


def data_digest(data: Mapping[str, str]) -> str:
    """Name data by the first 12 hex digits of the SHA-256 of its canonical JSON."""
    text = json.dumps(dict(data), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _permille(percent: str) -> int:
    whole, _, tenth = percent.partition(".")
    return int(whole) * 10 + int(tenth or "0")
