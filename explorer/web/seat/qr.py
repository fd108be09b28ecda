"""A link as a QR code: an SVG, dark on light whatever the page's colours are, because that is what every camera reads."""

from __future__ import annotations

import io

import segno
from django.utils.safestring import SafeString, mark_safe


def draw_qr(link: str) -> SafeString:
    """An inline `<svg class="qr">` with a viewBox and no size of its own. Holds nothing of `link` but its modules."""
    out = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, light="#fff", svgclass="qr", lineclass=None
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308 - made here, of squares
