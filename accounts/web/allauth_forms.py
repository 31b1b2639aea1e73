"""allauth's forms in our words: labels above the fields, no placeholders, the password's rule in one sentence."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.utils.translation import get_language, gettext_lazy

from accounts.domain.names import NAME_LIMIT

# Nobody types more, and hashing a megabyte of password is work for nothing.
PASSWORD_LIMIT = 128
LABELS = {
    "login": gettext_lazy("E-mail address"),
    "email": gettext_lazy("E-mail address"),
    "password": gettext_lazy("Password"),
    "oldpassword": gettext_lazy("Password now"),
    "password1": gettext_lazy("New password"),
    "password2": gettext_lazy("New password again"),
}
MISSING = {
    "login": gettext_lazy("Enter your e-mail address."),
    "email": gettext_lazy("Enter your e-mail address."),
    "password": gettext_lazy("Enter your password."),
    "oldpassword": gettext_lazy("Enter the password that you use now."),
    "password1": gettext_lazy("Enter a new password."),
    "password2": gettext_lazy("Enter the new password again."),
}
PASSWORD_RULE = gettext_lazy("At least 10 characters, not only digits, and nothing that everybody uses.")


def _word(form: forms.Form) -> None:
    """Write a form's labels, help and limits in our words."""
    for name, field in form.fields.items():
        if name in LABELS:
            field.label = LABELS[name]
            field.error_messages["required"] = MISSING[name]
        field.widget.attrs.pop("placeholder", None)
        field.help_text = PASSWORD_RULE if name == "password1" else ("" if name in LABELS else field.help_text)
        if "password" in name and isinstance(field, forms.CharField):
            field.max_length = PASSWORD_LIMIT
            field.validators.append(MaxLengthValidator(PASSWORD_LIMIT))


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc] # allauth has no types
    """Log in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self)
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class SignupForm(allauth_forms.SignupForm):  # type: ignore[misc] # as above
    """Sign up; the language is the one the form was read in, unless another is chosen."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        required=False,
        max_length=NAME_LIMIT,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    field_order = ("email", "name", "password1", "password2", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self)
        self.fields["password1"].label = gettext_lazy("Password")
        self.fields["password2"].label = gettext_lazy("Password again")
        self.fields["language"].initial = get_language()


class ResetPasswordForm(allauth_forms.ResetPasswordForm):  # type: ignore[misc] # as above
    """Ask for a link to a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self)


class ResetPasswordKeyForm(allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc] # as above
    """Set a password with such a link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self)


class ChangePasswordForm(allauth_forms.ChangePasswordForm):  # type: ignore[misc] # as above
    """Change a password that one knows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self)


class SetPasswordForm(allauth_forms.SetPasswordForm):  # type: ignore[misc] # as above
    """Set a first password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self)


class AddEmailForm(allauth_forms.AddEmailForm):  # type: ignore[misc] # as above
    """Change to another e-mail address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self)


class ReauthenticateForm(allauth_forms.ReauthenticateForm):  # type: ignore[misc] # as above
    """Prove once more who one is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self)
