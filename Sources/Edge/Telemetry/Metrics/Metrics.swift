// The frozen metrics: they hand every shard its block of cells, and read all blocks when somebody asks.
import Synchronization
import Tracing

/// All metrics of a process. Shards write their own blocks; any thread may read, at any time, without
/// stopping them.
public final class Metrics: Sendable {
    /// Far above the cores of any machine; more means that blocks are taken per connection or per request.
    static let shardsMost = 1_024

    let families: [MetricFamily]
    private let identity: CatalogueIdentity
    private let cellCount: Int
    private let blocks = Mutex<[CellBlock]>([])

    init(_ catalogue: consuming MetricsCatalogue) {
        families = catalogue.families
        identity = catalogue.identity
        cellCount = catalogue.cellCount
    }

    /// A block for one more shard. Only one thread may count with what comes from it. The block lasts as long
    /// as the process: what a shard counted stays in the totals after its end.
    public func addShard() -> sending ShardMetrics {
        let block = CellBlock(count: cellCount)
        blocks.withLock { all in
            precondition(all.count < Self.shardsMost, "more than \(Self.shardsMost) shards asked for metrics")
            all.append(block)
        }
        return ShardMetrics(catalogue: identity, cells: block.cells)
    }

    public func value(of key: CounterKey) -> UInt64 { total(at: checked(key.place)) }
    public func value(of key: GaugeKey) -> Int { Int(Int64(bitPattern: total(at: checked(key.place)))) }
    public func distribution(of key: HistogramKey) -> Distribution { distribution(at: checked(key.place)) }

    /// The sum over all shards. Wraps as two's complement, so it serves gauges below zero too.
    func total(at index: Int) -> UInt64 {
        blocks.withLock { all in all.reduce(0) { $0 &+ $1[index] } }
    }

    func distribution(at index: Int) -> Distribution {
        blocks.withLock { all in
            var merged = Distribution()
            for block in all { merged.merge(cells: block.cells + index) }
            return merged
        }
    }

    /// One for each exported bucket: of all shards the newest that is in a trace, or else the newest.
    func exemplars(at index: Int) -> [Exemplar?] {
        blocks.withLock { all in
            (0..<Exemplars.count).map { place in
                all.compactMap { Exemplars.read($0.cells + index + Histogram.cellCount, place: place) }
                    .max { ($0.trace.isValid ? 1 : 0, $0.at) < ($1.trace.isValid ? 1 : 0, $1.at) }
            }
        }
    }

    private func checked(_ place: CellPlace) -> Int {
        precondition(place.catalogue === identity, "this key comes from another catalogue")
        return place.index
    }
}

/// One shard's block. Not Sendable on purpose: the thread that was given it keeps it.
public struct ShardMetrics {
    let catalogue: CatalogueIdentity
    let cells: UnsafeMutablePointer<Cell>

    public func counter(_ key: CounterKey) -> Counter { Counter(cell: cell(key.place)) }
    public func gauge(_ key: GaugeKey) -> Gauge { Gauge(cell: cell(key.place)) }
    public func histogram(_ key: HistogramKey) -> Histogram { Histogram(cells: cell(key.place)) }

    public func exemplars(_ key: HistogramKey) -> Exemplars {
        precondition(key.hasExemplars, "this histogram was registered without exemplars")
        return Exemplars(cells: cell(key.place) + Histogram.cellCount)
    }

    private func cell(_ place: CellPlace) -> UnsafeMutablePointer<Cell> {
        precondition(place.catalogue === catalogue, "this key comes from another catalogue")
        return cells + place.index
    }
}

/// The memory of one shard's cells. Never freed, because handles are bare pointers into it.
struct CellBlock: @unchecked Sendable {
    let cells: UnsafeMutablePointer<Cell>

    /// Two cache lines, which the processor fetches together: shards never share one.
    private static let alignment = 128

    init(count: Int) {
        let size = max(count, 1) * MemoryLayout<Cell>.stride
        let rounded = (size + Self.alignment - 1) / Self.alignment * Self.alignment
        let memory = UnsafeMutableRawPointer.allocate(byteCount: rounded, alignment: Self.alignment)
        cells = memory.bindMemory(to: Cell.self, capacity: count)
        for index in 0..<count { (cells + index).initialize(to: Cell(0)) }
    }

    subscript(index: Int) -> UInt64 { cells[index].load(ordering: .relaxed) }
}
