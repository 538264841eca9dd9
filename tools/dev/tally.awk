# Reads the log of a `swift` part: the marks that tools/dev/part.sh puts around each target's run, and what
# Swift Testing prints between them. Prints "passed failed skipped", then a line for each thing worth a note.
function note(text) { notes[++noted] = text }

# unfinished(): the tests that had started when the process ended or was stopped, which are the ones to look at.
function unfinished(   name, list) {
    for (name in started) list = list (list == "" ? " during: " : ", ") name
    return list
}

function begin(name) {
    target = name
    summary = seen = failures = 0
    split("", started)
}

/^== .* ended [0-9]+$/ {
    if (!summary) { failed++; note(target " ended without a summary (it crashed)" unfinished()) }
    else if (!seen) { failed++; note(target " has no tests") }
    else if ($4 != 0 && !failures) { failed++; note(target " ended with status " $4 " and no failed test") }
    begin("")
    next
}
/^== / { begin($2); next }
/^[^ ]+ Test .* started\.$/ {
    name = $0; sub(/^[^ ]+ Test /, "", name); sub(/ started\.$/, "", name)
    if (name !~ /^(case |run$)/) started[name]
    next
}
/^[^ ]+ Test run with / { summary = 1; next }
/^[^ ]+ Test case / { next }
/^[^ ]+ Test .* passed after / {
    passed++; seen++
    name = $0
    sub(/^[^ ]+ Test /, "", name); sub(/ passed after .*/, "", name); sub(/ with [0-9]+ test cases?$/, "", name)
    delete started[name]
    next
}
/^[^ ]+ Test .* failed after / {
    failed++; seen++; failures++
    name = $0
    sub(/^[^ ]+ Test /, "", name); sub(/ failed after .*/, "", name); sub(/ with [0-9]+ test cases?$/, "", name)
    delete started[name]
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
    delete started[name]
}
END {
    if (target != "") { failed++; note(target " was stopped" unfinished()) }
    print passed + 0, failed + 0, skipped + 0
    for (i = 1; i <= noted; i++) print notes[i]
    for (i = 1; i <= different; i++) print count[reasons[i]] " skipped, " reasons[i] ": " names[reasons[i]]
}
