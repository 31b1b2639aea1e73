"""Routes."""

from django.urls import path

from accounts.api import audit, cost_centers, memberships, organizations

app_name = "accounts_api"

urlpatterns = [
    path("organization/", organizations.OrganizationDetail.as_view(), name="organization_detail"),
    path("members/", memberships.MemberList.as_view(), name="member_list"),
    path("cost-centers/", cost_centers.CostCenterList.as_view(), name="cost_center_list"),
    path("cost-centers/<int:cost_center_id>/", cost_centers.CostCenterDetail.as_view(), name="cost_center_detail"),
    path(
        "cost-centers/<int:cost_center_id>/retirement/",
        cost_centers.CostCenterRetirement.as_view(),
        name="cost_center_retirement",
    ),
    path("audit-events/", audit.AuditEventList.as_view(), name="audit_event_list"),
]
