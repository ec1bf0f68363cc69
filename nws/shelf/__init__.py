"""Named copies of pipelines outside the store: archives, exports and library, each whole or not there.

A copy needs nothing of the workspace it came from. This room must not know what the files of a pipeline mean.
"""

from nws.shelf.shelf import Copy, Finding, Shelf
from nws.shelf.shelves import archives, exports, library

__all__ = ["Copy", "Finding", "Shelf", "archives", "exports", "library"]
