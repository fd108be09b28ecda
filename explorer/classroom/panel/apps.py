"""Has Django's admin be our site."""

from django.contrib.admin.apps import AdminConfig


class PanelConfig(AdminConfig):
    default_site = "explorer.classroom.panel.site.PanelSite"
