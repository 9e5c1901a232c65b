"""Replacements of moto's attributes, remembered so that they can be taken back."""

_ABSENT = object()


class Patches:
    """Sets attributes; `undo` puts everything back as it was."""

    def __init__(self):
        self._undo = []

    def set(self, owner, name, value):
        """Replaces `owner.name` and answers what it was."""
        before = owner.__dict__.get(name, _ABSENT)
        old = getattr(owner, name, None)
        self._undo.append((owner, name, before))
        setattr(owner, name, value)
        return old

    def undo(self):
        """Takes all replacements back, the latest first."""
        while self._undo:
            owner, name, before = self._undo.pop()
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
