"""The one exception that a user sees: what is wrong, where, and what to do about it."""


class UserError(Exception):
    """
    A problem in the user's input, told in one line.

    `what` is the fact, `where` the place (ONNX node or tensor, or `file:line`), `remedy` what to change.
    Command-line tools print `str(error)` and exit with a non-zero code; anything else that escapes is a bug.
    """

    def __init__(self, what: str, where: str = "", remedy: str = ""):
        self.what, self.where, self.remedy = what, where, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        text = f"{text}; {self.remedy}" if self.remedy else text
        return _printable(text)


def _printable(text: str) -> str:
    """`text` as one line: names from a model may hold line breaks and control characters."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
