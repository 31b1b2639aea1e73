"""The door for files: only views that say so take one, and no more of it than they say."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

View = TypeVar("View", bound=Callable[..., Any])
# Fields beside the file, and what separates the parts.
BESIDES = 64 * 1024


def takes_file(limit: int) -> Callable[[View], View]:
    """Let a view take a file of so many bytes at most; other views are sent none."""

    def decorate(view: View) -> View:
        view.file_limit = limit  # type: ignore[attr-defined] # read below, before the view runs
        return view

    return decorate


def digest_part(part: Any) -> str:
    """Return what makes a part of a form the same part: the SHA-256 of a file, or of a text."""
    digest = sha256()
    for chunk in part.chunks() if hasattr(part, "chunks") else (str(part).encode(),):
        digest.update(chunk)
    return digest.hexdigest()


class DeclaredUploads(FileUploadHandler):
    """Runs before the handlers that keep files: refuses what is too large by its own account, skips what nobody takes.

    Django reads a form's files as soon as somebody asks for its fields, which the check of the CSRF token does, long before
    a view knows who is asking.
    """

    def handle_raw_input(
        self,
        input_data: Any,  # noqa: ARG002 - Django's signature
        META: Any,  # noqa: ARG002, N803 - as above
        content_length: int,
        boundary: Any,  # noqa: ARG002 - as above
        encoding: Any = None,  # noqa: ARG002 - as above
    ) -> None:
        self.limit = self._limit()
        if self.limit and content_length > self.limit + BESIDES:
            raise RequestDataTooBig

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if not self.limit:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002 - Django's signature
        return raw_data

    def file_complete(self, file_size: int) -> None:  # noqa: ARG002 - as above
        return None

    def _limit(self) -> int:
        match = getattr(self.request, "resolver_match", None)
        view = getattr(match, "func", None)
        declared: int = getattr(view, "file_limit", 0) or getattr(getattr(view, "view_class", None), "file_limit", 0)
        return declared
