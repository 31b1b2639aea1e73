"""How a person wants the pages: language, theme, name."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access.forms import posted
from accounts.access.people import PersonRequest, person_view
from accounts.access.sentences import add_error
from accounts.domain.errors import CallerError
from accounts.domain.names import NAME_LIMIT
from accounts.operations.users import change_preferences, choose_language

# The form's word for what is kept as an empty theme.
SYSTEM = "system"


class PreferencesForm(forms.Form):
    """A person's preferences."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        required=False,
        max_length=NAME_LIMIT,
        help_text=gettext_lazy("As members of your organizations see it. Left empty, they see your e-mail address."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(
        label=gettext_lazy("Theme"),
        choices=(
            (SYSTEM, gettext_lazy("Like the device")),
            ("light", gettext_lazy("Light")),
            ("dark", gettext_lazy("Dark")),
        ),
        widget=forms.RadioSelect,
    )
    uses_shortcuts = forms.BooleanField(
        label=gettext_lazy("Keyboard shortcuts"),
        required=False,
        help_text=gettext_lazy("Ctrl K or ⌘ K searches, / goes to the filter, ? lists every key."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@person_view
def preferences(request: PersonRequest) -> HttpResponse:
    """Show and keep what a person prefers."""
    user = request.user
    initial = {
        "name": user.name,
        "language": user.language or translation.get_language(),
        "theme": user.theme or SYSTEM,
        "uses_shortcuts": user.uses_shortcuts,
    }
    form = PreferencesForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            theme = form.cleaned_data["theme"]
            change_preferences(
                user_id=user.pk,
                name=form.cleaned_data["name"],
                language=form.cleaned_data["language"],
                theme="" if theme == SYSTEM else theme,
                uses_shortcuts=form.cleaned_data["uses_shortcuts"],
            )
        except CallerError as error:
            add_error(form, error)
        else:
            with translation.override(form.cleaned_data["language"]):
                messages.success(request, _("Saved."))
            return redirect("accounts:preferences")
    context = {"form": form}
    return render(request, "accounts/users/preferences.html", context, status=422 if form.errors else 200)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language from a page's foot, signed in or not, and come back to the page."""
    chosen, back = request.POST.get("language", ""), request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    if chosen in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            choose_language(user_id=request.user.pk, language=chosen)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=365 * 24 * 3600, httponly=True, samesite="Lax"
        )
    return response
