"""The one exception that stands for a mistake which the user can mend."""


class DotbenchError(Exception):
    """Shown to the user as one message, without a traceback; the exit status is 1.

    The message names the file and line, or the key; what was found; what is allowed.
    """


class FitFailed(Exception):
    """A fit that ran but cannot be used (NaN, out of memory, a rejected setting).

    It is recorded as a run with ``status: failed``; other runs go on.
    """
