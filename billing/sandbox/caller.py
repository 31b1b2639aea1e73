"""Who calls: the SigV4 header, the known keys, and what a role may do."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, quote

from billing.sandbox.errors import AwsError
from billing.sandbox.state import VENDOR_ACCOUNT, VENDOR_KEY, Role, Session, State

AUTHORIZATION: Final = re.compile(
    r"^AWS4-HMAC-SHA256 Credential=(?P<key>[^/,\s]+)/(?P<day>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)"
    r"/aws4_request, ?SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    access_key: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    account: str
    region: str
    arn: str
    user_id: str
    role: Role | None  # None: the vendor's own key

    @property
    def role_arn(self) -> str | None:
        return self.role.role_arn if self.role else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request, as it arrived."""

    method: str
    path: str  # still percent-encoded
    query: str
    headers: Mapping[str, str]  # lower-case names
    body: bytes


def read_signature(request: Request) -> Signature:
    header = request.headers.get("authorization")
    if header is None:
        raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", status=403)
    match = AUTHORIZATION.match(header)
    if match is None or "x-amz-date" not in request.headers:
        raise AwsError("IncompleteSignature", "Authorization header requires a complete SigV4 signature.")
    return Signature(
        access_key=match["key"],
        day=match["day"],
        region=match["region"],
        service=match["service"],
        headers=tuple(match["headers"].split(";")),
        value=match["signature"],
    )


def _canonical(request: Request, signature: Signature) -> str:
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(request.query, True))
    lines = [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signature.headers]
    return "\n".join(
        (
            request.method,
            quote(request.path, safe="/-_.~"),  # encoded twice, as every service but S3 has it
            "&".join(f"{key}={value}" for key, value in pairs),
            *lines,
            "",
            ";".join(signature.headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def expected_signature(request: Request, signature: Signature, secret: str) -> str:
    scope = f"{signature.day}/{signature.region}/{signature.service}/aws4_request"
    digest = hashlib.sha256(_canonical(request, signature).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (signature.day, signature.region, signature.service, "aws4_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def identify(
    request: Request, signature: Signature, state: State, *, vendor_secret: str | None, now: datetime
) -> Caller:
    """The caller behind a signature, or the refusal that AWS would give."""
    if signature.access_key == VENDOR_KEY:
        _check_signature(request, signature, vendor_secret)
        arn = f"arn:aws:iam::{VENDOR_ACCOUNT}:user/vendor"
        return Caller(account=VENDOR_ACCOUNT, region=signature.region, arn=arn, user_id="AIDASANDBOXVENDOR", role=None)
    session = state.sessions.get(signature.access_key)
    if session is None or request.headers.get("x-amz-security-token") != session.token:
        raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", status=403)
    _check_signature(request, signature, session.secret_key)
    if session.expires_at <= now:
        raise AwsError("ExpiredToken", "The security token included in the request is expired", status=403)
    return _session_caller(session, signature, state)


def _check_signature(request: Request, signature: Signature, secret: str | None) -> None:
    if secret is None or hmac.compare_digest(expected_signature(request, signature, secret), signature.value):
        return
    raise AwsError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
        status=403,
    )


def _session_caller(session: Session, signature: Signature, state: State) -> Caller:
    # A role that was deleted meanwhile keeps its sessions, but nothing is allowed to them any more.
    role = state.roles.get(session.role_arn) or Role(role_arn=session.role_arn, external_id=None, denied_actions=("*",))
    return Caller(
        account=session.account,
        region=signature.region,
        arn=session.caller_arn,
        user_id=f"AROASANDBOX{session.account}:{session.session_name}",
        role=role,
    )


def authorize(caller: Caller, action: str) -> None:
    """The vendor's own account holds nothing to read: all it may do is to assume roles, and to ask for published prices."""
    denied = not action.startswith(("sts:", "pricing:")) if caller.role is None else caller.role.denies(action)
    if denied and action != "sts:GetCallerIdentity":
        reason = f"because no identity-based policy allows the {action} action"
        raise AwsError(
            "AccessDenied", f"User: {caller.arn} is not authorized to perform: {action} {reason}", status=403
        )
