# Reads the log of a `swift` part: the marks that tools/dev/part.sh puts around each target's run, and what
# Swift Testing prints between them. Prints "passed failed skipped", then a line for each thing worth a note.
function note(text) { notes[++noted] = text }

/^== .* ended [0-9]+$/ {
    if (!summary) { failed++; note($2 " ended without a summary: it crashed or was stopped") }
    else if (!seen) { failed++; note($2 " has no tests") }
    else if ($4 != 0 && !failures) { failed++; note($2 " ended with status " $4 " and no failed test") }
    summary = seen = failures = 0
    target = ""
    next
}
/^== / { target = $2; summary = seen = failures = 0; next }
/^[^ ]+ Test run with / { summary = 1; next }
/^[^ ]+ Test case / { next }
/^[^ ]+ Test .* passed after / { passed++; seen++; next }
/^[^ ]+ Test .* failed after / {
    failed++; seen++; failures++
    name = $0
    sub(/^[^ ]+ Test /, "", name); sub(/ failed after .*/, "", name); sub(/ with [0-9]+ test cases?$/, "", name)
    note(target ": " name " failed")
    next
}
/^[^ ]+ Test .* (skipped|was cancelled)/ {
    skipped++; seen++
    name = reason = $0
    sub(/^[^ ]+ Test /, "", name); sub(/ (skipped|was cancelled).*/, "", name)
    if (!sub(/^.* (skipped|was cancelled after [^:]*): /, "", reason)) reason = "no reason given"
    if (!(reason in count)) reasons[++different] = reason
    names[reason] = names[reason] (count[reason] ? ", " : "") name
    count[reason]++
}
END {
    if (target != "") { failed++; note(target " was stopped before its end") }
    print passed + 0, failed + 0, skipped + 0
    for (i = 1; i <= noted; i++) print notes[i]
    for (i = 1; i <= different; i++) print count[reasons[i]] " skipped, " reasons[i] ": " names[reasons[i]]
}
