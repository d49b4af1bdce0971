"""The OpenAPI document, as linters see it: no error and no warning."""
import pathlib
import subprocess

import pytest

import npm_packages
from programs import program_path

LINT = pathlib.Path(__file__).resolve().parent / "openapi_lint"


@pytest.fixture(name="document", scope="module")
def openapi_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    path.write_bytes(subprocess.run([program_path("tidemark-api"), "--openapi"], capture_output=True, check=True).stdout)
    return path


def run_linter(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_redocly_has_nothing_to_say(document):
    run_linter("node", LINT / "redocly.js", npm_packages.install(LINT), document)


def test_spectral_has_nothing_to_say(document):
    run_linter("node", npm_packages.install(LINT) / "@stoplight/spectral-cli/dist/index.js", "lint", document,
               "--ruleset", LINT / "spectral.yaml", "--fail-severity", "hint")
