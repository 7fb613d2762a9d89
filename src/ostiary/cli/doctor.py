"""``ostiary doctor``."""

from ostiary.cli.options import UNSAID, Serving


def doctor(*, options: Serving = UNSAID) -> int:
    """Look at folder, keys, database, clock, port and URL; 1 if something is wrong. Changes nothing."""
    settings = options.settings()
    from ostiary.app.doctor import Level, examine

    signs = {Level.GOOD: "  ok  ", Level.NOTE: " note ", Level.PROBLEM: "WRONG "}
    problems = 0
    for finding in examine(settings):
        problems += finding.level is Level.PROBLEM
        print(f"{signs[finding.level]} {finding.text}")
        if finding.advice:
            print(f"       {finding.advice}")
    return 1 if problems else 0
