#!/usr/bin/env bash
# Scans what was checked out; with STOPPER_ONLY_NEW also what the pull request is based on, and compares the two.
# The status goes to the outputs: the findings are shown and commented on before a later step ends the job with it.
set -uo pipefail

stopper="$RUNNER_TEMP/stopper/bin/stopper"
report="$RUNNER_TEMP/stopper-report"
mkdir -p "$report"
read -ra targets <<< "$STOPPER_TARGETS"

# The base is scanned in a folder of its own, where a path such as .venv/bin/python leads nowhere.
python=$(command -v "$STOPPER_PYTHON")
case "$python" in
  /* | "") ;;
  *) python="$PWD/$python" ;;
esac

options=(--fail-on "$STOPPER_FAIL_ON" --python "$python")
if [ -n "$STOPPER_TOKEN_VARIABLE" ]; then
  options+=(--token "env:$STOPPER_TOKEN_VARIABLE")
fi

"$stopper" scan "${options[@]}" \
  -o "$report/report.json" -o "$report/report.sarif" -o "$report/report.html" -o "$report/report.md" -- "${targets[@]}"
status=$?

# 1 is "there are findings": whatever else went wrong is no question of what is new.
if [ "$STOPPER_ONLY_NEW" = true ] && [ -n "${GITHUB_BASE_REF:-}" ] && [ "$status" -eq 1 ]; then
  base="$RUNNER_TEMP/stopper-base"
  if git fetch --quiet --no-tags --depth=1 origin "$GITHUB_BASE_REF" &&
    git worktree add --quiet --force --detach "$base" FETCH_HEAD; then
    (cd "$base" && "$stopper" scan "${options[@]}" -o "$report/base.json" -- "${targets[@]}") > /dev/null
    "$stopper" diff --fail-on "$STOPPER_FAIL_ON" "$report/base.json" "$report/report.json"
    status=$?
    git worktree remove --force "$base"
  else
    echo "stopper: the base $GITHUB_BASE_REF cannot be fetched: all findings count" >&2
  fi
fi

grade=""
if [ -f "$report/report.json" ]; then
  grade=$("$RUNNER_TEMP/stopper/bin/python" -c \
    'import json, sys; print(json.load(open(sys.argv[1]))["grade"] or "")' "$report/report.json")
  cat "$report/report.md" >> "$GITHUB_STEP_SUMMARY"
fi
{
  echo "status=$status"
  echo "grade=$grade"
  echo "report=$report"
} >> "$GITHUB_OUTPUT"

# Without a report nothing can be shown, and the job ends here.
[ -f "$report/report.json" ] || exit "$status"
