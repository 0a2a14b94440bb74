"""Traffic files into Envoy's routes, and what each Envoy says of them.

Submodules: `bootstrap` (envoy/bootstrap.yaml for one machine), `git` (running git without
leaking), `tokens` (credentials for pins); `python -m weighbridge_ingress` is the agent.
"""

from weighbridge_ingress._binary import envoy_binary
from weighbridge_ingress._check import check_file, check_folder
from weighbridge_ingress._errors import (
    AdminError,
    BinaryMissingError,
    IngressError,
    Problem,
    ReportError,
    SettingsError,
    SourceError,
    TemplateError,
    TokenError,
    TrafficError,
)
from weighbridge_ingress._loose import traffic_digest
from weighbridge_ingress._report import Calls, Refused, Report, Running, Wanted, fetch_report
from weighbridge_ingress._routes import render_routes
from weighbridge_ingress._traffic import Traffic
from weighbridge_ingress.bootstrap import localize

__all__ = [
    "AdminError",
    "BinaryMissingError",
    "Calls",
    "IngressError",
    "Problem",
    "Refused",
    "Report",
    "ReportError",
    "Running",
    "SettingsError",
    "SourceError",
    "TemplateError",
    "TokenError",
    "Traffic",
    "TrafficError",
    "Wanted",
    "check_file",
    "check_folder",
    "envoy_binary",
    "fetch_report",
    "localize",
    "render_routes",
    "traffic_digest",
]
