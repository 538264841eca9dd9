// The known name that a misspelt one was most likely meant to be.

/// The nearest of the known names, or nil where none is near enough to be worth suggesting: more than a third
/// of the letters would have to change. Letters swapped with their neighbour count once, and case does not
/// count. The first of equally near names wins, so a suggestion does not depend on chance.
public func nearestName(to name: String, among known: [String]) -> String? {
    // Nobody misspells a name this long into one of ours; the comparison costs the product of both lengths.
    let longest = 128
    let found = Array(name.lowercased().utf8)
    guard found.count <= longest else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in known {
        let distance = editDistance(found, Array(candidate.lowercased().utf8))
        let bound = max(1, max(found.count, candidate.utf8.count) / 3)
        if distance <= bound, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other (optimal string
/// alignment). Three rows are kept, since a swap looks back two.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforePrevious = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var cost = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                cost = min(cost, beforePrevious[j - 1] + 1)
            }
            row.append(cost)
        }
        beforePrevious = previous
        previous = row
    }
    return previous[b.count]
}
