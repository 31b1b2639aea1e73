"""Routes."""

from django.urls import path

from billing.api import costs, usage

app_name = "billing_api"

urlpatterns = [
    path("spend/", costs.SpendList.as_view(), name="spend_list"),
    path("usage/", usage.UsageList.as_view(), name="usage_list"),
]
