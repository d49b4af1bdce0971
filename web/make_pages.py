#!/usr/bin/env python3
"""Makes the table of the documentation pages and of all that they load (api/web_files.h).

    make_pages.py web_files.c --npm NPM                 with the packages of packages.json, by this npm
    make_pages.py web_files.c --npm NPM --or-without    the same, and if they are not to be had, without
    make_pages.py web_files.c                           without: two pages that say so

Packages are taken as they are published and checked against the hash in packages.json; none of their
scripts runs and nothing they depend on is installed, for their files stand alone. What a page loads is
named by its hash, so browsers may keep it for ever.
"""
import argparse
import base64
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".txt": "text/plain; charset=utf-8"}
PAGES = {"/docs": "docs.html", "/redoc": "redoc.html"}
ASSETS = "/docs/assets/"

# What pages may load, as tests/web finds out. Swagger UI: images inside of its style sheet. Redoc: <style>
# elements that are empty when they are added and filled by script afterwards, one of the bars it scrolls
# with, and a worker that searches, made of a blob.
STYLES_OF_REDOC = ("'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
                   " 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='")
POLICY = ("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
          " script-src 'self'; connect-src 'self'; img-src 'self' data:; ")
POLICIES = {"/docs": POLICY + "style-src 'self'",
            "/redoc": POLICY + f"style-src 'self' {STYLES_OF_REDOC}; worker-src blob:"}
NO_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:"


class Failed(Exception):
    """The pages cannot be made."""


def fetch(npm, packages):
    """{name: the package's tar file}, as published."""
    wanted = [f"{name}@{package['version']}" for name, package in packages.items()]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([npm, "pack", "--loglevel=error", "--fetch-retries=1", *wanted], cwd=folder, text=True, capture_output=True,
                              timeout=300, check=False)
        if done.returncode != 0:
            raise Failed(f"npm pack {' '.join(wanted)} failed; -Ddocs=disabled builds without: "
                         + done.stderr.strip()[-500:])
        files = {}
        for name, package in packages.items():
            data = (Path(folder) / f"{name}-{package['version']}.tgz").read_bytes()
            found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
            if found != package["integrity"]:
                raise Failed(f"{name} {package['version']} is not what packages.json says: {found}")
            files[name] = data
        return files


def unpack(npm):
    """({name: bytes} of what pages load, the text of all licenses)."""
    packages = json.loads((HERE / "packages.json").read_text(encoding="utf-8"))
    loaded, licenses = {}, []
    for name, data in fetch(npm, packages).items():
        package = packages[name]
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            def member(path, archive=archive):
                return archive.extractfile(f"package/{path}").read()
            for path, own_name in package["files"].items():
                content = member(path)
                for old, new in package.get("replace", {}).items():
                    if old.encode() not in content:
                        raise Failed(f"{name}: {path} has no {old}")
                    content = content.replace(old.encode(), new.encode())
                loaded[own_name] = re.sub(rb"\n?//# sourceMappingURL=\S+\s*$", b"\n", content)
            for path in package["licenses"]:
                licenses.append(f"==== {name} {package['version']}: {path}\n\n".encode() + member(path) + b"\n")
    return loaded, b"".join(licenses)


def hashed(name, content):
    stem, dot, ending = name.rpartition(".")
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:12]}{dot}{ending}"


def all_files(npm):
    """(path, content, policy, kept for ever) of each."""
    if not npm:
        page = (HERE / "absent.html").read_bytes()
        yield from ((path, page, NO_POLICY, False) for path in PAGES)
        return
    loaded, licenses = unpack(npm)
    for name in ("docs.css", "docs.js", "start-redoc.js"):
        loaded[name] = (HERE / name).read_bytes()
    names = {name: hashed(name, content) for name, content in loaded.items()}
    for path, page in PAGES.items():
        text = (HERE / page).read_text(encoding="utf-8")
        yield path, re.sub(r"\{\{([^}]+)\}\}", lambda found: names[found.group(1)], text).encode(), POLICIES[path], False
    yield ASSETS + "licenses.txt", licenses, NO_POLICY, False
    for name, content in loaded.items():
        yield ASSETS + names[name], content, NO_POLICY, True


def c_bytes(data):
    """String literals; an octal escape never swallows the digit behind it, since it has three digits."""
    plain = {code: chr(code) for code in range(0x20, 0x7f) if chr(code) not in '"\\?'}
    text = [plain.get(byte) or f"\\{byte:03o}" for byte in data]
    return "\n".join('    "' + "".join(text[at:at + 64]) + '"' for at in range(0, len(text), 64))


def source(files):
    yield '/* Made by web/make_pages.py. */\n#include "api/web_files.h"\n'
    rows = []
    for number, (path, content, policy, for_ever) in enumerate(files):
        packed = gzip.compress(content, 9, mtime=0)
        yield f"static const char file_{number}[] =\n{c_bytes(packed)};\n"
        rows.append(f'    {{"{path}", "{TYPES[Path(path).suffix or ".html"]}", "{hashlib.sha256(content).hexdigest()[:32]}",'
                    f'\n     "{policy}", {str(for_ever).lower()}, {{file_{number}, sizeof file_{number} - 1}}}},')
    yield "const struct web_file web_files[] = {"
    yield from rows
    yield "};\n\nconst size_t web_file_count = sizeof web_files / sizeof *web_files;"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    parser.add_argument("--npm")
    parser.add_argument("--or-without", action="store_true")
    options = parser.parse_args()
    try:
        files = list(all_files(options.npm))
    except Failed as problem:
        if not options.or_without:
            sys.exit(f"make_pages: {problem}")
        print(f"make_pages: {problem}\nmake_pages: /docs and /redoc will say that they are not there; to try again:"
              f" rm {options.target}", file=sys.stderr)
        files = list(all_files(None))
    options.target.write_text("\n".join(source(files)) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
