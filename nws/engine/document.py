"""Config files as plain data, as `nws.documents` reads them.

This room must not know what the words in a config mean.
"""

from nws.documents import inside, read, refusal

__all__ = ["inside", "read", "refusal"]
