"""Fetches AWS Data Exports from S3: the newest manifest of each billing period, and the files that it names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from billing.adapters.aws.errors import Refused, aws_errors
from billing.adapters.aws.sessions import Role, client

LIST_BUCKET, GET_OBJECT = "s3:ListBucket", "s3:GetObject"
CHUNK = 1024 * 1024
# A manifest names a few hundred files at most; what is larger is none.
MANIFEST_BYTES = 8 * 1024 * 1024
PERIOD = re.compile(r"/BILLING_PERIOD=(?P<period>\d{4}-\d{2})/")
MANIFEST_END = "-Manifest.json"
SCHEME = "s3://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where an export lies, and as whom we read it."""

    role: Role
    name: str
    aws_region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The newest manifest of a billing period; `etag` changes with every delivery."""

    period: str
    key: str
    etag: str


def list_manifests(bucket: Bucket, *, prefix: str, export_name: str) -> tuple[Manifest, ...]:
    """Return the newest manifest of each period, whichever of the two layouts the export has. Raises AwsError.

    Overwritten exports have one manifest a period; those that keep every delivery have one below each execution.
    """
    root = "/".join(part for part in (prefix.strip("/"), export_name, "metadata/") if part)
    newest: dict[str, tuple[Any, Manifest]] = {}
    for item in _listed(bucket, root):
        period = PERIOD.search(item["Key"])
        if period is None or not item["Key"].endswith(MANIFEST_END):
            continue
        found = Manifest(period=period["period"], key=item["Key"], etag=item["ETag"].strip('"'))
        # S3 tells whole seconds; of two in one second the later execution counts, whose folder begins with its time.
        age = (item["LastModified"], found.key)
        if found.period not in newest or newest[found.period][0] < age:
            newest[found.period] = (age, found)
    return tuple(newest[period][1] for period in sorted(newest))


def read_manifest(bucket: Bucket, key: str) -> tuple[str, ...]:
    """Return the keys of the files that a manifest names. Never by listing: overwriting leaves empty surplus files.

    Raises AwsError, also where the text is no manifest.
    """
    with aws_errors(GET_OBJECT):
        answer = _client(bucket).get_object(Bucket=bucket.name, Key=key)
        text = answer["Body"].read(MANIFEST_BYTES)
    try:
        told = json.loads(text)
        names = told.get("dataFiles") or told.get("reportKeys") or []
        return tuple(_key(str(name), bucket.name) for name in names)
    except (ValueError, AttributeError, TypeError) as error:
        raise Refused(action=GET_OBJECT, code="NO_MANIFEST", detail=key) from error


def fetch_file(bucket: Bucket, key: str, path: Path, *, tick: Callable[[], None]) -> int:
    """Write a file of the export to a path, piece by piece; returns its size. Raises AwsError."""
    size = 0
    with aws_errors(GET_OBJECT):
        body = _client(bucket).get_object(Bucket=bucket.name, Key=key)["Body"]
        with path.open("wb") as file:
            for chunk in body.iter_chunks(CHUNK):
                size += file.write(chunk)
                tick()
    return size


def _listed(bucket: Bucket, prefix: str) -> Iterator[dict[str, Any]]:
    with aws_errors(LIST_BUCKET):
        pages = _client(bucket).get_paginator("list_objects_v2").paginate(Bucket=bucket.name, Prefix=prefix)
        for page in pages:
            yield from page.get("Contents", ())


def _key(name: str, bucket: str) -> str:
    """The key alone: manifests name files by key, or by address in the same bucket."""
    if not name.startswith(SCHEME):
        return name
    told, _, key = name.removeprefix(SCHEME).partition("/")
    if told != bucket:
        raise ValueError(told)
    return key


def _client(bucket: Bucket) -> Any:
    return client(bucket.role, "s3", bucket.aws_region)
