// Thresholds as they are searched: in blocks of sixteen, with every sixteenth in a block of the level above.
// What fills a block up is NaN, which no value is above; the last block of each level has at least one, so
// that a search never leaves it.
import CSIMD

struct ThresholdBlocks {
    private static let fanout = Int(CSIMD_TREES_FANOUT)
    /// Fewer than this fit the levels.
    static let most = 1 << (4 * Int(CSIMD_TREES_LEVELS))

    /// The lowest level last.
    private(set) var levels: [[Double]] = []

    init(_ sorted: [Double]) {
        var level = sorted
        repeat {
            let above = stride(from: Self.fanout - 1, to: level.count, by: Self.fanout).map { level[$0] }
            let blocks = level.count / Self.fanout + 1
            level += [Double](repeating: .nan, count: blocks * Self.fanout - level.count)
            levels.insert(level, at: 0)
            level = above
        } while levels[0].count > Self.fanout
    }
}

extension Float {
    /// The largest Float that is not above a threshold: the same Floats are up to and with it.
    init(notAbove threshold: Double) {
        let nearest = Float(threshold)
        self = Double(nearest) > threshold ? nearest.nextDown : nearest
    }
}
