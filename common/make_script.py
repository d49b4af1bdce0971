#!/usr/bin/env python3
"""Turns a Lua file into a constant: make_script.py script.c name.lua gives `script_name`."""
import json
import sys
from pathlib import Path

output, source = map(Path, sys.argv[1:])
lines = (line.strip() for line in source.read_text(encoding="ascii").splitlines())
text = "\n".join("    " + json.dumps(line + "\n") for line in lines
                 if line and not line.startswith("--"))
output.write_text(f"""/* Made from {source.name} by make_script.py. */
#include "common/redis.h"

extern const struct redis_script script_{source.stem};
const struct redis_script script_{source.stem} = {{"{source.stem}",
{text}
}};
""", encoding="ascii")
