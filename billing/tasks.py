"""The background timetable: verify, plan, collect, rate, sync prices, tell owners, erase."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.access.celery import OrganizationTask
from accounts.queries.organizations import list_active_organization_ids
from accounts.tenancy.context import current_organization_id
from billing.domain.imports import ImportState
from billing.operations import (
    allocation_runs,
    collection,
    connections,
    cost_exports,
    erasure,
    follow_up,
    imports,
    notices,
    price_list,
    scans,
)
from billing.operations.catalog import sync_price_table


@shared_task(acks_late=True, time_limit=120)
def collect_due_windows() -> None:
    """Let each organization plan and hand out what is due."""
    for organization_id in list_active_organization_ids():
        plan_collection.delay(organization_id=str(organization_id))


@shared_task(acks_late=True, time_limit=120)
def verify_due_connections() -> None:
    """Let each organization verify the connections that wait for it, tell owners, and erase what is to be erased."""
    for organization_id in list_active_organization_ids():
        look_after_connections.delay(organization_id=str(organization_id))


@shared_task(acks_late=True, time_limit=120)
def rerate_due_windows() -> None:
    """Let each organization rate again what a changed price has made due."""
    for organization_id in list_active_organization_ids():
        rerate_windows.delay(organization_id=str(organization_id))


@shared_task(acks_late=True, time_limit=120)
def allocate_due_organizations() -> None:
    """Let each organization allocate its series again where a rule has changed."""
    for organization_id in list_active_organization_ids():
        work_off_allocation_runs.delay(organization_id=str(organization_id))


@shared_task(acks_late=True, time_limit=300)
def sync_prices() -> None:
    """Make the stored catalog say what the committed tables say."""
    sync_price_table(now=timezone.now())


@shared_task(acks_late=True, time_limit=120)
def import_due_files() -> None:
    """Let each organization look for new deliveries and hand out the files that wait to be read."""
    for organization_id in list_active_organization_ids():
        plan_imports.delay(organization_id=str(organization_id))


@shared_task(base=OrganizationTask, acks_late=True, time_limit=300)
def plan_imports() -> None:
    """Look whether exports have delivered, and hand out every import that is due."""
    for export_id in cost_exports.list_exports_due(now=timezone.now()):
        cost_exports.check_export(export_id=export_id, clock=timezone.now)
    for import_id in imports.list_imports_due(now=timezone.now()):
        run_import.delay(organization_id=str(current_organization_id()), import_id=import_id)
    imports.sweep_files(now=timezone.now())


@shared_task(base=OrganizationTask, acks_late=True, time_limit=1800)
def run_import(*, import_id: int) -> None:
    """Read one import's files; what has become due by it is done at once."""
    if imports.run_import(import_id=import_id, clock=timezone.now) is ImportState.DONE:
        rerate_windows.delay(organization_id=str(current_organization_id()))


@shared_task(acks_late=True, time_limit=900)
def sync_price_list() -> None:
    """Read AWS's Price List with the installation's own credentials; without any, say so and change nothing."""
    price_list.sync_price_list(now=timezone.now())


@shared_task(base=OrganizationTask, acks_late=True, time_limit=120)
def plan_collection() -> None:
    """Write down which windows are due, and hand a few of them out."""
    collection.plan_collection(now=timezone.now())
    _hand_out()


@shared_task(base=OrganizationTask, acks_late=True, time_limit=900)
def collect_window(*, window_id: int) -> None:
    """Collect one window; then the organization's next ones go to the end of the queue."""
    collection.collect_window(window_id=window_id, clock=timezone.now)
    _hand_out()


@shared_task(base=OrganizationTask, acks_late=True, time_limit=120)
def look_after_connections() -> None:
    """Hand out what is to be verified, scanned or erased; tell owners what AWS denies."""
    now = timezone.now()
    organization_id = str(current_organization_id())
    for connection_id in connections.list_verifications_due(now=now):
        verify_connection.delay(organization_id=organization_id, connection_id=connection_id)
    for connection_id in connections.list_principals_unknown():
        note_principal.delay(organization_id=organization_id, connection_id=connection_id)
    for connection_id in scans.list_scans_due(now=now):
        scan_regions.delay(organization_id=organization_id, connection_id=connection_id)
    for connection_id in erasure.list_erasures_due():
        erase_connection_data.delay(organization_id=organization_id, connection_id=connection_id)
    notices.tell_owners(now=now)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=300)
def verify_connection(*, connection_id: int) -> None:
    """Try a connection's role; if it is good, collecting begins at once."""
    connections.verify_connection(connection_id=connection_id, clock=timezone.now)
    collection.plan_collection(now=timezone.now())
    _hand_out()


@shared_task(base=OrganizationTask, acks_late=True, time_limit=300)
def scan_regions(*, connection_id: int) -> None:
    """Look for Bedrock traffic in regions that had none."""
    scans.scan_regions(connection_id=connection_id, clock=timezone.now)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=60)
def note_principal(*, connection_id: int) -> None:
    """Write down who we are to AWS, for the connection's template."""
    connections.note_principal(connection_id=connection_id)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=1800)
def rerate_windows() -> None:
    """Learn from the bill, rate again, and do what else has become due since something was stored."""
    follow_up.follow_up(clock=timezone.now)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=1800)
def work_off_allocation_runs() -> None:
    """Allocate every series again, step by step, where a changed rule asks for it."""
    allocation_runs.work_off_runs(clock=timezone.now)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=1800)
def erase_connection_data(*, connection_id: int) -> None:
    """Delete what was stored of a disconnected account."""
    erasure.erase_connection_data(connection_id=connection_id, now=timezone.now())


def _hand_out() -> None:
    organization_id = str(current_organization_id())
    for window_id in collection.offer_windows(now=timezone.now()):
        collect_window.delay(organization_id=organization_id, window_id=window_id)
