// Profiles beside a plain reading of what happened: whatever comes in whatever order, a profile says what the list of
// its changes says.
import Documents
import Features
import Testing
import Units

private let schemaText = """
    {"schema": "paceline/features/1", "name": "test", "version": 1, "features": [
      {"name": "hour", "entity": "request", "from": "hour", "owner": "us"},
      {"name": "age", "entity": "user", "owner": "us", "freshSeconds": 100, "keepSeconds": 1000, "default": -1},
      {"name": "tier", "entity": "user", "type": "category", "categories": ["free", "paid"], "owner": "us"},
      {"name": "seen1h", "entity": "user", "owner": "us", "aggregate": {"event": "imp", "windowMinutes": 60}},
      {"name": "spent7d", "entity": "user", "owner": "us",
       "aggregate": {"event": "imp", "function": "sum", "windowMinutes": 10080}},
      {"name": "mean1m", "entity": "user", "owner": "us", "default": 7,
       "aggregate": {"event": "imp", "function": "mean", "windowMinutes": 1}},
      {"name": "last1d", "entity": "user", "owner": "us",
       "aggregate": {"event": "imp", "function": "last", "windowMinutes": 1440}},
      {"name": "shows30d", "entity": "user", "owner": "us",
       "aggregate": {"event": "watch", "function": "distinct", "windowMinutes": 43200}},
      {"name": "ctr", "entity": "creative", "owner": "us"}
    ]}
    """

private func compiled() throws -> CompiledFeatures { try CompiledFeatures(reading: Array(schemaText.utf8)) }

/// A row of a profile at a time, by the kernel.
private func row(
    _ profile: [UInt8], _ features: CompiledFeatures, at now: UInt32
) -> (values: [Float], codes: [FeatureCode?]) {
    var values = [Float](repeating: -99, count: features.schema.features.count)
    var codes = [UInt8](repeating: 99, count: values.count)
    var valueSpan = values.mutableSpan
    var codeSpan = codes.mutableSpan
    features.layout(of: .user).hydrate(profile.span.raw, at: now, into: &valueSpan, codes: &codeSpan)
    return (values, codes.map { FeatureCode(rawValue: $0) })
}

private func apply(
    _ changes: [ProfileChange], _ features: CompiledFeatures, toldAt told: UInt32 = 2_000_000_000
) -> [UInt8] {
    let layout = features.layout(of: .user)
    var profile = [UInt8](repeating: 0, count: layout.bytes)
    for change in changes {
        var span = profile.mutableSpan
        var raw = span.mutableRaw
        _ = layout.apply(change, toldAt: told, to: &raw)
    }
    return profile
}

/// The same by the list itself: windows as buckets of a thirty-second of them, values as the latest.
private func expected(_ changes: [ProfileChange], at now: UInt32) -> [(Float, FeatureCode)] {
    func events(_ number: UInt16, _ windowSeconds: UInt32) -> [ProfileChange] {
        let length = (windowSeconds + 31) / 32
        let buckets = (windowSeconds + length - 1) / length
        let newest =
            changes.filter { $0.happened && $0.number == number }.map { $0.seconds / length }.max() ?? 0
        return changes.filter {
            let bucket = $0.seconds / length
            return $0.happened && $0.number == number && bucket <= now / length
                && bucket + buckets > now / length && bucket + 32 > newest
        }
    }
    func latest(_ all: [(UInt32, Float)]) -> (UInt32, Float)? {
        all.max { ($0.0, $0.1.bitPattern) < ($1.0, $1.1.bitPattern) }
    }
    func set(_ column: UInt16) -> (UInt32, Float)? {
        latest(
            changes.filter { !$0.happened && $0.number == column }.map {
                ($0.seconds, Float(bitPattern: UInt32(truncatingIfNeeded: $0.amount)))
            })
    }
    func age(_ seconds: UInt32) -> UInt32 { now > seconds ? now - seconds : 0 }
    var result: [(Float, FeatureCode)] = []
    if let (seconds, value) = set(1), age(seconds) <= 1000 {
        result.append((value, age(seconds) <= 100 ? .present : .stale))
    } else {
        result.append((-1, .defaulted))
    }
    result.append(set(2).map { ($0.1, .present) } ?? (.nan, .missing))
    result.append((Float(events(0, 3_600).count), .present))
    result.append((Float(Double(events(0, 604_800).map(\.amount).reduce(0, +)) / 1e6), .present))
    let minute = events(0, 60)
    result.append(
        minute.isEmpty
            ? (7, .defaulted)
            : (Float(Double(minute.map(\.amount).reduce(0, +)) / Double(minute.count) / 1e6), .present))
    let last = latest(
        changes.filter { $0.happened && $0.number == 0 }.map { ($0.seconds, Float(Double($0.amount) / 1e6)) })
    result.append(last.flatMap { age($0.0) <= 86_400 ? ($0.1, .present) : nil } ?? (.nan, .missing))
    let bits = Set(events(1, 2_592_000).map { $0.item >> 56 }).count
    result.append((Float((0..<bits).reduce(0.0) { $0 + 256 / Double(256 - $1) }), .present))
    return result
}

