// The normal form of a targeting expression: alternatives, each of them a conjunction of conditions on single
// dimensions. Its size is bounded, because each alternative takes a row of the index.

/// One alternative: all of its conditions must hold. Values are numbers that the interner gave.
struct Conjunction: Equatable {
    /// "The request has one of these", by dimension; a dimension of which a request may have several values can
    /// come several times. Sorted, and never empty.
    var includes: [Condition] = []
    /// "The request has none of these", each dimension once.
    var excludes: [Condition] = []
    /// Nil where any time will do.
    var daypart: WeekMask?

    struct Condition: Hashable {
        var dimension: Dimension
        /// Sorted, each once.
        var values: [UInt32]
    }
}

/// Why an expression has no normal form of a bounded size.
enum TargetingProblem: Error, Equatable {
    /// Needs more alternatives than a line item may have.
    case tooManyAlternatives
    /// Asks one dimension for more of its values at once than the index has tables for.
    case tooManyConditions(Dimension)
    /// No request can ever be like this.
    case nothingMatches
}

extension TargetingProblem {
    var found: String {
        switch self {
        case .tooManyAlternatives:
            "an expression that needs more than \(NormalForm.mostAlternatives) alternatives"
        case .tooManyConditions(let dimension):
            "an alternative with more than \(NormalForm.mostConditions) conditions on \(dimension.name)"
        case .nothingMatches: "an expression that no request can match"
        }
    }

    var allowed: String {
        switch self {
        case .tooManyAlternatives:
            "an expression of at most \(NormalForm.mostAlternatives) alternatives once every any and not is "
                + "multiplied out; split the line item, or use lists of values in place of any"
        case .tooManyConditions(let dimension):
            "at most \(NormalForm.mostConditions) lists of \(dimension.name) that must all hold"
        case .nothingMatches: "an expression that some request matches"
        }
    }
}

enum NormalForm {
    /// Line items of people have one to four; each costs what another line item would.
    static let mostAlternatives = 64
    /// While multiplying out, before alternatives are merged.
    private static let mostOnTheWay = 2_048
    static let mostConditions = 8

    /// The alternatives of an expression, none of which contradicts itself.
    static func of(
        _ targeting: Targeting, _ number: (Dimension, String) -> UInt32
    ) throws(TargetingProblem) -> [Conjunction] {
        let alternatives = try expand(targeting, negated: false, number)
        guard !alternatives.isEmpty else { throw .nothingMatches }
        guard alternatives.count <= mostAlternatives else { throw .tooManyAlternatives }
        for alternative in alternatives {
            for condition in alternative.includes {
                let same = alternative.includes.count { $0.dimension == condition.dimension }
                if same > mostConditions { throw .tooManyConditions(condition.dimension) }
            }
        }
        return alternatives
    }

    private static func expand(
        _ targeting: Targeting, negated: Bool, _ number: (Dimension, String) -> UInt32
    ) throws(TargetingProblem) -> [Conjunction] {
        switch targeting {
        case .not(let inner): return try expand(inner, negated: !negated, number)
        case .all(let terms):
            return negated ? try sum(terms, negated, number) : try product(terms, negated, number)
        case .any(let terms):
            return negated ? try product(terms, negated, number) : try sum(terms, negated, number)
        case .values(let dimension, let names):
            return leaf(dimension, names.map { number(dimension, $0) }, negated)
        case .radius(let circles):
            return leaf(.radius, circles.map { number(.radius, $0.valueName) }, negated)
        case .daypart(let mask):
            let mask = negated ? mask.complement : mask
            return mask.isEmpty ? [] : [Conjunction(daypart: mask.isWhole ? nil : mask)]
        }
    }

    private static func leaf(_ dimension: Dimension, _ values: [UInt32], _ negated: Bool) -> [Conjunction] {
        let condition = Conjunction.Condition(dimension: dimension, values: Set(values).sorted())
        return [negated ? Conjunction(excludes: [condition]) : Conjunction(includes: [condition])]
    }

    private static func sum(
        _ terms: [Targeting], _ negated: Bool, _ number: (Dimension, String) -> UInt32
    ) throws(TargetingProblem) -> [Conjunction] {
        var all: [Conjunction] = []
        for term in terms {
            all = merged(all + (try expand(term, negated: negated, number)))
            if all.count > mostOnTheWay { throw .tooManyAlternatives }
        }
        return all
    }

