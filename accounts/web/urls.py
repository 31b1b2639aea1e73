"""Routes."""

from django.urls import include, path

from accounts.web import api_keys, audit, cost_centers, exports, invitations, memberships, organizations, users

app_name = "accounts"

inside = [
    path("organization/", organizations.organization_settings, name="organization_settings"),
    path("organization/export/", exports.organization_export, name="organization_export"),
    path("members/", memberships.member_list, name="member_list"),
    path("members/leave/", memberships.member_leave, name="member_leave"),
    path("members/<int:user_id>/edit/", memberships.member_edit, name="member_edit"),
    path("members/<int:user_id>/remove/", memberships.member_remove, name="member_remove"),
    path("invitations/new/", invitations.invitation_create, name="invitation_create"),
    path("invitations/<int:invitation_id>/revoke/", invitations.invitation_revoke, name="invitation_revoke"),
    path("invitations/<int:invitation_id>/send/", invitations.invitation_send, name="invitation_send"),
    path("cost-centers/new/", cost_centers.cost_center_create, name="cost_center_create"),
    path("cost-centers/<int:cost_center_id>/edit/", cost_centers.cost_center_edit, name="cost_center_edit"),
    path("cost-centers/<int:cost_center_id>/retire/", cost_centers.cost_center_retire, name="cost_center_retire"),
    path("api-keys/", api_keys.api_key_list, name="api_key_list"),
    path("api-keys/new/", api_keys.api_key_create, name="api_key_create"),
    path("api-keys/<int:api_key_id>/revoke/", api_keys.api_key_revoke, name="api_key_revoke"),
    path("audit-log/", audit.audit_list, name="audit_list"),
    path("audit-log/export/", audit.audit_export, name="audit_export"),
]

urlpatterns = [
    path("", organizations.home, name="home"),
    path("organizations/", organizations.organization_list, name="organization_list"),
    path("organizations/new/", organizations.organization_create, name="organization_create"),
    path("preferences/", users.preferences, name="preferences"),
    path("language/", users.language, name="language"),
    path("invitations/<str:token>/", invitations.invitation_accept, name="invitation_accept"),
    path("o/<slug:org_slug>/", include(inside)),
]
