"""Every URL. Web pages live in `web`, one module per page family."""

from django.contrib import admin
from django.urls import path

from explorer.web import (
    about,
    capture,
    compare,
    compare_parts,
    embed,
    errors,
    health,
    home,
    join,
    lesson,
    measured,
    past,
    playground,
    recorded,
    sandbox,
    summary,
    teach,
    wall,
)

urlpatterns = [
    path("", home.show_home, name="home"),
    path("about/", about.show_about, name="about"),
    path("learn/<slug:slug>/", lesson.show_lesson, name="lesson"),
    path("learn/<slug:slug>/step/<slug:step>/", lesson.move_step, name="step"),
    path("learn/<slug:slug>/predict/", lesson.predict, name="predict"),
    path("learn/<slug:slug>/measured/<slug:step>/", measured.show_measured, name="measured"),
    path("learn/<slug:slug>/summary/", summary.show_summary, name="summary"),
    path("learn/<slug:slug>/recorded/<slug:step>/", recorded.show_recorded, name="recorded"),
    path("playground/", playground.show_playground, name="playground"),
    path("playground/open/", playground.open_playground, name="playground-open"),
    path("playground/link/", playground.show_link, name="playground-link"),
    path("compare/", compare.show_choice, name="compare"),
    path("compare/start/", compare.start, name="compare-start"),
    path("compare/<slug:comparison_id>/", compare.show_comparison, name="comparison"),
    path("compare/<slug:comparison_id>/table/", compare.show_table, name="comparison-table"),
    path("compare/<slug:comparison_id>/end/", compare.end, name="comparison-end"),
    path("compare/cases/<slug:case_id>/", compare_parts.show_case, name="case"),
    path("compare/<slug:comparison_id>/json/", compare_parts.download_json, name="comparison-json"),
    path("compare/<slug:comparison_id>/markdown/", compare_parts.download_markdown, name="comparison-markdown"),
    path("compare/<slug:comparison_id>/<str:column>/picture/", compare_parts.show_picture, name="comparison-picture"),
    path("compare/<slug:comparison_id>/<str:column>/<slug:row>/", compare_parts.show_evidence, name="comparison-evidence"),
    path("embed/<slug:slug>/", embed.show_embed, name="embed"),
    path("embed/<slug:slug>/hand-over/", embed.hand_over, name="hand-over"),
    path("learn/<slug:slug>/take-over/", embed.take_over, name="take-over"),
    path("sandboxes/open/", sandbox.open_sandbox, name="open"),
    path("sandboxes/<slug:sandbox_id>/", sandbox.show_sandbox, name="sandbox"),
    path("sandboxes/<slug:sandbox_id>/extend/", sandbox.extend_sandbox, name="extend"),
    path("sandboxes/<slug:sandbox_id>/reset/", sandbox.reset_sandbox, name="reset"),
    path("sandboxes/<slug:sandbox_id>/close/", sandbox.close_sandbox, name="close"),
    path("sandboxes/<slug:sandbox_id>/past/<int:before>/", past.show_past, name="past"),
    path("sandboxes/<slug:sandbox_id>/captures/<slug:capture_id>/", capture.download, name="capture"),
    path("sandboxes/<slug:sandbox_id>/captures/<slug:capture_id>/<int:number>/", capture.show_frame, name="captured-frame"),
    # learners in a class
    path("join/", join.show_join, name="join"),
    # instructors and their classes
    path("teach/", teach.show_classes, name="classes"),
    path("teach/login/", teach.log_in, name="login"),
    path("teach/logout/", teach.log_out, name="logout"),
    path("teach/new/", teach.make_class, name="class-new"),
    path("teach/sandboxes/<slug:sandbox_id>/", wall.watch_sandbox, name="watch"),
    path("teach/<slug:class_id>/", wall.show_wall, name="wall"),
    path("teach/<slug:class_id>/results/", teach.show_results, name="results"),
    path("teach/<slug:class_id>/seats/<slug:seat_id>/", wall.show_seat, name="seat"),
    path("teach/<slug:class_id>/setup/", teach.show_setup, name="class-setup"),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error
