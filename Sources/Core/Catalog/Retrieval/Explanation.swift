// Why each line item was found or not. It asks every dimension about every row, in the dimensions' order, and so
// costs what retrieval saves: for a person who asks, not for a request.
import Units

/// For each line item the filter that took it.
public struct Explanation: Sendable {
    /// By line item: the dimension that took the last of its alternatives, or nil where it was found.
    public let takenBy: [Dimension?]

    public var found: Int { takenBy.count { $0 == nil } }

    /// How many line items each filter took, in the order of the filters; with those found, all line items.
    public var counts: [(filter: Dimension, lineItems: Int)] {
        var counts = [Int](repeating: 0, count: Dimension.count)
        for case let dimension? in takenBy { counts[Int(dimension.rawValue)] += 1 }
        return Dimension.allCases.map { ($0, counts[Int($0.rawValue)]) }.filter { $0.1 > 0 }
    }
}

extension CatalogSnapshot {
    /// The same as `retrieve`, with the reason of each line item. Nil where the query is overfull: nothing was
    /// asked then.
    public func explain(_ query: borrowing CatalogQuery) -> Explanation? {
        precondition(unsafe query.snapshot.base == base, "the query is another snapshot's")
        if query.isOverfull { return nil }
        let rows = count(.rows)
        let lineItems = unsafe pointer(.rowLineItem, UInt32.self)
        var alive = [Bool](repeating: true, count: rows)
        var takenBy = [Dimension?](repeating: .status, count: lineItemCount)
        func take(_ row: Int, _ dimension: Dimension) {
            alive[row] = false
            let item = unsafe Int(lineItems[row])
            if let other = takenBy[item], other.rawValue < dimension.rawValue { takenBy[item] = dimension }
        }
        let (includes, excludes) = sets(of: query)
        for dimension in Dimension.allCases {
            for facet in 0..<count(.facets) where byte(.facetDimension, facet) == dimension.rawValue {
                var passes = [Bool](repeating: false, count: rows)
                mark(number(.facetDefaultSet, facet), &passes)
                for set in includes[facet] { mark(set, &passes) }
                for row in 0..<rows where alive[row] && !passes[row] { take(row, dimension) }
            }
            var isExcluded = [Bool](repeating: false, count: rows)
            for set in excludes[Int(dimension.rawValue)] { mark(set, &isExcluded) }
            for row in 0..<rows where alive[row] && isExcluded[row] { take(row, dimension) }
        }
        for row in 0..<rows where alive[row] {
            let item = unsafe Int(lineItems[row])
            let isRunning =
                wide(.lineItemStart, item) <= query.now.nanoseconds
                && query.now.nanoseconds < wide(.lineItemEnd, item)
            takenBy[item] = isRunning ? nil : .flight
        }
        return Explanation(takenBy: takenBy)
    }

    /// The sets of the query's values: by facet, and the excluding ones by dimension.
    private func sets(of query: borrowing CatalogQuery) -> (includes: [[UInt32]], excludes: [[UInt32]]) {
        var includes: [[UInt32]] = Array(repeating: [], count: count(.facets))
        var excludes: [[UInt32]] = Array(repeating: [], count: Dimension.count)
        for index in 0..<query.count {
            let value = unsafe Int(query.values[index])
            for at in range(.valueIncludeStart, value) {
                includes[Int(number(.includeFacet, at))].append(number(.includeSet, at))
            }
            let excluding = number(.valueExcludeSet, value)
            if excluding != Layout.none { excludes[Int(byte(.valueDimension, value))].append(excluding) }
        }
        return (includes, excludes)
    }

    private func mark(_ set: UInt32, _ rows: inout [Bool]) {
        RowSetView(set, in: self).forEachRow(of: rows.count) { rows[$0] = true }
    }
}
