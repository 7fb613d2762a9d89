"""QR codes as parts of a page: SVG without styles or scripts, dark on light whatever the page's colours are."""

import segno
from markupsafe import Markup


def qr_code(text: str, title: str) -> Markup:
    """The drawing; ``title`` is read out in its place."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None, title=title
    )
    return Markup(drawn)  # noqa: S704  made of squares; the title is escaped by the library
