"""The sandbox as a program of its own: it starts fast, says where, and ends when told to."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billing.sandbox.control import Control
from tests.factories.aws import EXTERNAL_ID, PAYER_ROLE, Aws, running_aws

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_aws(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@contextmanager
def program(state_dir: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "billing.sandbox", "--port", "0", "--state-dir", str(state_dir), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(pid)


@pytest.mark.slow
def test_the_program_serves_and_ends_cleanly(tmp_path: Path) -> None:
    with program(tmp_path, "--now", "2026-11-24T06:30:00+00:00", "--vendor-key", "kept") as (process, url):
        control = Control(url)
        control.put_role(PAYER_ROLE, EXTERNAL_ID)
        aws = Aws(control)
        identity = aws.vendor("sts", aws_secret_access_key="kept").get_caller_identity()
        memory = resident_megabytes(process.pid)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=10) == 0
        assert identity["Account"] == "999988887777"
        assert memory < 150


@pytest.mark.slow
def test_a_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "billing.sandbox", "--port", str(port), "--state-dir", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)

    assert done.returncode == 1
    assert done.stderr == f"Port {port} on 127.0.0.1 is in use; choose another with --port.\n"


def test_nothing_of_django_is_loaded() -> None:
    code = "import billing.sandbox.server, sys; sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ, check=False).returncode == 0


def test_a_connection_is_kept_and_too_much_is_refused(tmp_path: Path) -> None:
    with running_aws(tmp_path) as aws:
        connection = http.client.HTTPConnection(aws.control.url.removeprefix("http://"))
        for _ in range(2):
            connection.request("GET", "/_sandbox/health")
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read()
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", "999999999")
        connection.endheaders()
        refused = connection.getresponse()
        assert refused.status == 413
        connection.close()


SIGNED = "AWS4-HMAC-SHA256 Credential=AKIASANDBOXVENDOR0001/20261124/us-east-1/{}/aws4_request, SignedHeaders=host, Signature={}"
GRANITE = "GraniteServiceVersion20100801.GetMetricData"


@pytest.mark.parametrize(
    ("service", "target", "body"),
    [
        ("monitoring", GRANITE, "not json"),
        ("monitoring", GRANITE, "[]"),
        ("monitoring", GRANITE, "\udcff"),
        ("monitoring", GRANITE, '{"StartTime": null, "EndTime": 0, "MetricDataQueries": []}'),
        ("monitoring", GRANITE, '{"StartTime": 1e300, "EndTime": 0, "MetricDataQueries": []}'),
        ("monitoring", GRANITE, '{"StartTime": 0, "EndTime": 1, "MetricDataQueries": "all"}'),
        ("monitoring", GRANITE, '{"StartTime": 0, "EndTime": 1, "MetricDataQueries": [], "Surprise": 1}'),
        ("monitoring", GRANITE, "[" * 100_000),
        ("monitoring", "GraniteServiceVersion20100801.Nothing", "{}"),
        ("monitoring", "AWSInsightsIndexService.GetCostAndUsage", "{}"),
        ("monitoring", "", "{}"),
        ("ce", "AWSInsightsIndexService.GetCostAndUsage", "{}"),
        ("ce", "AWSInsightsIndexService.GetCostAndUsage", '{"TimePeriod": 1, "Granularity": 2, "Metrics": 3}'),
        ("sts", "", "date,usage,cost\n2026-10-01,1,2"),
        ("sts", "", "Action=AssumeRole&Version=2011-06-15"),
        ("sts", "", "Action=AssumeRole&Version=2011-06-15&RoleArn.x=1&RoleArn=2"),
        ("sts", "", "Action=GetCallerIdentity&Version=2000-01-01"),
        ("sts", "", "a." * 50_000 + "=1&Action=AssumeRole&Version=2011-06-15"),
        ("bedrock", "", ""),
        ("s3", "", ""),
        ("../etc", "", ""),
    ],
)
def test_nonsense_is_refused_and_the_server_lives_on(aws: Aws, service: str, target: str, body: str) -> None:
    connection = http.client.HTTPConnection(aws.control.url.removeprefix("http://"))
    headers = {
        "Authorization": SIGNED.format(service, "0" * 64),
        "X-Amz-Date": "20261124T063000Z",
        "X-Amz-Target": target,
    }
    connection.request("POST", "/", body.encode("utf-8", "surrogateescape"), headers)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()

    assert answer.status in {400, 403, 404, 501}
    assert told
    assert aws.control.health()["status"] == "ok"


def test_many_ask_at_once(tmp_path: Path) -> None:
    with running_aws(tmp_path) as aws:
        client = aws.client("cloudwatch")
        found: list[int] = []

        def ask() -> None:
            found.extend(len(client.list_metrics(Namespace="AWS/Bedrock")["Metrics"]) for _ in range(5))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(found) == 40
        assert len(set(found)) == 1
        assert aws.control.calls()["ListMetrics"] == 40


def test_health_tells_what_time_it_is_and_what_there_is(tmp_path: Path) -> None:
    with running_aws(tmp_path) as aws:
        health = aws.control.health()

    assert health["status"] == "ok"
    assert health["payer"] == "111122223333"
    assert health["accounts"] == {"111122223333": "Acme Production", "444455556666": "Acme Research"}
    assert health["visible_until"] == "2026-11-24T06:25:00+00:00"
    assert health["billed_until"] == "2026-11-23T08:00:00+00:00"
