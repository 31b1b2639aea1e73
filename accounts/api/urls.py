"""Routes."""

from django.urls import path

from accounts.api import api_keys, audit, cost_centers, invitations, memberships, organizations

app_name = "accounts_api"

urlpatterns = [
    path("organization/", organizations.OrganizationDetail.as_view(), name="organization_detail"),
    path("members/", memberships.MemberList.as_view(), name="member_list"),
    path("members/<int:user_id>/", memberships.MemberDetail.as_view(), name="member_detail"),
    path("invitations/", invitations.InvitationList.as_view(), name="invitation_list"),
    path("invitations/<int:invitation_id>/", invitations.InvitationDetail.as_view(), name="invitation_detail"),
    path("cost-centers/", cost_centers.CostCenterList.as_view(), name="cost_center_list"),
    path("cost-centers/<int:cost_center_id>/", cost_centers.CostCenterDetail.as_view(), name="cost_center_detail"),
    path(
        "cost-centers/<int:cost_center_id>/moves/",
        cost_centers.CostCenterMoveList.as_view(),
        name="cost_center_move_list",
    ),
    path(
        "cost-centers/<int:cost_center_id>/retirement/",
        cost_centers.CostCenterRetirement.as_view(),
        name="cost_center_retirement",
    ),
    path("api-keys/", api_keys.ApiKeyList.as_view(), name="api_key_list"),
    path("api-keys/<int:api_key_id>/revocation/", api_keys.ApiKeyRevocation.as_view(), name="api_key_revocation"),
    path("audit-events/", audit.AuditEventList.as_view(), name="audit_event_list"),
]
