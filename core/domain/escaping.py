"""Words from elsewhere, made harmless to whoever reads them."""


def escape_control_chars(text: str) -> str:
    """The text with what would steer a terminal, or begin another line, shown as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)
