"""Makes our own site the admin site of Django."""

from django.contrib.admin.apps import AdminConfig


class PanelConfig(AdminConfig):
    default_site = "explorer.classroom.panel.site.PanelSite"
