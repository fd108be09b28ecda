"""Every URL. Web pages live in `web`, one module per page family."""

from django.contrib import admin
from django.urls import path

from explorer.web.comparisons import choose, parts
from explorer.web.edge import about, errors, health
from explorer.web.learn import capture, embed, home, lesson, measured, past, playground, recorded, sandbox, summary
from explorer.web.seat import bar, join
from explorer.web.teach import authoring, classes, doing, results, seats, wall

urlpatterns = [
    path("", home.show_home, name="home"),
    path("about/", about.show_about, name="about"),
    path("learn/<slug:slug>/", lesson.show_lesson, name="lesson"),
    path("learn/<slug:slug>/print/", lesson.print_lesson, name="lesson-print"),
    path("learn/<slug:slug>/step/<slug:step>/", lesson.move_step, name="step"),
    path("learn/<slug:slug>/predict/", lesson.predict, name="predict"),
    path("learn/<slug:slug>/help/<slug:step>/", lesson.ask_help, name="help"),
    path("learn/<slug:slug>/look/", lesson.look, name="look"),
    path("learn/<slug:slug>/measured/<slug:step>/", measured.show_measured, name="measured"),
    path("learn/<slug:slug>/summary/", summary.show_summary, name="summary"),
    path("learn/<slug:slug>/recorded/<slug:step>/", recorded.show_recorded, name="recorded"),
    path("playground/", playground.show_playground, name="playground"),
    path("playground/open/", playground.open_playground, name="playground-open"),
    path("playground/link/", playground.show_link, name="playground-link"),
    path("compare/", choose.show_choice, name="compare"),
    path("compare/start/", choose.start, name="compare-start"),
    path("compare/<slug:comparison_id>/", choose.show_comparison, name="comparison"),
    path("compare/<slug:comparison_id>/table/", choose.show_table, name="comparison-table"),
    path("compare/<slug:comparison_id>/end/", choose.end, name="comparison-end"),
    path("compare/cases/<slug:case_id>/", parts.show_case, name="case"),
    path("compare/<slug:comparison_id>/json/", parts.download_json, name="comparison-json"),
    path("compare/<slug:comparison_id>/markdown/", parts.download_markdown, name="comparison-markdown"),
    path("compare/<slug:comparison_id>/<str:column>/picture/", parts.show_picture, name="comparison-picture"),
    path("compare/<slug:comparison_id>/<str:column>/<slug:row>/", parts.show_evidence, name="comparison-evidence"),
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
    path("class/", bar.show_class, name="class"),
    path("class/back/<slug:token>/", bar.come_back, name="class-back"),
    path("class/bar/", bar.show_bar, name="class-bar"),
    path("class/help/", bar.ask_for_help, name="class-help"),
    path("class/invite/", bar.invite, name="class-invite"),
    path("class/leave/", bar.leave, name="class-leave"),
    path("class/link/", bar.renew_link, name="class-link"),
    path("class/summary/", results.show_own_summary, name="class-summary"),
    path("join/", join.join, name="join"),
    path("join/<str:code>/", join.join, name="join-code"),
    path("join/<str:code>/<str:signature>/", join.join, name="join-link"),
    # instructors and their classes
    path("teach/", classes.show_classes, name="classes"),
    path("teach/bring/", authoring.bring, name="lesson-bring"),
    path("teach/login/", classes.log_in, name="login"),
    path("teach/logout/", classes.log_out, name="logout"),
    path("teach/new/", classes.make_class, name="class-new"),
    path("teach/lessons/", authoring.show_lessons, name="lessons"),
    path("teach/lessons/<slug:authored>/", authoring.show_lesson, name="authored"),
    path("teach/lessons/<slug:authored>/delete/", authoring.delete, name="lesson-delete"),
    path("teach/lessons/<slug:authored>/follow/", authoring.follow, name="lesson-follow"),
    path("teach/lessons/<slug:authored>/publish/", authoring.publish, name="lesson-publish"),
    path("teach/lessons/<slug:authored>/solve/", authoring.solve, name="lesson-solve"),
    path("teach/lessons/<slug:authored>/unpublish/", authoring.unpublish, name="lesson-unpublish"),
    path("teach/lessons/<slug:authored>/zip/", authoring.download, name="lesson-zip"),
    path("teach/sandboxes/<slug:sandbox_id>/", wall.watch_sandbox, name="watch"),
    path("teach/<slug:class_id>/", wall.show_wall, name="wall"),
    path("teach/<slug:class_id>/answers/", doing.show_answers, name="class-answers"),
    path("teach/<slug:class_id>/do/<slug:what>/", doing.do_for_class, name="do-class"),
    path("teach/<slug:class_id>/prepared/", doing.show_prepared, name="prepared"),
    path("teach/<slug:class_id>/seats/<slug:seat_id>/do/<slug:what>/", doing.do_for_seat, name="do-seat"),
    path("teach/<slug:class_id>/results/", results.show_results, name="results"),
    path("teach/<slug:class_id>/results/csv/", results.download_csv, name="results-csv"),
    path("teach/<slug:class_id>/results/json/", results.download_json, name="results-json"),
    path("teach/<slug:class_id>/results/forget/", results.forget, name="class-forget"),
    path("teach/<slug:class_id>/seats/<slug:seat_id>/", wall.show_seat, name="seat"),
    path("teach/<slug:class_id>/seats/<slug:seat_id>/helped/", wall.come_to_help, name="seat-helped"),
    path("teach/<slug:class_id>/seats/<slug:seat_id>/link/", seats.renew_link, name="seat-link"),
    path("teach/<slug:class_id>/seats/<slug:seat_id>/remove/", seats.remove, name="seat-remove"),
    path("teach/<slug:class_id>/seats/<slug:seat_id>/rename/", seats.rename, name="seat-rename"),
    path("teach/<slug:class_id>/seats/<slug:seat_id>/summary/", results.show_seat_summary, name="seat-summary"),
    path("teach/<slug:class_id>/setup/", classes.show_setup, name="class-setup"),
    path("teach/<slug:class_id>/setup/code/", classes.renew_code, name="class-code"),
    path("teach/<slug:class_id>/setup/end/", classes.end_class, name="class-end"),
    path("teach/<slug:class_id>/setup/show/", classes.show_code, name="class-show"),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error
