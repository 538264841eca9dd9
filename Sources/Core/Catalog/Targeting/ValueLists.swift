// Lists of values by dimension, as an expression has them: few, and so in one small list rather than in a table.

struct ValueLists: Equatable, Sendable {
    struct One: Equatable, Sendable {
        let dimension: Dimension
        var values: [String]
    }

    /// In the order of the dimensions, each once.
    private(set) var all: [One] = []

    subscript(_ dimension: Dimension) -> [String]? {
        get { all.first { $0.dimension == dimension }?.values }
        set {
            let place = all.firstIndex { $0.dimension.rawValue >= dimension.rawValue } ?? all.count
            if place < all.count, all[place].dimension == dimension { all.remove(at: place) }
            if let newValue { all.insert(One(dimension: dimension, values: newValue), at: place) }
        }
    }
}
