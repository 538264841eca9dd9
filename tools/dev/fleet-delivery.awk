# Reads what the traffic generator has counted, a line for each region and second: milliseconds since 1970, region, and
# since its start: requests, answers, ads, bills acknowledged, micros billed, requests without an answer, requests of
# other regions. Prints each region's rates before, during and after a fault, whose times are given in milliseconds.
function phase(at) {
    if (at < fault) return 1
    if (at >= fault + 1000 && at < healed) return 2
    if (at >= back && at < end) return 3
    return 0
}
{
    p = phase($1)
    if (!p) next
    if (!($2 in known)) { known[$2]; regions[++count] = $2 }
    key = $2 SUBSEP p
    if (!(key in first)) { first[key] = $1; ads0[key] = $5; bills0[key] = $6; micros0[key] = $7; lost0[key] = $8; guests0[key] = $9 }
    last[key] = $1; ads[key] = $5; bills[key] = $6; micros[key] = $7; lost[key] = $8; guests[key] = $9
}
function rate(now, then, key,   span) {
    span = (last[key] - first[key]) / 1000
    return span > 0 ? (now[key] - then[key]) / span : 0
}
END {
    name[1] = "before"; name[2] = "during"; name[3] = "after"
    printf "  %-12s %-8s %8s %8s %10s %12s %12s\n", "region", "", "ads", "billed", "USD", "unanswered", "from others"
    for (i = 1; i <= count; i++) for (p = 1; p <= 3; p++) {
        key = regions[i] SUBSEP p
        printf "  %-12s %-8s %8.1f %8.1f %10.4f %12.1f %12.1f\n", p == 1 ? regions[i] : "", name[p], \
            rate(ads, ads0, key), rate(bills, bills0, key), rate(micros, micros0, key) / 1000000, \
            rate(lost, lost0, key), rate(guests, guests0, key)
        sum[p] += rate(bills, bills0, key)
    }
    printf "  %-12s %-8s %8s %8.1f\n  %-12s %-8s %8s %8.1f\n  %-12s %-8s %8s %8.1f\n", \
        "all", "before", "", sum[1], "", "during", "", sum[2], "", "after", "", sum[3]
}
