"""allauth's hooks and forms for second factors: our words, and secrets that the database alone does not give away."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from allauth.mfa.webauthn.internal.auth import parse_authentication_response, parse_registration_response
from cryptography.fernet import Fernet, MultiFernet
from django import forms
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.domain.names import NAME_LIMIT

CODE_LIMIT = 32


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc] # allauth has no types
    """Yosan's answers to allauth's questions about second factors."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "add_email_blocked": gettext_lazy("Remove the second factors first, then change the address."),
        "cannot_delete_authenticator": gettext_lazy("This second factor cannot be removed."),
        "cannot_generate_recovery_codes": gettext_lazy("Set up an authenticator app or a passkey first."),
        "incorrect_code": gettext_lazy("This was not right. Try once more, with the code or the passkey of now."),
        "unverified_email": gettext_lazy(
            "Confirm your e-mail address first; the link is in the mail that we sent you."
        ),
    }

    def encrypt(self, text: str) -> str:
        """Keep a secret so that a dump of the database alone does not give it away."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return what was kept."""
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's name
        """Propose a name for a new passkey."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey %(number)s") % {"number": number}


def _cipher() -> MultiFernet:
    # Made from the installation's key; keys that were in use before go on opening what they shut.
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [sha256(b"second-factor:" + str(key).encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def _check_shape(parse: Callable[[Any], object], credential: object) -> None:
    """Refuse what no device sends: the library parses it as if it were well-formed, and would fail."""
    try:
        parse(credential)
    except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
        raise SecondFactorAdapter().validation_error("incorrect_code") from error


def _word_code(form: forms.Form, help_text: Any) -> None:
    """Write a form's field for a code in our words; telephones offer the code, and show digits to type it."""
    field = form.fields["code"]
    field.label, field.help_text = gettext_lazy("Code"), help_text
    field.error_messages["required"] = gettext_lazy("Enter the code.")
    field.widget = forms.TextInput(
        attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": CODE_LIMIT, "spellcheck": "false"}
    )


def _word_name(form: forms.Form) -> None:
    field = form.fields["name"]
    field.label = gettext_lazy("Name")
    field.help_text = gettext_lazy("So that you know it again, for example: work laptop.")
    field.error_messages["required"] = gettext_lazy("Enter a name.")
    field.widget = forms.TextInput(attrs={"maxlength": NAME_LIMIT, "autocomplete": "off"})
    assert isinstance(field, forms.CharField)
    field.max_length = NAME_LIMIT
    field.validators.append(forms.CharField(max_length=NAME_LIMIT).validators[0])


class AuthenticateForm(base_forms.AuthenticateForm):  # type: ignore[misc] # as above
    """Log in with a code, after the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word_code(self, gettext_lazy("The six digits of your authenticator app, or one of your recovery codes."))


class ReauthenticateForm(base_forms.ReauthenticateForm):  # type: ignore[misc] # as above
    """Prove once more who one is, with a code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word_code(self, gettext_lazy("The six digits of your authenticator app, or one of your recovery codes."))


class ActivateTotpForm(totp_forms.ActivateTOTPForm):  # type: ignore[misc] # as above
    """Set up an authenticator app; its first code shows that it was."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word_code(self, gettext_lazy("The six digits that the app shows now."))


class AddPasskeyForm(webauthn_forms.AddWebAuthnForm):  # type: ignore[misc] # as above
    """Add a passkey or a security key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word_name(self)
        field = self.fields["passwordless"]
        field.label = gettext_lazy("Log in with it alone, without the password")
        field.help_text = gettext_lazy("The device then asks for a fingerprint, a face or a PIN each time.")
        field.initial = True

    def clean_credential(self) -> Any:
        credential = self.cleaned_data["credential"]
        _check_shape(parse_registration_response, credential)
        return credential


class PasskeyForm(webauthn_forms.AuthenticateWebAuthnForm):  # type: ignore[misc] # as above
    """Log in with a passkey, after the password."""

    def clean_credential(self) -> Authenticator:
        _check_shape(parse_authentication_response, self.cleaned_data["credential"])
        return super().clean_credential()


class PasskeyLoginForm(webauthn_forms.LoginWebAuthnForm):  # type: ignore[misc] # as above
    """Log in with a passkey alone."""

    def clean_credential(self) -> Authenticator:
        _check_shape(parse_authentication_response, self.cleaned_data["credential"])
        return super().clean_credential()


class PasskeyReauthenticateForm(webauthn_forms.ReauthenticateWebAuthnForm):  # type: ignore[misc] # as above
    """Prove once more who one is, with a passkey."""

    def clean_credential(self) -> Authenticator:
        _check_shape(parse_authentication_response, self.cleaned_data["credential"])
        return super().clean_credential()


class RenamePasskeyForm(webauthn_forms.EditWebAuthnForm):  # type: ignore[misc] # as above
    """Give a passkey another name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word_name(self)
