"""Routes."""

from django.urls import path

from billing.api import catalog, connections, costs, exchange_rates, freshness, prices, usage
from billing.api.saved_views import SavedViewDetail, SavedViewList

app_name = "billing_api"

urlpatterns = [
    path("saved-views/", SavedViewList.as_view(), name="saved_view_list"),
    path("saved-views/<int:view_id>/", SavedViewDetail.as_view(), name="saved_view_detail"),
    path("connections/", connections.ConnectionList.as_view(), name="connection_list"),
    path("connections/<int:connection_id>/", connections.ConnectionDetail.as_view(), name="connection_detail"),
    path(
        "connections/<int:connection_id>/template/",
        connections.ConnectionTemplate.as_view(),
        name="connection_template",
    ),
    path(
        "connections/<int:connection_id>/verification/",
        connections.ConnectionVerification.as_view(),
        name="connection_verification",
    ),
    path("connections/<int:connection_id>/sources/", freshness.SourceList.as_view(), name="source_list"),
    path("connections/<int:connection_id>/pause/", connections.ConnectionPause.as_view(), name="connection_pause"),
    path(
        "connections/<int:connection_id>/disconnection/",
        connections.ConnectionDisconnection.as_view(),
        name="connection_disconnection",
    ),
    path("models/", catalog.ModelList.as_view(), name="model_list"),
    path("prices/", prices.PriceList.as_view(), name="price_list"),
    path("prices/<int:price_id>/", prices.PriceDetail.as_view(), name="price_detail"),
    path("exchange-rates/", exchange_rates.ExchangeRateList.as_view(), name="exchange_rate_list"),
    path("exchange-rates/<int:rate_id>/", exchange_rates.ExchangeRateDetail.as_view(), name="exchange_rate_detail"),
    path("spend/", costs.SpendList.as_view(), name="spend_list"),
    path("usage/", usage.UsageList.as_view(), name="usage_list"),
]
