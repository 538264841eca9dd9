// Rounds: how samples are taken and summed up. Sides take turns (A B A B …), so that what disturbs the
// machine for longer than a round disturbs both.

/// Runs every side once in each round, after so many rounds that are thrown away; gives each side's samples.
/// Each round starts with another side, so that none always follows the same one; `first` says which is next.
public func interleaved<Sample>(
    rounds: Int, warmups: Int = 1, first: Int = 0, _ sides: [() throws -> Sample]
) throws -> [[Sample]] {
    for _ in 0..<warmups { for side in sides { _ = try side() } }
    var samples: [[Sample]] = sides.map { _ in [] }
    for round in 0..<rounds {
        for turn in sides.indices {
            let side = (first + round + turn) % sides.count
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
            let samples = try interleaved(rounds: rounds, [a, b])
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
