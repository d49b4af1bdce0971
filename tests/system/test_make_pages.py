"""The build step that makes the documentation pages: with packages that are right, wrong or out of reach."""
import subprocess
import sys

import pytest

from programs import ROOT

MAKE_PAGES = ROOT / "web/make_pages.py"


@pytest.fixture
def run(tmp_path):
    """run(npm's script, options...): (exit code, what was made, what was said)."""
    def make(npm, *options):
        if npm:
            (tmp_path / "npm").write_text("#!/bin/sh\n" + npm, encoding="ascii")
            (tmp_path / "npm").chmod(0o755)
            options = ("--npm", tmp_path / "npm", *options)
        made = tmp_path / "web_files.c"
        done = subprocess.run([sys.executable, MAKE_PAGES, made, *options], capture_output=True, text=True, timeout=60,
                              check=False)
        return done.returncode, made.read_text(encoding="ascii") if made.exists() else None, done.stderr
    return make


def test_without_npm_the_pages_say_so(run):
    code, made, said = run(None)
    assert (code, said) == (0, "") and made.count('{"/docs"') == made.count('{"/redoc"') == 1
    assert "/docs/assets/" not in made


AWAY = "echo 'npm error network: ENOTFOUND' >&2; exit 1"
OTHER = 'for package; do case $package in *@*) touch "$(echo "$package" | tr @ -).tgz" ;; esac; done'


@pytest.mark.parametrize("npm, why", [(AWAY, "ENOTFOUND"), (OTHER, "is not what packages.json says")])
def test_packages_that_are_not_to_be_had_fail_the_build(run, npm, why):
    code, made, said = run(npm)
    assert (code, made) == (1, None) and why in said


@pytest.mark.parametrize("npm, why", [(AWAY, "ENOTFOUND"), (OTHER, "is not what packages.json says")])
def test_unless_it_may_do_without_them(run, npm, why):
    code, made, said = run(npm, "--or-without")
    assert (code, made) == (0, run(None)[1]) and why in said and "to try again: rm" in said
