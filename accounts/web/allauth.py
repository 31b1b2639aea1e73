"""allauth's hooks and forms: what a new person is, how mail is written, and the sentences people read."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMultiAlternatives
from django.core.validators import MaxLengthValidator
from django.forms import BaseForm
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.domain.names import NAME_LIMIT
from accounts.queries.users import find_user_by_email

# What a person is told without having asked: somebody else may have done it.
NOTIFICATIONS = frozenset(
    {
        "email_changed",
        "password_changed",
        "password_reset",
        "password_set",
        "recovery_codes_generated",
        "totp_activated",
        "totp_deactivated",
        "webauthn_added",
        "webauthn_removed",
    }
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """Yosan's answers to allauth's questions."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": gettext_lazy("This log-in is switched off."),
        "cannot_remove_primary_email": gettext_lazy("The address that you log in with cannot be removed."),
        "duplicate_email": gettext_lazy("This is your address already."),
        # The same sentence for an unknown address and for a wrong password: it must not tell who has a log-in here.
        "email_password_mismatch": gettext_lazy("The e-mail address and the password do not belong together."),
        "email_taken": gettext_lazy("There is a log-in with this e-mail address already."),
        "enter_current_password": gettext_lazy("Type the password that you use now."),
        "incorrect_password": gettext_lazy("This is not your password."),
        "invalid_password_reset": gettext_lazy("This link has expired or was used already. Ask for a new one."),
        "same_as_current": gettext_lazy("This is the address that you have now."),
        "too_many_login_attempts": gettext_lazy("Too many attempts. Wait five minutes, then try again."),
        "rate_limited": gettext_lazy("Too many requests. Wait a minute, then try again."),
    }

    def save_user(
        self, request: HttpRequest, user: AbstractBaseUser, form: BaseForm, commit: bool = True
    ) -> AbstractBaseUser:
        """Keep the language and the name that the sign-up form was filled in with."""
        if not self.is_email_verified(request, form.cleaned_data["email"]):
            # An invitation was followed before, to another address: that one proves nothing about this one, and the
            # library would add it to the new person.
            self.unstash_verified_email(request)
        person: Any = super().save_user(request, user, form, commit=False)
        person.language = form.cleaned_data.get("language", "")
        person.name = form.cleaned_data.get("name", "")
        if commit:
            person.save()
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write to people in their own language, as far as it is known."""
        user = find_user_by_email(email)
        language = (user.language if user else "") or translation.get_language() or "en"
        with translation.override(language):
            super().send_mail(template_prefix, email, {**context, "language": language})

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell people what they must know about; what they have just done in front of us they know."""
        if _message(template_prefix) in NOTIFICATIONS:
            super().send_notification_mail(template_prefix, user, context, email)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMultiAlternatives:
        """Render a message from its three files: emails/<message>/subject.txt, body.txt, body.html."""
        folder = f"emails/{_message(template_prefix)}"
        subject = " ".join(render_to_string(f"{folder}/subject.txt", context).split())
        mail = EmailMultiAlternatives(
            self.format_email_subject(subject),
            render_to_string(f"{folder}/body.txt", context).strip() + "\n",
            self.get_from_email(),
            [email] if isinstance(email, str) else email,
            headers=headers,
        )
        mail.attach_alternative(render_to_string(f"{folder}/body.html", context), "text/html")
        return mail

    def format_email_subject(self, subject: str) -> str:
        """Put the sender in front, in the brackets that the language uses."""
        return _("[Yosan] %(subject)s") % {"subject": subject}


def _message(template_prefix: str) -> str:
    return template_prefix.rsplit("/", 1)[-1]


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


class LoginForm(allauth_forms.LoginForm):  # type: ignore[misc] # as above
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
        self.fields["language"].initial = translation.get_language()


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
