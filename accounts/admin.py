"""Staff view of global tables: users, organizations."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from accounts.models import Organization, User

# Staff log in by the same door as everybody, which is throttled.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign] # as allauth documents it


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic in its stubs only
    """People. Passwords are changed by their owners only."""

    list_display = ("email", "name", "is_active", "is_staff", "joined_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    fields = ("email", "name", "language", "theme", "is_active", "is_staff", "is_superuser", "joined_at", "last_login")
    readonly_fields = ("joined_at", "last_login")


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # as above
    """Organizations, to look at: what belongs to one is behind its wall."""

    list_display = ("slug", "name", "time_zone", "currency", "created_at", "closed_at")
    search_fields = ("slug", "name")
    readonly_fields = ("id", "slug", "name", "time_zone", "currency", "fiscal_year_start_month", "is_demonstration")
