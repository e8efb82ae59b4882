"""Go's rules for paths and blanks, where the reference's verdict depends on them."""

import posixpath
from functools import lru_cache

# unicode.IsSpace of Go; Python's str.strip would also take \x1c to \x1f.
_GO_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


# A fleet's lanes share most of their paths, and each is looked at several times.
@lru_cache(maxsize=256)
def clean(path: str) -> str:
    """filepath.Clean: lexical, an empty path is ".", no double slash survives."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def join_one(path: str) -> str:
    """filepath.Join of one element: like `clean`, but empty stays empty."""
    return clean(path) if path else ""


def trim_space(text: str) -> str:
    """strings.TrimSpace."""
    return text.strip(_GO_SPACES)
