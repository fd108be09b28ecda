"""Every URL. Web pages live in `web`, one module per page family."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
