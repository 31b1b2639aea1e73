"""What the sandbox refuses, by the codes that AWS uses."""

from __future__ import annotations


class AwsError(Exception):
    """An error as AWS words it; each protocol writes it in its own shape."""

    def __init__(self, code: str, message: str, *, status: int = 400, fault: str = "Sender") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fault = fault


class NotStaged(AwsError):
    """AWS could answer this, the sandbox cannot: refused loudly, never answered with an empty list."""

    def __init__(self, what: str) -> None:
        super().__init__("SandboxNotImplemented", f"The sandbox does not play this: {what}", status=501)


def validation_error(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def validation_exception(message: str) -> AwsError:
    return AwsError("ValidationException", message)
