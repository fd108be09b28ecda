"""A link as a QR code. The SVG is dark on light in every theme, because all cameras read that."""

from __future__ import annotations

import io

import segno
from django.utils.safestring import SafeString, mark_safe


def draw_qr(link: str) -> SafeString:
    """An inline `<svg class="qr">` with a viewBox and without a size. The link's text is not in it, only the squares of the
    code.
    """
    out = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, light="#fff", svgclass="qr", lineclass=None
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308 - made here, of squares
