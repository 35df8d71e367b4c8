"""Keeps one comment with the report on a pull request: the first run writes it, later ones change it.

    python comment.py REPORT.md

Everything else comes from the variables that a runner of GitHub Actions sets, and GITHUB_TOKEN. Standard library only.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

MARK = "<!-- stopper -->"
"""Tells our comment from others; only those of a bot are looked at, for anybody may write the mark."""

MOST_PAGES = 20
SECONDS = 30


def asked(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """Ask the code host's REST API and return what it says. Raises urllib.error.URLError."""
    request = urllib.request.Request(
        f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}{path}",
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


def ours(number: int) -> int | None:
    """Return the id of the comment that an earlier run wrote on this pull request."""
    for page in range(1, MOST_PAGES + 1):
        comments = asked("GET", f"/issues/{number}/comments?per_page=100&page={page}")
        for comment in comments:
            writer = comment["user"] or {}  # null for one who is gone
            if writer.get("type") == "Bot" and (comment["body"] or "").startswith(MARK):
                return int(comment["id"])
        if len(comments) < 100:
            break
    return None


def main() -> None:
    """Write the report as a comment, or into the one that is there."""
    number = int(json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text())["pull_request"]["number"])
    body = {"body": f"{MARK}\n{Path(sys.argv[1]).read_text(encoding='utf-8')}"}
    before = ours(number)
    if before is None:
        asked("POST", f"/issues/{number}/comments", body)
    else:
        asked("PATCH", f"/issues/comments/{before}", body)


if __name__ == "__main__":
    try:
        main()
    except (OSError, KeyError, ValueError) as error:
        # A fork's token may not write: the findings are in the job's summary all the same.
        sys.stderr.write(f"stopper: no comment could be written: {type(error).__name__}\n")