@Test(arguments: 0..<200 as Range<UInt64>)
func profilesSayWhatTheirChangesSay(seed: UInt64) throws {
    let features = try compiled()
    var random = SplitMix64(state: seed)
    // From a minute to two months, so that every window is left.
    let span = UInt64([60, 3_600, 86_400, 5_000_000][Int(seed % 4)])
    let start: UInt64 = 1_700_000_000
    var changes: [ProfileChange] = []
    for _ in 0..<Int(random.next() % 200) {
        let seconds = UInt32(start + random.next() % span)
        switch random.next() % 4 {
        case 0:
            let column = Int(1 + random.next() % 2)
            changes.append(.value(Float(random.next() % 5), of: column, .user, key: 1, at: seconds))
        case 1: changes.append(.event(1, .user, key: 1, at: seconds, item: random.next()))
        default:
            let amount = Int64(random.next() % 20_000_000) - 10_000_000
            changes.append(.event(0, .user, key: 1, at: seconds, amount: amount))
        }
    }
    let profile = apply(changes.shuffled(using: &random), features)
    for _ in 0..<20 {
        let now = UInt32(start + random.next() % (2 * span))
        let found = row(profile, features, at: now)
        for (index, (value, code)) in expected(changes, at: now).enumerated() {
            let column = index + 1
            let name = features.schema.features[column].name
            #expect(
                found.values[column] == value || found.values[column].isNaN && value.isNaN,
                "seed \(seed), \(name) at \(now)")
            #expect(found.codes[column] == code, "seed \(seed), \(name) at \(now)")
        }
        #expect(found.codes[0] == nil && found.codes[8] == nil, "other entities' columns are left alone")
    }
    #expect(apply(changes.shuffled(using: &random), features) == profile, "seed \(seed): in another order")
}

@Test func whatTheSchemaDoesNotKnowChangesNothing() throws {
    let features = try compiled()
    let layout = features.layout(of: .user)
    let cases: [(ProfileChange, ProfileOutcome)] = [
        (.value(1, of: 8, .user, key: 1, at: 10), .unknown),
        (.value(1, of: 3, .user, key: 1, at: 10), .unknown),
        (.value(1, of: 6, .user, key: 1, at: 10), .unknown),
        (.value(1, of: 1, .creative, key: 1, at: 10), .unknown),
        (.event(7, .user, key: 1, at: 10), .unknown),
        (.event(0, .household, key: 1, at: 10), .unknown),
        (.event(0, .user, key: 1, at: 1_000 + ProfileLayout.aheadMost + 1), .ahead),
        (.value(1, of: 1, .user, key: 1, at: 1_000 + ProfileLayout.aheadMost), .applied),
        (.value(1, of: 1, .user, key: 1, at: 999), .late),
    ]
    var profile = [UInt8](repeating: 0, count: layout.bytes)
    for (change, outcome) in cases {
        let before = profile
        var span = profile.mutableSpan
        var raw = span.mutableRaw
        #expect(layout.apply(change, toldAt: 1_000, to: &raw) == outcome)
        #expect(outcome == .applied || profile == before)
    }
}

@Test(arguments: [
    (#""version": 1, "#, "", "version"),
    (#""name": "hour""#, #""name": "age""#, "features[1].name"),
    (#""categories": ["free", "paid"], "#, "", "features[2].categories"),
    (#""freshSeconds": 100"#, #""freshSeconds": 1001"#, "features[1].freshSeconds"),
    (#""entity": "creative""#, #""entity": "advert""#, "features[8].entity"),
    (#""windowMinutes": 60"#, #""windowMinutes": 0"#, "features[3].aggregate.windowMinutes"),
    (
        #""owner": "us", "freshSeconds": 100"#,
        #""owner": "us", "aggregate": {"event": "e", "windowMinutes": 1}, "freshSeconds": 100"#,
        "features[1].aggregate"
    ),
])
func schemasAreRefusedWithTheirPlace(find: String, replace: String, path: String) throws {
    let text = schemaText.replacing(find, with: replace)
    let refused = #expect(throws: DocumentRefused.self) { try CompiledFeatures(reading: Array(text.utf8)) }
    #expect(refused?.refusals.contains { $0.path == path } == true, "\(refused?.refusals ?? [])")
}
