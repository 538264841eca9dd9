// The whole decision with two models of a hundred trees on up to 64 candidates of a pod: every line item pays for clicks
// or for views to the end, so that each candidate is hydrated and scored. Beside it, in the same run and for as many
// candidates of the same requests, what scoring and hydrating take alone.
import AllocationCounter
import BenchKit
import Catalog
import Decision
import Features
import Foundation
import Inference
import Store
import Traffic
import Units

enum WithModels {
    /// Trees and leaves of each model, as the goal of the design has them.
    private static let (trees, leaves) = (100, 31)
    private static let lineItems = 10_000
    private static let requests = 1_024
    private static let rounds = 9
    /// The goal of the design for a decision without models.
    private static let plainMicroseconds = 25.0

    static func measure(_ bench: inout Bench) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "paceline-decide-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let snapshot = try CatalogSnapshot(
            copying: CatalogCompiler.compile(Predicted.source(lineItems: lineItems)))
        let features = try CompiledFeatures(reading: Array(Predicted.schema.utf8))
        var state = StoreState(try profiles(snapshot, features, in: folder))
        let models = try [PredictedGoal.click, .completedView].map { goal in
            let model = try GrownModel.model(
                trees: trees, leaves: leaves, features.schema.features.map(\.name),
                seed: UInt64(goal.rawValue))
            return ServedModel(goal, .full, model, calibrator: nil, version: model.version.rawValue)
        }
        let plan = try ScoringPlan(ServedModels(version: 1, features: features, models: models), snapshot)
        var settings = DecisionSettings()
        settings.viewerSalt = 1
        var decider = Decider(DecisionIndex(snapshot, settings), settings: settings, plan: plan)
        var stream = GeneratedBidRequests(lineItems: lineItems, seed: 1)
        let asked = (0..<requests).map { _ in stream.next() }
        var alone = Alone(models, features, snapshot)
        var (p50, p99, scoring, hydration): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        var counts = [(click: Int, view: Int)](repeating: (0, 0), count: requests)
        var bids = 0
        let clock = ContinuousClock()
        for round in 0...rounds {
            var times: [Double] = []
            times.reserveCapacity(requests)
            bids = 0
            let before = allocations_of_thread()
            for index in asked.indices {
                let request = asked[index]
                let start = clock.now
                let decision = try decider.decide(
                    request.bytes.span.bytes, at: request.at, seed: UInt64(index), state: &state)
                times.append((clock.now - start) / .microseconds(1))
                if decision.isBid { bids += 1 }
                counts[index] = (
                    decider.predicted(.click, .full), decider.predicted(.completedView, .full)
                )
            }
            let allocated = allocations_of_thread() - before
            let (scored, hydrated) = alone.measure(counts, &state)
            // The first round warms up.
            guard round > 0 else { continue }
            guard allocated == 0 else { throw Impossible("\(allocated) allocations with models") }
            times.sort()
            p50.append(times[times.count / 2])
            p99.append(times[times.count * 99 / 100])
            scoring.append(median(scored))
            hydration.append(median(hydrated))
        }
        let candidates = counts.map { Double($0.click + $0.view) }
        Bench.note(
            "with models: \(Int(median(candidates))) candidates are scored in the median, "
                + "\(Int(candidates.max() ?? 0)) at most; \(bids) of \(requests) requests get a bid; scoring alone "
                + "\(median(scoring)) µs, hydrating alone \(median(hydration)) µs; 0 allocations")
        let parts = zip(scoring, hydration).map { plainMicroseconds + $0 + $1 }
        let name = "with two 100-tree models on 64 candidates"
        try bench.measure("\(name): scoring alone", unit: "µs", ours: scoring)
        try bench.measure("\(name): hydrating alone", unit: "µs", ours: hydration)
        try bench.compare("\(name): p50", unit: "µs", ours: p50, peer: parts, named: "parts apart")
        try bench.compare("\(name): p99", unit: "µs", ours: p99, peer: parts, named: "parts apart")
    }

    /// Stores in which every line item, every creative and a hundred thousand viewers are known.
    private static func profiles(
        _ snapshot: CatalogSnapshot, _ features: CompiledFeatures, in folder: URL
    ) throws -> [ProfileStore?] {
        var stores = [ProfileStore?](repeating: nil, count: FeatureEntity.allCases.count)
        let told: UInt32 = 1_700_000_000
        let names: [(FeatureEntity, Int, (Int) -> String)] = [
            (.user, 100_000, { "viewer-\($0)" }),
            (.lineItem, snapshot.lineItemCount, { snapshot.id(.lineItems, at: $0) }),
            (.creative, snapshot.creativeCount, { snapshot.id(.creatives, at: $0) }),
        ]
        for (entity, count, name) in names {
            let store = try ProfileStore(
                folder.appending(path: "\(entity.rawValue).profiles").path(), features, entity,
                bytesMost: 64 << 20)
            let layout = features.layout(of: entity)
            for row in 0..<count {
                let key = CompiledFeatures.key(name(row))
                for place in 0..<layout.columnCount {
                    let value = Float((row * 31 + place * 7) % 100) / 10
                    _ = store.apply(
                        .value(value, of: layout.column(at: place), entity, key: key, at: told), toldAt: told)
                }
            }
            stores[Int(entity.number)] = store
        }
        return stores
    }
}

