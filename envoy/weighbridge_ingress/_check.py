"""Testing the files of envoy/ before they meet traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weighbridge_ingress._errors import Problem, TemplateError, TrafficError
from weighbridge_ingress._routes import render_routes, route_configuration
from weighbridge_ingress._traffic import Traffic
from weighbridge_ingress._yaml import load_plain, load_with_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from weighbridge_ingress._rules_routes import Finding


def check_file(path: Path, known_versions: Collection[str] | None = None) -> list[Problem]:
    """Find the problems of one traffic file; an empty list means that it would be accepted.

    Unless given, the known versions are those of the bootstrap.yaml of the file's tree, if any.
    """
    try:
        if known_versions is None:
            known_versions = _versions_beside(path)
        Traffic.parse(path.read_text(encoding="utf-8"), known_versions, str(path))
    except TrafficError as error:
        return list(error.problems)
    except TemplateError as error:
        return [Problem(str(path), 1, "template", str(error))]
    except UnicodeDecodeError:
        return [Problem(str(path), 1, "not-text", "is not text in UTF-8")]
    except OSError as error:
        return [Problem(str(path), 1, "missing-file", f"cannot be read: {error}")]
    return []


def check_folder(folder: Path, descriptors_file: Path | None = None) -> list[Problem]:
    """Find the problems of bootstrap.yaml, routes.yaml and traffic/* of a folder.

    A version that is named anywhere is asked for everywhere it must be. Runs `envoy --mode
    validate` on the routes as they stand and as each environment sets them, with its own jwks.json.
    The descriptors are looked for beside the folder if not given. Raises BinaryMissingError.
    """
    from weighbridge_ingress._rules_bootstrap import bootstrap_findings, named_versions
    from weighbridge_ingress._rules_environments import environment_problems
    from weighbridge_ingress._rules_routes import route_findings, template_findings
    from weighbridge_ingress.bootstrap import find_descriptors, known_versions

    bootstrap_file, routes_file = folder / "bootstrap.yaml", folder / "routes.yaml"
    try:
        descriptors = descriptors_file or find_descriptors(folder.resolve().parent)
        bootstrap, routes = _load(bootstrap_file), _load(routes_file)
        versions = named_versions(bootstrap)
        config = route_configuration(routes)
        problems = _located(bootstrap_file, bootstrap_findings(bootstrap))
        problems += _located(routes_file, template_findings(routes, config))
        problems += _located(routes_file, route_findings(config, versions))
    except TrafficError as error:
        return list(error.problems)
    except (TemplateError, LookupError, TypeError, AttributeError) as error:
        return [Problem(str(folder), 1, "template", f"a part is missing: {error}")]
    traffic_files = sorted(folder.glob("traffic/*/traffic.yaml"))
    for path in traffic_files:
        problems += check_file(path, known_versions(bootstrap))
    for path in sorted(folder.glob("traffic/*/kustomization.yaml")):
        problems += environment_problems(path, versions)
    return problems or _refusals(bootstrap_file, routes_file, traffic_files, descriptors)


def _versions_beside(path: Path) -> Collection[str] | None:
    """Read envoy/bootstrap.yaml for a file envoy/traffic/<environment>/traffic.yaml."""
    from weighbridge_ingress.bootstrap import known_versions

    folders = path.resolve().parents
    if len(folders) < 3 or folders[1].name != "traffic":
        return None
    bootstrap = folders[2] / "bootstrap.yaml"
    if not bootstrap.is_file():
        return None
    try:
        return known_versions(load_plain(bootstrap))
    except (LookupError, TypeError, AttributeError) as error:
        raise TemplateError(f"{bootstrap} lacks a part: {error}") from error


def _refusals(
    bootstrap_file: Path, routes_file: Path, traffic_files: Iterable[Path], descriptors: Path
) -> list[Problem]:
    from weighbridge_ingress._validate import envoy_refusal
    from weighbridge_ingress.tokens import JWKS_FILE

    bootstrap, template = load_plain(bootstrap_file), load_plain(routes_file)
    states = {routes_file: template}
    for path in traffic_files:
        states[path] = render_routes(template, Traffic.parse(path.read_text(), None))
    problems = []
    for path, state in states.items():
        if refusal := envoy_refusal(bootstrap, state, descriptors, path.with_name(JWKS_FILE)):
            problems.append(Problem(str(path), 1, "envoy", refusal))
    return problems


def _load(path: Path) -> Mapping[str, Any]:
    try:
        document = load_with_lines(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error}") from error
    if isinstance(document, Problem):
        raise TrafficError((document,))
    return document


def _located(path: Path, findings: Iterator[Finding]) -> list[Problem]:
    return [
        Problem(str(path), finding.node.lc.line + 1, finding.rule, finding.message)
        for finding in findings
    ]
