"""Pictures read as a person reads them: the text on them, and where their points and lines are."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"


def texts(svg):
    """Return every text of a picture, in its order."""
    return ["".join(item.itertext()) for item in ET.fromstring(svg).iter(f"{SVG}text")]


def group(svg, name):
    """Return the first element with that id."""
    return next(item for item in ET.fromstring(svg).iter() if item.get("id") == name)


def has(svg, name):
    return any(item.get("id") == name for item in ET.fromstring(svg).iter())


def markers(svg, name):
    """Return where the markers of a group are: x and y (downwards) in points."""
    return [(float(item.get("x")), float(item.get("y"))) for item in group(svg, name).iter(f"{SVG}use")]


def lines(svg, name):
    """Return the lines of a group, each as points."""
    found = [item for item in group(svg, name).iter(f"{SVG}path") if "fill: none" in (item.get("style") or "")]
    return [
        [tuple(map(float, pair)) for pair in re.findall(r"[ML] ([-\d.e]+) ([-\d.e]+)", item.get("d"))] for item in found
    ]


def image(png):
    """Return a decoded picture as an array of shape (height, width, 3)."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(png)) as opened:
        assert opened.format == "PNG"
        return np.asarray(opened.convert("RGB"))