    private static func product(
        _ terms: [Targeting], _ negated: Bool, _ number: (Dimension, String) -> UInt32
    ) throws(TargetingProblem) -> [Conjunction] {
        var all = [Conjunction()]
        for term in terms {
            let factor = try expand(term, negated: negated, number)
            if all.count == 1, factor.count == 1 {
                // Most expressions are one conjunction.
                guard let both = all[0].and(factor[0]) else { return [] }
                all = [both]
                continue
            }
            if all.count * factor.count > mostOnTheWay { throw .tooManyAlternatives }
            all = merged(all.flatMap { left in factor.compactMap { left.and($0) } })
        }
        return all
    }

    /// Alternatives that differ in the values of one condition alone are one alternative.
    private static func merged(_ all: [Conjunction]) -> [Conjunction] {
        var merged: [Conjunction] = []
        for candidate in all {
            if let place = merged.indices.first(where: { merged[$0].or(candidate) != nil }),
                let union = merged[place].or(candidate)
            {
                merged[place] = union
            } else {
                merged.append(candidate)
            }
        }
        return merged
    }
}

extension Conjunction {
    /// Both; nil where they contradict each other.
    fileprivate func and(_ other: Conjunction) -> Conjunction? {
        var result = self
        for condition in other.includes {
            if condition.dimension.isSingle,
                let place = result.includes.firstIndex(where: { $0.dimension == condition.dimension })
            {
                let others = Set(condition.values)
                result.includes[place].values.removeAll { !others.contains($0) }
            } else if !result.includes.contains(condition) {
                result.includes.append(condition)
            }
        }
        for condition in other.excludes {
            if let place = result.excludes.firstIndex(where: { $0.dimension == condition.dimension }) {
                result.excludes[place].values = Set(result.excludes[place].values + condition.values).sorted()
            } else {
                result.excludes.append(condition)
            }
        }
        if let mine = daypart, let theirs = other.daypart {
            result.daypart = mine.intersection(theirs)
            if result.daypart?.isEmpty == true { return nil }
        } else {
            result.daypart = daypart ?? other.daypart
        }
        return result.simplified()
    }

    /// Of a dimension with one value, what is excluded need not be included. And where all that would do is
    /// excluded, nothing matches, however many values there may be.
    private func simplified() -> Conjunction? {
        var result = self
        for place in result.includes.indices {
            let dimension = result.includes[place].dimension
            guard let excluded = result.excludes.first(where: { $0.dimension == dimension }) else { continue }
            let gone = Set(excluded.values)
            result.includes[place].values.removeAll { gone.contains($0) }
        }
        if result.includes.contains(where: { $0.values.isEmpty }) { return nil }
        let included = Set(result.includes.map(\.dimension))
        result.excludes.removeAll { $0.dimension.isSingle && included.contains($0.dimension) }
        result.includes.sort { ($0.dimension.rawValue, $0.values) < ($1.dimension.rawValue, $1.values) }
        result.excludes.sort { $0.dimension.rawValue < $1.dimension.rawValue }
        return result
    }

    /// Either, where that is one conjunction.
    fileprivate func or(_ other: Conjunction) -> Conjunction? {
        if self == other { return self }
        guard excludes == other.excludes, includes.map(\.dimension) == other.includes.map(\.dimension)
        else { return nil }
        let different = includes.indices.filter { includes[$0] != other.includes[$0] }
        if different.isEmpty, let mine = daypart, let theirs = other.daypart {
            var result = self
            let union = mine.union(theirs)
            result.daypart = union.isWhole ? nil : union
            return result
        }
        guard daypart == other.daypart, different.count == 1, let place = different.first else { return nil }
        var result = self
        result.includes[place].values = Set(includes[place].values + other.includes[place].values).sorted()
        return result
    }
}

/// In dictionary order; arrays do not compare by themselves.
private func < (a: (UInt8, [UInt32]), b: (UInt8, [UInt32])) -> Bool {
    a.0 != b.0 ? a.0 < b.0 : a.1.lexicographicallyPrecedes(b.1)
}

extension Circle {
    /// What tells one circle from another.
    var valueName: String { "\(latitude),\(longitude),\(kilometers)" }
}
