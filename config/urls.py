"""Every address: the front door, one organization's pages, the API."""

from django.contrib import admin
from django.urls import include, path

from config import api, docs, health

urlpatterns = [
    path("", include("accounts.web.urls")),
    path("", include("forecasting.web.urls")),
    path("", include("billing.web.urls")),
    path("account/", include("allauth.account.urls")),
    path("account/security/", include("allauth.mfa.urls")),
    path("account/sign-ins/", include("allauth.usersessions.urls")),
    path("staff/", admin.site.urls),
    path("health/live/", health.live, name="health_live"),
    path("health/ready/", health.ready, name="health_ready"),
    path("api/v1/schema/", api.SchemaView.as_view(), name="schema"),
    path("api/v1/docs/", docs.overview, name="api_docs"),
    path("api/v1/docs/<slug:tag>/", docs.section, name="api_docs_section"),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("billing.api.urls")),
    path("api/v1/", include("forecasting.api.urls")),
]

handler400 = "config.web.bad_request"
handler403 = "config.web.permission_denied"
handler404 = "config.web.page_not_found"
handler500 = "config.web.server_error"
