// Rounds: how samples are taken and summed up. Sides take turns (A B A B …), so that what disturbs the
// machine for longer than a round disturbs both.

/// Runs every side once in each round, after one round that is thrown away; gives each side's samples.
public func interleaved<Sample>(
    rounds: Int, sides: [() throws -> Sample]
) throws -> [[Sample]] {
    for side in sides { _ = try side() }
    var samples: [[Sample]] = sides.map { _ in [] }
    for round in 0..<rounds {
        // Each round starts with another side: none always follows the same one.
        for turn in sides.indices {
            let side = (round + turn) % sides.count
            samples[side].append(try sides[side]())
        }
    }
    return samples
}

/// The same for two sides.
public func interleaved<Sample>(
    rounds: Int, _ a: () throws -> Sample, _ b: () throws -> Sample
) throws -> (a: [Sample], b: [Sample]) {
    try withoutActuallyEscaping(a) { a in
        try withoutActuallyEscaping(b) { b in
            let samples = try interleaved(rounds: rounds, sides: [a, b])
            return (samples[0], samples[1])
        }
    }
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
