"""What a provider answers, before anything misbehaves."""
import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

JSON = "application/json; charset=utf-8"


@dataclass
class Answer:
    status: int
    body: bytes
    content_type: str = JSON
    headers: dict = field(default_factory=dict)
    weight: int = 1
    constant: bool = False  # the same for ever: may be kept


class Query:
    """The path and the parameters of a target, decoded once. The last of equal names counts."""

    def __init__(self, target):
        parts = urlsplit(target)
        self.path = unquote(parts.path)
        pairs = parse_qs(parts.query, keep_blank_values=True)
        self.parameters = {name: values[-1] for name, values in pairs.items()}

    def get(self, name, default=None):
        return self.parameters.get(name, default)

    def list(self, name):
        return [item for item in self.get(name, "").split(",") if item]


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def recorded_body(recorded, file):
    return (Path(recorded) / file).read_bytes()


def iso(ms, digits=3):
    """2026-11-21T08:40:00.000Z"""
    moment = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}{'0' * (digits - 3)}Z"
