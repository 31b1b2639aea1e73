"""What every environment shares, read top to bottom in one sitting."""

import tomllib
from pathlib import Path

from csp.constants import NONE, SELF

from config.api_tags import DESCRIPTION, TAGS
from config.environment import env_int

BASE_DIR = Path(__file__).resolve().parent.parent.parent

# Who is installed, lowest floor first.
INSTALLED_APPS = [
    "accounts",
    "billing",
    "forecasting",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "rest_framework",
]

MIDDLEWARE = [
    "config.logging.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.access.sessions.SessionUseMiddleware",
    # After authentication: the language is the user's choice first, the browser's second.
    "accounts.access.language.UserLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.web.CallerErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.access.web.organization_context",
            ],
        },
    },
]

# People.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.web.allauth.AccountAdapter"
ACCOUNT_FORMS = {
    "add_email": "accounts.web.allauth.AddEmailForm",
    "change_password": "accounts.web.allauth.ChangePasswordForm",
    "login": "accounts.web.allauth.LoginForm",
    "reauthenticate": "accounts.web.allauth.ReauthenticateForm",
    "reset_password": "accounts.web.allauth.ResetPasswordForm",
    "reset_password_from_key": "accounts.web.allauth.ResetPasswordKeyForm",
    "set_password": "accounts.web.allauth.SetPasswordForm",
    "signup": "accounts.web.allauth.SignupForm",
}
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Yosan] "

# Second factors: an authenticator's code, passkeys (which log in by themselves, too), and codes for the day both are lost.
MFA_ADAPTER = "accounts.web.second_factors.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Yosan"
# A telephone's clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "activate_totp": "accounts.web.second_factors.ActivateTotpForm",
    "add_webauthn": "accounts.web.second_factors.AddPasskeyForm",
    "authenticate": "accounts.web.second_factors.AuthenticateForm",
    "authenticate_webauthn": "accounts.web.second_factors.PasskeyForm",
    "edit_webauthn": "accounts.web.second_factors.RenamePasskeyForm",
    "login_webauthn": "accounts.web.second_factors.PasskeyLoginForm",
    "reauthenticate": "accounts.web.second_factors.ReauthenticateForm",
    "reauthenticate_webauthn": "accounts.web.second_factors.PasskeyReauthenticateForm",
}

# Where people find this installation, for links in mail and on the command line.
SITE_URL = "http://localhost:8000"

# Language and time. Facts are UTC; an organization shows its own zone.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ja", "日本語")]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files: the bundle that `make setup` builds, served by WhiteNoise.
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "config" / "assets" / "dist"]
STATIC_ROOT: Path | None = BASE_DIR / "config" / "assets" / "collected"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Rows.
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What a browser may do on our pages: nothing inline, nothing from elsewhere (Tabler's style sheet embeds data: images).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.web.csrf_failure"

# A body larger than this is refused before it is read (the largest we take is a page of JSON).
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Files go to disk as they arrive, and only where a view says that it takes one.
FILE_UPLOAD_HANDLERS = [
    "accounts.access.uploads.DeclaredUploads",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# REST.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.access.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "accounts.access.schema.OrganizationSchema",
    "EXCEPTION_HANDLER": "config.api.exception_handler",
    "UNAUTHENTICATED_USER": None,
    # A format is asked for by header; `?format=` is an unknown parameter like any other.
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
# Requests that one API key may make in a minute; refused keys are slowed much earlier, by address.
API_REQUESTS_A_MINUTE = env_int("YOSAN_API_REQUESTS_A_MINUTE", default=600, minimum=1)
# Told in exported files, so that a figure can be traced to what made it.
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

SPECTACULAR_SETTINGS = {
    "TITLE": "Yosan API",
    "DESCRIPTION": DESCRIPTION,
    "TAGS": TAGS,
    "SERVERS": [{"url": "/", "description": "The installation that serves this description."}],
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Parameters stay in the order in which they are declared.
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "config.reference.add_calls"],
    # Fields of one name with different choices: which choices get which name in the schema.
    "ENUM_NAME_OVERRIDES": {
        "AlertKindEnum": "forecasting.domain.thresholds.AlertKind",
        "ApiKeyStateEnum": "accounts.domain.api_keys.ApiKeyState",
        "BudgetBasisEnum": ["rated", "billed_completed"],
        "BasisEnum": ["rated", "billed"],
        "ChannelKindEnum": "forecasting.domain.channels.ChannelKind",
        "ChannelStateEnum": "forecasting.domain.channels.ChannelState",
        "ConnectionKindEnum": "billing.domain.collection.ConnectionKind",
        "ConnectionStateEnum": "billing.domain.connections.ConnectionState",
        "CostImportFailureEnum": "billing.domain.imports.ImportFailure",
        "CostImportOriginEnum": "billing.domain.imports.ImportOrigin",
        "CostImportStateEnum": "billing.domain.imports.ImportState",
        "DeliveryStateEnum": "forecasting.domain.channels.DeliveryState",
        "DiscrepancyStateEnum": "billing.domain.reconciliation.DiscrepancyState",
        "InvitationStateEnum": "accounts.domain.invitations.InvitationState",
        "PermissionEnum": "accounts.domain.roles.Permission",
        "PriceOriginEnum": ["OVERRIDE", "PRICE_LIST", "COMMITTED"],
        "PriceUnitEnum": ["1M", "1K"],
        "RoutingClassEnum": "billing.domain.dimensions.RoutingClass",
        "ScopeKindEnum": ["ORGANIZATION", "COST_CENTER", "MODEL"],
        "TierEnum": "billing.domain.dimensions.Tier",
        "TokenClassEnum": ["input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h"],
    },
}

# Work in the background. Retrying is not Celery's business: the row knows when to try again.
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A message that waits longer than this for its acknowledgement is delivered again: above the longest time limit.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}

# Hosts that a webhook may reach although the egress guard would refuse them (a receiver in one's own network).
WEBHOOK_ALLOWED_HOSTS: list[str] = []
