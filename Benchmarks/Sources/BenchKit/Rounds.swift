// Rounds: how samples are taken and summed up. Sides take turns (A B A B …), so that what disturbs the
// machine for longer than a round disturbs both.

/// Runs `a` and `b` in turns, after one round of each that is thrown away.
public func interleaved<A, B>(
    rounds: Int, _ a: () throws -> A, _ b: () throws -> B
) throws -> (a: [A], b: [B]) {
    _ = try (a(), b())
    var samples: (a: [A], b: [B]) = ([], [])
    for round in 0..<rounds {
        // Every other round starts with the other side: neither always follows the other.
        if round.isMultiple(of: 2) {
            samples.a.append(try a())
            samples.b.append(try b())
        } else {
            samples.b.append(try b())
            samples.a.append(try a())
        }
    }
    return samples
}

public func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}

/// (largest − smallest) ÷ median.
public func spread(_ values: [Double]) -> Double {
    guard let least = values.min(), let most = values.max() else { return 0 }
    return (most - least) / median(values)
}
