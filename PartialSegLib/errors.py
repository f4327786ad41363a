"""The one exception that users are meant to see."""


class UserError(Exception):
    """A mistake or a limit outside the program: one line that says what is wrong and what to do about it."""
