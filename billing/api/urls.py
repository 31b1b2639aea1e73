"""Routes."""

from django.urls import path

from billing.api import catalog, connections, costs, usage

app_name = "billing_api"

urlpatterns = [
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
    path("connections/<int:connection_id>/pause/", connections.ConnectionPause.as_view(), name="connection_pause"),
    path(
        "connections/<int:connection_id>/disconnection/",
        connections.ConnectionDisconnection.as_view(),
        name="connection_disconnection",
    ),
    path("models/", catalog.ModelList.as_view(), name="model_list"),
    path("prices/", catalog.PriceList.as_view(), name="price_list"),
    path("spend/", costs.SpendList.as_view(), name="spend_list"),
    path("usage/", usage.UsageList.as_view(), name="usage_list"),
]
