"""Escape what would steer a terminal in text that comes from elsewhere."""


def escape_control_chars(text: str) -> str:
    """Return the text with control characters, line ends and lone surrogates as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)
