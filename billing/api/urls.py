"""Routes."""

from django.urls import path

from billing.api import catalog, costs, usage

app_name = "billing_api"

urlpatterns = [
    path("models/", catalog.ModelList.as_view(), name="model_list"),
    path("prices/", catalog.PriceList.as_view(), name="price_list"),
    path("spend/", costs.SpendList.as_view(), name="spend_list"),
    path("usage/", usage.UsageList.as_view(), name="usage_list"),
]
