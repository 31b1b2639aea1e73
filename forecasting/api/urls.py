"""Routes."""

from django.urls import path

from forecasting.api import alerts, budgets, channels, deliveries, forecasts

app_name = "forecasting_api"

urlpatterns = [
    path("forecasts/", forecasts.ForecastList.as_view(), name="forecast_list"),
    path("forecasts/history/", forecasts.PastForecastList.as_view(), name="past_forecast_list"),
    path("budgets/", budgets.BudgetList.as_view(), name="budget_list"),
    path("budgets/<int:budget_id>/", budgets.BudgetDetail.as_view(), name="budget_detail"),
    path("alerts/", alerts.AlertList.as_view(), name="alert_list"),
    path("alerts/<int:alert_id>/", alerts.AlertDetail.as_view(), name="alert_detail"),
    path("channels/", channels.ChannelList.as_view(), name="channel_list"),
    path("channels/<int:channel_id>/", channels.ChannelDetail.as_view(), name="channel_detail"),
    path("channels/<int:channel_id>/tests/", channels.ChannelTestList.as_view(), name="channel_test_list"),
    path("channels/<int:channel_id>/secrets/", channels.ChannelSecretList.as_view(), name="channel_secret_list"),
    path(
        "channels/<int:channel_id>/disablement/",
        channels.ChannelDisablement.as_view(),
        name="channel_disablement",
    ),
    path("channels/<int:channel_id>/deliveries/", deliveries.DeliveryList.as_view(), name="delivery_list"),
    path("deliveries/<int:delivery_id>/replays/", deliveries.DeliveryReplayList.as_view(), name="delivery_replay_list"),
]