/// Reads profiles as a node's shards do; budgets have no end.
struct StoreState: DecisionState {
    private let stores: [ProfileStore?]
    private let room: UnsafeMutableRawBufferPointer

    init(_ stores: [ProfileStore?]) {
        self.stores = stores
        // As long as the bench runs.
        room = .allocate(byteCount: stores.compactMap { $0?.layout.bytes }.max() ?? 8, alignment: 8)
    }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
    mutating func release(_ reservation: Reservation) {}

    mutating func hydrate(
        _ rows: inout FeatureRows, asks: Range<Int>, _ layout: ProfileLayout, at now: UInt32
    ) {
        guard let store = stores[Int(layout.entity.number)] else {
            for ask in asks { rows.answerUnknown(ask: ask, layout) }
            return
        }
        for ask in asks { store.prefetchSearch(rows[ask: ask].key) }
        for ask in asks { store.prefetchProfile(rows[ask: ask].key) }
        let bytes = UnsafeMutableRawBufferPointer(rebasing: room[..<layout.bytes])
        for ask in asks {
            if let version = store.copy(rows[ask: ask].key, into: bytes) {
                rows.answer(
                    ask: ask, from: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes)), version: version,
                    layout, at: now)
            } else {
                rows.answerUnknown(ask: ask, layout)
            }
        }
    }
}

/// Scoring and hydrating without a decision around them.
private struct Alone: ~Copyable {
    private let models: [ServedModel]
    private let features: CompiledFeatures
    private var scratches: [Scratch] = []
    private var rows: FeatureRows
    private let lineItemKeys: [UInt64]
    private let creativeKeys: [UInt64]
    private var input: [Float]
    /// As long as the bench runs.
    private let scores = UnsafeMutableBufferPointer<Double>.allocate(capacity: 512)
    private let clock = ContinuousClock()

    private final class Scratch {
        var scratch: ModelScratch
        init(_ model: Model, shared: Set<Int>) { scratch = ModelScratch(for: model, shared: shared) }
    }

    init(_ models: [ServedModel], _ features: CompiledFeatures, _ snapshot: CatalogSnapshot) {
        self.models = models
        self.features = features
        let all = features.schema.features
        let shared = Set(all.indices.filter { all[$0].entity != .lineItem && all[$0].entity != .creative })
        scratches = models.map { Scratch($0.model, shared: shared) }
        rows = FeatureRows(width: all.count, capacity: 512, asksPerRow: 2)
        lineItemKeys = (0..<snapshot.lineItemCount).map {
            CompiledFeatures.key(snapshot.id(.lineItems, at: $0))
        }
        creativeKeys = (0..<snapshot.creativeCount).map {
            CompiledFeatures.key(snapshot.id(.creatives, at: $0))
        }
        var random = SplitMix64(state: 5)
        input = (0..<all.count * 512).map { _ in Float(random.next() % 100) / 10 }
        scores.initialize(repeating: 0)
    }

    /// Microseconds for each of the requests, of which so many candidates were scored by each model.
    mutating func measure(
        _ counts: [(click: Int, view: Int)], _ state: inout StoreState
    ) -> (scoring: [Double], hydration: [Double]) {
        let width = features.schema.features.count
        var (scoring, hydration): ([Double], [Double]) = ([], [])
        var random = SplitMix64(state: 9)
        for count in counts {
            var start = clock.now
            for (place, some) in [count.click, count.view].enumerated() where some > 0 {
                let model = models[place].model
                model.prepare(input.span.extracting(0..<width), &scratches[place].scratch)
                var into = MutableSpan(
                    _unsafeElements: UnsafeMutableBufferPointer(rebasing: scores[..<some]))
                model.score(input.span.extracting(0..<some * width), into: &into, &scratches[place].scratch)
                model.head.predict(&into)
            }
            scoring.append((clock.now - start) / .microseconds(1))
            let all = count.click + count.view
            rows.removeAsks()
            for row in 0..<all {
                rows.ask(
                    for: .lineItem, key: lineItemKeys[Int(random.next() % UInt64(lineItemKeys.count))],
                    row: row)
            }
            for row in 0..<all {
                rows.ask(
                    for: .creative, key: creativeKeys[Int(random.next() % UInt64(creativeKeys.count))],
                    row: row)
            }
            start = clock.now
            if all > 0 {
                state.hydrate(&rows, asks: 0..<all, features.layout(of: .lineItem), at: 1_700_000_100)
                state.hydrate(&rows, asks: all..<2 * all, features.layout(of: .creative), at: 1_700_000_100)
            }
            hydration.append((clock.now - start) / .microseconds(1))
        }
        return (scoring, hydration)
    }
}
