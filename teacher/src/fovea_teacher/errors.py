"""The one kind of error whose text is meant for the user."""


class TargetsError(Exception):
    """Something the user can change; the file's name stands last in the text."""
